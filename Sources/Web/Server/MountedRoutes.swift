import HTTPTypes
import Hummingbird
import NIOCore
import Synchronization

/// Adds mounted routes to a router: their bodies are collected within limits, for each and for all together.
struct MountedRoutes: Sendable {
  let routes: [MountedRoute]
  let budget: BodyBudget
  /// From the head of a request to the end of its body.
  let bodyTimeout: Duration

  init(_ routes: [MountedRoute], limits: WebLimits) {
    self.routes = routes
    budget = BodyBudget(limits.mountedBodies)
    bodyTimeout = limits.mountedBodyTimeout
  }

  /// - Parameter proof: only routes of this kind are added.
  func add(_ proof: MountedRoute.Proof, to router: Router<WebContext>) {
    for route in routes where route.proof == proof {
      guard let method = HTTPRequest.Method(route.method) else { continue }
      router.on(RouterPath(route.path), method: method) { request, _ in
        do {
          return try await answer(request, route)
        } catch {
          return WebFailure(error).response(to: request)
        }
      }
    }
  }

  private func answer(_ request: Request, _ route: MountedRoute) async throws -> Response {
    var headers: [String: String] = [:]
    for field in request.headers {
      headers[field.name.canonicalName, default: ""] +=
        (headers[field.name.canonicalName] == nil ? "" : ", ") + field.value
    }
    var plain = MountedRoute.Request(method: route.method, path: request.uri.path, headers: headers)
    if let refusal = route.refuses(plain) { return response(refusal, closing: true) }
    if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > route.bodyLimit {
      throw WebFailure.tooLong(route.bodyLimit)
    }
    let share = BodyShare(budget)
    plain.body = try await body(of: request, limit: route.bodyLimit, share)
    let answer = await route.handler(plain)
    // Whoever could not prove who he is keeps no connection.
    return response(answer, closing: route.proof == .signed && answer.status == 401)
  }

  private func body(of request: Request, limit: Int, _ share: BodyShare) async throws -> [UInt8] {
    let end = ContinuousClock.now + bodyTimeout
    var bytes: [UInt8] = []
    for try await piece in request.body {
      guard bytes.count + piece.readableBytes <= limit else { throw WebFailure.tooLong(limit) }
      guard share.take(piece.readableBytes) else {
        throw WebFailure(
          status: .serviceUnavailable, message: "Too many requests are arriving. Try again in a moment.",
          headers: [.retryAfter: "5", .connection: "close"])
      }
      guard ContinuousClock.now < end else {
        throw WebFailure(
          status: .requestTimeout, message: "The body took too long: send less in one request.",
          headers: [.connection: "close"])
      }
      bytes += piece.readableBytesView
    }
    return bytes
  }

  private func response(_ plain: MountedRoute.Response, closing: Bool = false) -> Response {
    var fields = HTTPFields()
    for (name, value) in plain.headers {
      guard let name = HTTPField.Name(name) else { continue }
      fields[name] = value
    }
    if fields[.cacheControl] == nil { fields[.cacheControl] = "no-store" }
    if closing { fields[.connection] = "close" }
    return Response(
      status: .init(code: plain.status), headers: fields,
      body: ResponseBody(byteBuffer: ByteBuffer(bytes: plain.body)))
  }
}

extension WebFailure {
  fileprivate static func tooLong(_ limit: Int) -> WebFailure {
    WebFailure(
      status: .contentTooLarge, message: "The body is longer than \(limit) bytes.", headers: [.connection: "close"])
  }
}

/// Memory that the bodies of mounted routes may take together.
final class BodyBudget: Sendable {
  private let left: Mutex<Int>

  init(_ bytes: Int) { left = Mutex(bytes) }

  func take(_ bytes: Int) -> Bool {
    left.withLock { left in
      guard bytes <= left else { return false }
      left -= bytes
      return true
    }
  }

  func giveBack(_ bytes: Int) { left.withLock { $0 += bytes } }
}

/// What one request has taken of the budget; given back when the request ends.
private final class BodyShare: Sendable {
  private let budget: BodyBudget
  private let taken = Mutex(0)

  init(_ budget: BodyBudget) { self.budget = budget }
  deinit { budget.giveBack(taken.withLock { $0 }) }

  func take(_ bytes: Int) -> Bool {
    guard budget.take(bytes) else { return false }
    taken.withLock { $0 += bytes }
    return true
  }
}
