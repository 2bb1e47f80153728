import HTTPTypes
import Hummingbird

/// Headers that keep browsers from guessing, framing and telling.
struct HeaderMiddleware: RouterMiddleware {
  typealias Context = WebContext

  func handle(_ request: Request, context: WebContext, next: (Request, WebContext) async throws -> Response)
    async throws -> Response
  {
    var response = try await next(request, context)
    response.headers[.xContentTypeOptions] = "nosniff"
    response.headers[.referrerPolicy] = "no-referrer"
    if response.headers[.contentSecurityPolicy] == nil {
      // Objects are data, not pages: nothing in them may run or be framed by others. The page brings its own policy.
      response.headers[.contentSecurityPolicy] = "default-src 'none'; frame-ancestors 'self'; sandbox"
    }
    // Patient data: a browser may keep it for its own user and must ask whether it is still so.
    if response.headers[.cacheControl] == nil { response.headers[.cacheControl] = "private, no-cache" }
    return response
  }
}

extension HTTPField.Name {
  static let referrerPolicy = HTTPField.Name("Referrer-Policy")!
  static let warning = HTTPField.Name("Warning")!
}
