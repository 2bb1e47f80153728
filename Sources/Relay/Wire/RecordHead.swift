/// The 12 bytes before a record's payload.
struct RecordHead {
  static let size = 12
  /// The payload is one zstd frame.
  static let isPacked: UInt8 = 1

  let kind: UInt8
  let flags: UInt8
  let length: Int
  let checksum: UInt32

  /// Reads 12 bytes; nil when there are fewer.
  init?(_ bytes: UnsafeRawBufferPointer) {
    guard bytes.count >= Self.size else { return nil }
    kind = bytes[0]
    flags = bytes[1]
    length = Int(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self)))
    checksum = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt32.self))
  }
}
