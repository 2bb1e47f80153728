import Foundation

/// An object that is to be sent, and whose file will not be another one any more.
public struct OutboxObject: Sendable, Hashable, Identifiable {
  /// Of the queue; never used again for another object.
  public let id: Int64
  /// As it is announced to the hub.
  public let object: ArrivingObject
  public let storedAt: Date
  /// Tries that ended badly because of this object, see ``Outbox/noteFailure(_:reason:)``.
  public let failures: Int
  /// (0020,0011).
  public let seriesNumber: Int?
  /// (0020,0013).
  public let instanceNumber: Int?
  /// Whether a key object selection of the study names it.
  public let isKeyImage: Bool
  /// (0008,0060).
  public let modality: String
}

/// An object that stepped aside, so that the others of its case go on.
public struct AsideObject: Sendable, Hashable, Identifiable {
  public let id: Int64
  /// Study Instance UID.
  public let study: String
  /// SOP Instance UID.
  public let instance: String
  public let reason: String
  public let failures: Int
}
