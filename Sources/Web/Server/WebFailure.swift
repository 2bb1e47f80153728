import HTTPTypes

/// An answer that is not what was asked for: a status, and a sentence that says what was wrong and the way out.
///
/// The sentence goes to the client: it names parameters, media types and UIDs, never values of attributes.
struct WebFailure: Error, Equatable {
  var status: HTTPResponse.Status
  var message: String
  var headers: HTTPFields = [:]

  static func badRequest(_ message: String) -> WebFailure { WebFailure(status: .badRequest, message: message) }
  static func notFound(_ what: String) -> WebFailure {
    WebFailure(status: .notFound, message: "There is no \(what) here. Search with /dicom-web/studies for what is.")
  }
  /// - Parameter available: what could be asked for instead.
  static func notAcceptable(available: [String]) -> WebFailure {
    WebFailure(
      status: .notAcceptable,
      message: available.isEmpty
        ? "Nothing of what Accept names can be made of this object."
        : "Accept names nothing that this resource has. Available: \(available.joined(separator: ", "))")
  }
}
