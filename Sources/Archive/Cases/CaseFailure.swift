/// Why a case could not be made, found or changed.
public enum CaseFailure: Error, Sendable, Hashable, CustomStringConvertible {
  /// There is no case of this number.
  case unknown(String)
  /// Somebody was faster: the case has this revision by now.
  case changed(revision: Int)
  /// A field has what it must not have.
  case invalid(field: String, reason: String)
  /// The case is another place's: only that may change it.
  case foreign(site: String)
  /// The study is neither here nor sent from here.
  case unknownStudy(String)
  /// The year's numbers are used up.
  case numbersUsedUp

  public var description: String {
    switch self {
    case .unknown(let number): "there is no case \(number)"
    case .changed(let revision): "the case was changed meanwhile: it has revision \(revision)"
    case .invalid(let field, let reason): "\(field): \(reason)"
    case .foreign(let site): "the case is of \(site), which alone changes it"
    case .unknownStudy(let study): "there is no study \(study)"
    case .numbersUsedUp: "the case numbers of this year are used up"
    }
  }
}
