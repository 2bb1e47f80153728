import Archive
import DICOM

/// Why an object is not taken, as its sender hears it: the only place where an error becomes a DIMSE status.
struct Refusal: Sendable, Hashable {
  /// The reason in metrics and logs.
  enum Reason: String, Sendable, CaseIterable {
    case outOfResources = "out_of_resources"
    case tooLarge = "too_large"
    case conflict
    case mismatch
    case unparsable
    case invalidRequest = "invalid_request"
    case failure
  }

  let reason: Reason
  let status: DIMSEStatus
  /// (0000,0902) Error Comment: at most 64 characters, no patient data.
  let comment: String

  private init(_ reason: Reason, _ status: DIMSEStatus, _ comment: String) {
    self.reason = reason
    self.status = status
    self.comment = comment
  }

  static let missingUID = Refusal(.invalidRequest, .missingAttribute, "Affected SOP Class or Instance UID is missing")
  static let invalidUID = Refusal(.invalidRequest, .invalidSOPInstance, "SOP Class or Instance UID breaks PS3.5 9.1")
  static let missingDataSet = Refusal(.invalidRequest, .cannotUnderstand, "The request has no data set")

  /// The archive's answer.
  ///
  /// A conflict (other bytes under a SOP Instance UID that we keep) is 0x0111, Duplicate SOP Instance: PS3.4 Table B.2-1 has no code
  /// of its own for it, and 0xA9xx would send the reader of a log to the SOP class.
  init(_ failure: StoreFailure) {
    switch failure.code {
    case .outOfResources:
      self.init(.outOfResources, .outOfResources, "No storage space left")
    case .conflict:
      self.init(.conflict, .duplicateSOPInstance, "Different object with this SOP Instance UID is kept")
    case .mismatch:
      self.init(.mismatch, .dataSetDoesNotMatchSOPClass, "Data set is not the object that was announced")
    case .unparsable:
      self.init(.unparsable, .cannotUnderstand, "Data set cannot be parsed; kept in quarantine")
    case .cannotStore:
      self.init(.failure, .processingFailure, "Storing failed")
    }
  }

  /// The spool's answer while the object arrived.
  init(_ failure: SpoolFailure) {
    switch failure.code {
    case .disk: self.init(.outOfResources, .outOfResources, "Writing to the disk failed")
    case .tooLarge: self.init(.tooLarge, .outOfResources, "Object is larger than we take")
    case .other: self.init(.failure, .outOfResources, "Out of memory")
    }
  }
}
