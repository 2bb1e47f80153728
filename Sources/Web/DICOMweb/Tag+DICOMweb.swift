import DICOM

extension Tag {
  /// Failures of a store request that belong to no known instance (PS3.18 §10.5.3).
  static let otherFailuresSequence = Tag(0x0008, 0x119A)
  /// Bytes of an encapsulated document without its padding (PS3.3 §C.24.2).
  static let encapsulatedDocumentLength = Tag(0x0042, 0x0015)
}
