import Archive
import HTTPTypes
import Hummingbird
import NIOCore

/// Why a request to `/api/v1` is not granted: a code for programs, a sentence and the way out for people.
struct APIFailure: Error, Equatable {
  /// What programs act on; people read ``APITexts``.
  enum Code: String, CaseIterable, Sendable {
    case unknownCase = "unknown-case"
    case unknownStudy = "unknown-study"
    case unknownArrival = "unknown-arrival"
    case invalid
    case malformed
    case tooLarge = "too-large"
    case notJSON = "not-json"
    case changed
    case revisionMissing = "revision-missing"
    case foreign
    case numbersUsedUp = "numbers-used-up"
    case noConsent = "no-consent"
    case otherOrigin = "other-origin"
    case unavailable
  }

  var code: Code
  /// Of a body, for ``Code/invalid``.
  var field: String?
  /// The present one, for ``Code/changed``.
  var revision: Int?
  /// For ``Code/noConsent`` the number, for ``Code/changed`` the case as JSON.
  var number: String?
  var present: Case?
  /// For ``Code/noConsent``: the patient has said no.
  var isRefused: Bool?

  init(
    _ code: Code, field: String? = nil, revision: Int? = nil, number: String? = nil, present: Case? = nil,
    isRefused: Bool? = nil
  ) {
    self.code = code
    self.field = field
    self.revision = revision
    self.number = number
    self.present = present
    self.isRefused = isRefused
  }

  func response(to request: Request) -> Response {
    let language = PageLanguage(
      parameter: request.uri.queryParameters["lang"].map(String.init), cookies: request.headers[.cookie],
      accept: request.headers[.acceptLanguage])
    let text = APITexts.text(code, language)
    var members = [
      "\"status\":\(status.code)", "\"code\":\(JSONText.string(code.rawValue))",
      "\"message\":\(JSONText.string(text.message))", "\"way\":\(JSONText.string(text.way))",
    ]
    if let field { members.append("\"field\":\(JSONText.string(field))") }
    if let revision { members.append("\"revision\":\(revision)") }
    if let number { members.append("\"case\":\(JSONText.string(number))") }
    if let present, let json = try? CaseJSON.text(present) { members.append("\"case\":\(json)") }
    if let isRefused { members.append("\"refused\":\(isRefused)") }
    var headers: HTTPFields = [
      .contentType: "application/json", .cacheControl: "no-store", .contentLanguage: language.rawValue,
      .vary: "Accept-Language, Cookie",
    ]
    if status == .serviceUnavailable { headers[.retryAfter] = "10" }
    if status == .contentTooLarge { headers[.connection] = "close" }
    return Response(
      status: status, headers: headers,
      body: ResponseBody(
        byteBuffer: ByteBuffer(
          string: "{\"code\":\(JSONText.string(code.rawValue)),\"error\":{\(members.joined(separator: ","))}}\n")))
  }
}
