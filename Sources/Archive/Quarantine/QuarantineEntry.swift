import Foundation

/// The number of an entry of the quarantine.
public struct QuarantineID: RawRepresentable, Sendable, Hashable, Codable, CustomStringConvertible {
  public let rawValue: Int64
  public init(rawValue: Int64) { self.rawValue = rawValue }
  public var description: String { String(rawValue) }
}

/// Why bytes are kept aside.
///
/// The raw value is stored and shown in metrics, so a name is never changed.
public struct QuarantineReason: RawRepresentable, Sendable, Hashable, Codable, CustomStringConvertible {
  public let rawValue: String
  public init(rawValue: String) { self.rawValue = rawValue }
  public var description: String { rawValue }

  /// Other bytes are kept under the same SOP Instance UID.
  public static let conflict = QuarantineReason(rawValue: "conflict")
  /// The data set is not what the request announced.
  public static let mismatch = QuarantineReason(rawValue: "mismatch")
  /// A kept object's bytes are no longer those of its digest.
  public static let corrupt = QuarantineReason(rawValue: "corrupt")
  /// Found in the quarantine folder without an entry: the index was lost.
  public static let entryLost = QuarantineReason(rawValue: "entryLost")
  /// The bytes cannot be read; `code` says why, as in `unparsable.truncated`.
  public static func unparsable(_ code: String) -> QuarantineReason { QuarantineReason(rawValue: "unparsable." + code) }
}

/// Bytes that could not join the archive, and what is known of them. Holds no patient data.
public struct QuarantineEntry: Sendable, Hashable {
  public let id: QuarantineID
  public let reason: QuarantineReason
  /// What was tried and found; no patient data.
  public let detail: String
  /// The receipt of the first time these bytes came.
  public let receipt: Receipt
  /// When these bytes came last.
  public let lastReceivedAt: Date
  /// How often these bytes came.
  public let times: Int
  /// Bytes.
  public let size: Int
  /// SHA-256 of the bytes, 64 lower-case hexadecimal digits.
  public let digest: String
}
