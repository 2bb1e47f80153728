import HTTPTypes
import Hummingbird
import Logging
import Metrics
import Synchronization

/// Logs and counts every request: method, route template, status, time. Never the query (names of patients stand there), the
/// path as sent, nor a body.
struct ObservationMiddleware: RouterMiddleware {
  typealias Context = WebContext

  private let inFlight = Gauges()

  func handle(_ request: Request, context: WebContext, next: (Request, WebContext) async throws -> Response)
    async throws -> Response
  {
    let started = ContinuousClock.now
    inFlight.change(by: 1)
    defer { inFlight.change(by: -1) }
    let response = try await next(request, context)
    let taken = ContinuousClock.now - started
    let route = context.endpointPath ?? "-"
    let method = Self.known.contains(request.method) ? request.method.rawValue : "other"
    inFlight.figures(route: route, method: method, status: response.status.code).note(
      taken, bytes: response.body.contentLength)
    context.logger.debug(
      "Request",
      metadata: [
        "method": "\(method)", "route": "\(route)", "status": "\(response.status.code)",
        "ms": "\(Double(taken.nanoseconds / 1000) / 1000)",
      ])
    return response
  }

  private static let known: Set<HTTPRequest.Method> = [.get, .head, .post, .options, .put, .delete, .patch]
}

/// The instruments, made once each: making one looks its labels up in the registry.
private final class Gauges: Sendable {
  struct Key: Hashable {
    let route: String
    let method: String
    let status: Int
  }

  struct Figures: Sendable {
    let duration: Metrics.Timer
    let bytes: Counter

    func note(_ taken: Duration, bytes sent: Int?) {
      duration.recordNanoseconds(taken.nanoseconds)
      if let sent { bytes.increment(by: sent) }
    }
  }

  private let known = Mutex<[Key: Figures]>([:])
  private let running = Atomic<Int>(0)
  private let gauge = Mutex<Gauge?>(nil)

  func change(by amount: Int) {
    let now = running.wrappingAdd(amount, ordering: .relaxed).newValue
    let gauge = gauge.withLock { gauge in
      if gauge == nil { gauge = Gauge(label: "rekkas_http_requests_in_flight") }
      return gauge
    }
    gauge?.record(now)
  }

  func figures(route: String, method: String, status: Int) -> Figures {
    known.withLock { known in
      let key = Key(route: route, method: method, status: status)
      if let figures = known[key] { return figures }
      let labels = [("route", route), ("method", method), ("status", String(status))]
      let made = Figures(
        // Until the answer begins; the time of long bodies is rekkas_http_stream_seconds.
        duration: Metrics.Timer(label: "rekkas_http_request_duration", dimensions: labels),
        bytes: Counter(label: "rekkas_http_response_bytes", dimensions: labels))
      known[key] = made
      return made
    }
  }
}
