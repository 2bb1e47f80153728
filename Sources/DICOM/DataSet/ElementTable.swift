/// Every element of a data set in the order of the file, items and what is in them too: a flat list that needs no recursion.
///
/// A sequence is followed by its items (records of the tag FFFE,E000), each item by its elements; `end` leads past all that
/// belongs to a record.
final class ElementTable: Sendable {
  let bytes: ObjectBytes
  let records: [ElementRecord]

  init(bytes: ObjectBytes, records: [ElementRecord]) {
    self.bytes = bytes
    self.records = records
  }
}

/// Where one element lies, in 32 bytes.
struct ElementRecord: Sendable {
  let tag: Tag
  /// Resolved: never UN for a public attribute that the dictionary knows.
  let vr: VR
  let flags: Flags
  /// Of the value, in the bytes of the table.
  let offset: Int
  /// Of the value; of what has undefined length, without the delimiter.
  var length: Int
  /// The index of the first record that does not belong to this one.
  var end: Int32

  struct Flags: OptionSet {
    let rawValue: UInt8
    static let bigEndian = Flags(rawValue: 1)
    /// The value is a sequence of fragments.
    static let fragments = Flags(rawValue: 2)
  }

  var range: Range<Int> { offset..<offset + length }
}

/// How the headers of elements are written.
struct Encoding: Equatable {
  var isExplicit: Bool
  var isBigEndian: Bool

  static let explicitLittle = Encoding(isExplicit: true, isBigEndian: false)
  static let explicitBig = Encoding(isExplicit: true, isBigEndian: true)
  static let implicitLittle = Encoding(isExplicit: false, isBigEndian: false)
}

extension Encoding {
  init(_ syntax: TransferSyntax) {
    self.init(isExplicit: syntax.isExplicitVR, isBigEndian: !syntax.isLittleEndian)
  }

  /// What the first element of a data set gives away; nil when it could be either.
  ///
  /// A data set begins with a low group (0008 as a rule), so the smaller reading of the group tells the byte order; two
  /// letters that are a VR tell an explicit header, for as a length they would mean more than 16,000 bytes.
  init?(sniffing memory: UnsafeRawBufferPointer, at offset: Int) {
    guard memory.count - offset >= 8 else { return nil }
    let group = (memory[offset], memory[offset + 1])
    let isExplicit = VR(memory[offset + 4], memory[offset + 5]).isKnown
    if group.0 == group.1 { return nil }
    let isBigEndian = group.0 < group.1
    if isBigEndian && !isExplicit { return nil }
    self.init(isExplicit: isExplicit, isBigEndian: isBigEndian)
  }
}
