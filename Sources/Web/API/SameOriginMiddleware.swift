import HTTPTypes
import Hummingbird

/// Lets nobody but our own pages, and programs, change anything under `/api`.
///
/// A page elsewhere can make a browser send a request, though it cannot read the answer: so what a browser says of where a request comes
/// from must be ourselves. Programs say nothing of the kind.
struct SameOriginMiddleware: RouterMiddleware {
  typealias Context = WebContext

  let addresses: PublicAddress

  func handle(_ request: Request, context: WebContext, next: (Request, WebContext) async throws -> Response)
    async throws -> Response
  {
    let isReading = [.get, .head, .options].contains(request.method)
    if !isReading, request.uri.path.hasPrefix("/api/"), !isOurs(request) {
      return APIFailure(.otherOrigin).response(to: request)
    }
    return try await next(request, context)
  }

  private func isOurs(_ request: Request) -> Bool {
    if let site = request.headers[.secFetchSite], site != "same-origin", site != "none" { return false }
    guard let origin = request.headers[.origin]?.lowercased() else { return true }
    if origin == addresses.base(for: request).lowercased() { return true }
    guard let host = request.head.authority?.lowercased() else { return false }
    return origin == "http://" + host || origin == "https://" + host
  }
}

extension HTTPField.Name {
  fileprivate static let secFetchSite = HTTPField.Name("Sec-Fetch-Site")!
}
