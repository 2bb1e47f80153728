import DICOM

/// Why an object was not stored; nothing half-kept stays behind.
public struct StoreFailure: Error, Sendable, CustomStringConvertible {
  /// What a caller can act on.
  public enum Code: Sendable {
    /// The disk is full, or its reserve is reached: try again later (DIMSE 0xA700).
    case outOfResources
    /// Other bytes are kept under the same SOP Instance UID; these went to the quarantine.
    case conflict
    /// The data set is not what the request announced; it went to the quarantine.
    case mismatch
    /// The bytes are no DICOM object that can be read; they went to the quarantine.
    case unparsable(ParseFailure)
    /// The store has failed and takes nothing until it is restarted, or it is closed.
    case cannotStore
  }

  /// What a caller can act on.
  public let code: Code
  /// What was tried and what the layer below said; no patient data.
  public let detail: String
  /// The entry that keeps the refused bytes, where they were kept.
  public let quarantineID: QuarantineID?

  init(_ code: Code, _ detail: String, quarantineID: QuarantineID? = nil) {
    self.code = code
    self.detail = detail
    self.quarantineID = quarantineID
  }

  public var description: String { detail }
}
