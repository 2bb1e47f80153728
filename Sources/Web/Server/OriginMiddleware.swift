import HTTPTypes
import Hummingbird

/// Decides which addresses the service answers under and which other origins may call it.
///
/// As long as there are no users, a hub on loopback is protected by being on loopback. A web page elsewhere could still reach
/// it through the reader's browser by giving its own name the address 127.0.0.1 (DNS rebinding): so the `Host` must be a
/// loopback name or the configured public one.
///
/// It stands outside of the turning of errors into answers: a viewer's page elsewhere must be able to read why it failed.
struct OriginMiddleware: RouterMiddleware {
  typealias Context = WebContext

  let addresses: PublicAddress
  let allowedOrigins: Set<String>

  func handle(_ request: Request, context: WebContext, next: (Request, WebContext) async throws -> Response)
    async throws -> Response
  {
    if let host = request.head.authority, !addresses.isOurs(host: host) {
      return WebFailure(
        status: .misdirectedRequest,
        message:
          "This service does not answer under that host name. Set its public address (publicURL) to the one you use."
      ).response(to: request)
    }
    guard let origin = request.headers[.origin], allowedOrigins.contains(origin) else {
      return try await next(request, context)
    }
    var response: Response
    if request.method == .options, request.headers[.accessControlRequestMethod] != nil {
      response = Response(status: .noContent)
      response.headers[.accessControlAllowMethods] = "GET, HEAD, POST, OPTIONS"
      response.headers[.accessControlAllowHeaders] = "Accept, Authorization, Content-Type, Range, If-None-Match"
      response.headers[.accessControlMaxAge] = "86400"
    } else {
      response = try await next(request, context)
    }
    response.headers[.accessControlAllowOrigin] = origin
    response.headers[.accessControlExposeHeaders] = "Content-Length, Content-Range, Content-Type, ETag, Warning"
    response.headers[.vary] = (response.headers[.vary].map { $0 + ", " } ?? "") + "Origin"
    return response
  }
}
