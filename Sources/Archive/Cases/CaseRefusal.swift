/// Why the hub does not take a case. Goes over the link as JSON with these names; holds no patient data.
public struct CaseRefusal: Codable, Sendable, Hashable {
  /// For programs. A code that a site does not know is shown with the hub's words.
  public struct Code: RawRepresentable, Codable, Sendable, Hashable, ExpressibleByStringLiteral {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
    public init(stringLiteral value: String) { rawValue = value }

    /// A field has what it must not have: ``CaseRefusal/field`` says which.
    public static let invalid: Code = "invalid"
    /// The number is none, or another case has it: a person must look.
    public static let number: Code = "number"
    /// The case, or the code with which its number begins, is another place's: the administrators must speak.
    public static let foreign: Code = "foreign"
    /// What came of it could not be read, several times.
    public static let unreadable: Code = "unreadable"
  }

  public var number: String
  /// Of the case, as it was refused: a later one is tried again.
  public var revision: Int
  public var code: Code
  /// As in the case's JSON, `patient.birthDate`.
  public var field: String?
  /// For people, in English.
  public var text: String

  public init(number: String, revision: Int, code: Code, field: String? = nil, text: String) {
    self.number = number
    self.revision = revision
    self.code = code
    self.field = field
    self.text = text
  }

  /// What a hub answers to a case that it could not take over.
  public init(_ item: Case, _ failure: CaseFailure) {
    self.init(number: item.number, revision: item.revision, code: .invalid, text: failure.description)
    switch failure {
    case .invalid(let field, _) where field == "number": code = .number
    case .invalid(let field, _): self.field = field
    case .foreign: code = .foreign
    case .unknown, .changed, .unknownStudy, .numbersUsedUp: break
    }
  }
}
