import Archive

/// Why an object could not be sent: kept in the outbox as a sentence, shown by code.
public enum AsideReason {
  /// What pages translate.
  public enum Code: String, Codable, Sendable, CaseIterable {
    /// The hub has, or awaits, other bytes under the same SOP Instance UID.
    case conflict
    /// The hub has looked at the object and cannot use it.
    case refused
    /// Its bytes did not come to the hub as they left, several times.
    case damaged
    /// Its file cannot be read here.
    case unreadable
  }

  /// What is kept when the hub refuses an object.
  static func refused(_ reason: ArrivalAnswer.Reason?, _ text: String?) -> String {
    refusal + [reason?.rawValue, text].compactMap { $0 }.joined(separator: ": ")
  }

  /// What is kept when an object's bytes were not those of its digest.
  static let damaged = "damaged on the way or at the hub"

  private static let refusal = "refused by the hub: "

  /// The code of what was kept.
  static func code(of kept: String) -> Code {
    if kept == damaged { return .damaged }
    guard kept.hasPrefix(refusal) else { return .unreadable }
    let reason = kept.dropFirst(refusal.count).prefix { $0 != ":" }
    return reason == ArrivalAnswer.Reason.conflict.rawValue ? .conflict : .refused
  }
}
