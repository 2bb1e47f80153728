import Foundation

/// The head of one journal record: 4096 bytes, followed by the object's bytes where the kind says so.
///
/// Layout, little-endian: magic (8), version (2), kind (1), reserved (1), CRC-32 of everything used (4), epoch (8),
/// sequence (8), object bytes (8), SHA-256 (32), length of the receipt (4), receipt. The rest is zero.
///
/// The epoch is the number of the segment's present use. A segment is used again and again without being emptied, so
/// a record of an earlier use may stand right behind the last one: its epoch tells.
struct JournalRecord: Equatable {
  enum Kind: UInt8 {
    /// Nothing in this segment is to be replayed; always the first record.
    case empty = 0
    /// The object's bytes follow.
    case inline = 1
    /// The object is a file of its own, flushed before this record was written.
    case file = 2
  }

  var kind: Kind
  var epoch: UInt64
  var sequence: UInt64
  var objectSize: Int
  var digest: [UInt8]
  var receipt: [UInt8]

  static let headerSize = 4096
  static let magic: UInt64 = 0x4C4E_524A_4B45_5220  // " REKJRNL"
  static let version: UInt16 = 1
  private static let fixedSize = 76
  static let receiptLimit = headerSize - fixedSize

  /// Bytes that a record with its object takes in a segment.
  static func space(_ kind: Kind, objectSize: Int) -> Int {
    kind == .inline ? headerSize + (objectSize + 4095) & ~4095 : headerSize
  }

  var space: Int { Self.space(kind, objectSize: objectSize) }

  /// Fills the first 4096 bytes of `target`.
  func encode(into target: UnsafeMutableRawBufferPointer) {
    precondition(target.count >= Self.headerSize && digest.count == 32 && receipt.count <= Self.receiptLimit)
    let header = UnsafeMutableRawBufferPointer(rebasing: target.prefix(Self.headerSize))
    header.initializeMemory(as: UInt8.self, repeating: 0)
    func put(_ value: some FixedWidthInteger, at offset: Int) {
      withUnsafeBytes(of: value.littleEndian) {
        UnsafeMutableRawBufferPointer(rebasing: header[offset..<offset + $0.count]).copyMemory(from: $0)
      }
    }
    put(Self.magic, at: 0)
    put(Self.version, at: 8)
    put(kind.rawValue, at: 10)
    put(epoch, at: 16)
    put(sequence, at: 24)
    put(UInt64(objectSize), at: 32)
    UnsafeMutableRawBufferPointer(rebasing: header[40..<72]).copyBytes(from: digest)
    put(UInt32(receipt.count), at: 72)
    UnsafeMutableRawBufferPointer(rebasing: header[76..<76 + receipt.count]).copyBytes(from: receipt)
    put(CRC32.of(UnsafeRawBufferPointer(rebasing: header.prefix(Self.fixedSize + receipt.count))), at: 12)
  }

  /// nil when these bytes are no whole record head.
  init?(decoding header: UnsafeRawBufferPointer) {
    guard header.count >= Self.headerSize else { return nil }
    func get<T: FixedWidthInteger>(_ type: T.Type, _ offset: Int) -> T {
      T(littleEndian: header.loadUnaligned(fromByteOffset: offset, as: type))
    }
    guard get(UInt64.self, 0) == Self.magic, get(UInt16.self, 8) == Self.version,
      let kind = Kind(rawValue: get(UInt8.self, 10))
    else { return nil }
    let receiptSize = Int(get(UInt32.self, 72))
    let size = get(UInt64.self, 32)
    guard receiptSize <= Self.receiptLimit, size < 1 << 56 else { return nil }
    var copy = Array(header.prefix(Self.fixedSize + receiptSize))
    copy.replaceSubrange(12..<16, with: [0, 0, 0, 0])
    guard copy.withUnsafeBytes({ CRC32.of($0) }) == get(UInt32.self, 12) else { return nil }
    self.kind = kind
    epoch = get(UInt64.self, 16)
    sequence = get(UInt64.self, 24)
    objectSize = Int(size)
    digest = Array(header[40..<72])
    receipt = Array(header[76..<76 + receiptSize])
  }

  init(
    kind: Kind, epoch: UInt64, sequence: UInt64 = 0, objectSize: Int = 0,
    digest: [UInt8] = [UInt8](repeating: 0, count: 32), receipt: [UInt8] = []
  ) {
    self.kind = kind
    self.epoch = epoch
    self.sequence = sequence
    self.objectSize = objectSize
    self.digest = digest
    self.receipt = receipt
  }
}

/// CRC-32 (ISO 3309, as in zip): tells a torn or foreign record head from a whole one.
enum CRC32 {
  static func of(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    table.withUnsafeBufferPointer { table in
      ~bytes.reduce(~0 as UInt32) { crc, byte in table[Int(UInt8(truncatingIfNeeded: crc) ^ byte)] ^ crc >> 8 }
    }
  }

  private static let table: [UInt32] = (0..<256).map { index in
    (0..<8).reduce(UInt32(index)) { value, _ in value & 1 == 1 ? 0xEDB8_8320 ^ value >> 1 : value >> 1 }
  }
}
