import HTTPTypes
import Hummingbird
import Logging

/// Turns errors into answers with a sentence, as JSON or as text.
struct ErrorMiddleware: RouterMiddleware {
  typealias Context = WebContext

  func handle(_ request: Request, context: WebContext, next: (Request, WebContext) async throws -> Response)
    async throws -> Response
  {
    do {
      return try await next(request, context)
    } catch {
      let failure = WebFailure(error)
      if failure.status.kind == .serverError {
        // The type and no more: a description may quote what it failed on.
        context.logger.error(
          "A request failed",
          metadata: [
            "route": "\(context.endpointPath ?? "-")", "error": "\(type(of: error))",
            "status": "\(failure.status.code)",
          ])
        context.logger.debug("Why it failed", metadata: ["error": "\(error)"])
      }
      return failure.response(to: request)
    }
  }
}

extension WebFailure {
  /// The answer; `Connection: close` when the request's body may be long and was not wanted.
  func response(to request: Request) -> Response {
    let wantsJSON = MediaRange.list(request.headers[values: .accept].joined(separator: ",")).contains {
      $0.subtype.hasSuffix("json")
    }
    var fields = headers
    fields[.contentType] = wantsJSON ? "application/json" : "text/plain; charset=utf-8"
    fields[.cacheControl] = "no-store"
    let hasBody =
      (request.headers[.contentLength].flatMap { Int($0) } ?? 0) > 1 << 20 || request.headers[.transferEncoding] != nil
    if hasBody { fields[.connection] = "close" }
    let text =
      wantsJSON ? "{\"error\":{\"status\":\(status.code),\"message\":\(JSONText.string(message))}}\n" : message + "\n"
    return Response(status: status, headers: fields, body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
  }
}
