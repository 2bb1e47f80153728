import Foundation

/// A study at the site, as far as the link is concerned.
public struct OutboxStudy: Sendable, Hashable {
  /// Study Instance UID.
  public let study: String
  /// The most urgent case that it belongs to; nil for none.
  public let caseNumber: String?
  /// Of the case, else of the rule that fitted, else routine.
  public let urgency: Urgency
  /// When its oldest object came that the hub does not have.
  public let storedAt: Date
  /// When its newest object came.
  public let lastStoredAt: Date
  /// What is here, with bytes of the files as they are now: those that wait to be prepared will be smaller.
  public let objects: Int
  public let bytes: Int
  /// Of these, those whose files will not change any more.
  public let settled: Int
  /// Of these, those that the hub has whole.
  public let acknowledged: Int
  public let acknowledgedBytes: Int
  /// Of these, those that stepped aside.
  public let aside: Int
  /// nil while more images may come.
  public let sealed: CaseSeal?
  /// (0008,1030).
  public let description: String
  /// (0008,0061).
  public let modalities: [String]

  /// The hub has all that is here.
  public var isAcknowledged: Bool { acknowledged == objects }
}

/// A study that was sent whole and is no longer here.
public struct SentStudy: Sendable, Hashable {
  /// Study Instance UID.
  public let study: String
  public let caseNumber: String?
  public let objects: Int
  public let bytes: Int
  /// (0008,1030).
  public let description: String
  /// (0008,0061).
  public let modalities: [String]
  public let storedAt: Date
  /// When the hub had the last of its objects.
  public let sentAt: Date
  /// When its files went from here.
  public let removedAt: Date
}

/// How much waits for the link.
public struct OutboxTotals: Sendable, Hashable {
  /// Objects that the hub does not have, without those that stepped aside.
  public let objects: Int
  /// Bytes of their files as they are now.
  public let bytes: Int
  /// When the oldest of them came; nil when nothing waits.
  public let oldest: Date?
  public let aside: Int
}
