import Archive
import Hummingbird
import NIOCore
import ServiceLifecycle

/// News: that something has changed, not what. Who hears of it reads its list again.
extension CaseRoutes {
  /// Seconds that a question waits: less than what proxies wait for.
  private static let longestWait = 25
  /// Seconds between two signs of life in a stream.
  private static let heartbeat = 15
  /// The shortest time between two pieces of news: images come by the hundred.
  private static let rest = Duration.milliseconds(500)
  /// A stream ends after so long; browsers open it again by themselves.
  private static let longestStream = Duration.seconds(600)

  func events(_ request: Request, _ context: WebContext) async throws -> Response {
    let ranges = MediaRange.list(request.headers[values: .accept].joined(separator: ","))
    if ranges.contains(where: { $0.essence == "text/event-stream" }) { return stream() }
    let query = QueryString(request.uri.query)
    guard let after = query.first("after").flatMap({ Int($0) }) else {
      return json("{\"version\":\(archive.changes.version)}")
    }
    let wait = min(Self.longestWait, max(0, query.first("wait").flatMap { Int($0) } ?? Self.longestWait))
    return json("{\"version\":\(await news(after: after, seconds: wait))}")
  }

  /// Server-sent events: `data:` is the version.
  private func stream() -> Response {
    let body = ResponseBody { writer in
      let end = ContinuousClock.now + Self.longestStream
      var version = archive.changes.version
      try await writer.write(ByteBuffer(string: "retry: 3000\ndata: \(version)\n\n"))
      while ContinuousClock.now < end, !Task.isShuttingDownGracefully, !Task.isCancelled {
        let next = await news(after: version, seconds: Self.heartbeat)
        // A line that means nothing tells both ends, and what lies between, that the other is there.
        try await writer.write(ByteBuffer(string: next == version ? ":\n\n" : "data: \(next)\n\n"))
        version = next
      }
      try await writer.finish(nil)
    }
    return Response(
      status: .ok, headers: [.contentType: "text/event-stream", .cacheControl: "no-store"], body: body)
  }

  /// The present version as soon as it is another, and a moment later, so that one piece of news says it for all that happens then.
  private func news(after version: Int, seconds: Int) async -> Int {
    let end = ContinuousClock.now + .seconds(seconds)
    var present = archive.changes.version
    // A service that stops does not wait for its readers.
    while present == version, ContinuousClock.now < end, !Task.isShuttingDownGracefully, !Task.isCancelled {
      present = await archive.changes.wait(after: version, for: min(.seconds(2), end - .now))
    }
    if present != version, seconds > 0 {
      try? await Task.sleep(for: Self.rest)
      present = archive.changes.version
    }
    return present
  }
}
