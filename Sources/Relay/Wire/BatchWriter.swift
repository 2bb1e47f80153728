import Archive
import Foundation
import Imaging

/// Makes a batch: ``BatchRecord``s one behind the other, packed where it pays.
public struct BatchWriter: Sendable {
  /// zstd's level for headers and lists of so many bytes.
  ///
  /// What is small is worth the work: 10 headers of a CT become 1371 bytes in 9 ms, and an announcement of 10 objects 1345 in 2 ms (level
  /// 1: 1408 and 1385). What is long is not: 300 headers (475 KB) become 14.4 KB on either level, after 225 ms or 0.3 ms, and an
  /// announcement of 300 objects 32.1 or 33.2 KB, after 270 ms or 1 ms.
  static func level(for count: Int) -> Int { count <= 16 << 10 ? 19 : 1 }
  /// Bytes of a record beside its payload.
  public static let recordOverhead = 12

  private var bytes = LinkProtocol.magic
  /// Records so far; the answer names damaged ones by their number, from 0.
  public private(set) var records = 0

  public init() {}

  /// Bytes so far.
  public var count: Int { bytes.count }

  /// The batch.
  public consuming func finish() -> [UInt8] { bytes }

  /// Adds a record and says how many bytes it takes.
  @discardableResult
  public mutating func append(_ record: BatchRecord) throws -> Int {
    switch record {
    case .form(let form): return append(.form, try Self.json(form))
    case .manifest(let manifest): return append(.manifest, try Self.json(manifest))
    case .announce(let objects): return append(.announce, try Self.json(objects))
    case .health(let health): return append(.health, try Self.json(health))
    case .heard(let heard): return append(.heard, try Self.json(heard))
    case .headers(let headers):
      var payload: [UInt8] = []
      payload.reserveCapacity(headers.reduce(0) { $0 + 12 + $1.bytes.count })
      for header in headers {
        payload.append(integer: header.object.bigEndian)
        payload.append(integer: UInt32(header.bytes.count).littleEndian)
        payload += header.bytes
      }
      return append(.headers, payload)
    case .segment(let segment):
      return segment.bytes.withUnsafeBytes { append(segmentOf: segment.object, at: segment.offset, $0) }
    }
  }

  /// Adds a range of an object, straight from where it lies. Says how many bytes it takes.
  ///
  /// - Parameter object: the first 8 bytes of its digest, as a big-endian number.
  @discardableResult
  public mutating func append(segmentOf object: UInt64, at offset: Int, _ range: UnsafeRawBufferPointer) -> Int {
    let start = bytes.count
    beginRecord(.segment, flags: 0, length: 16 + range.count)
    bytes.append(integer: object.bigEndian)
    bytes.append(integer: UInt64(offset).littleEndian)
    bytes += range
    endRecord(at: start)
    return bytes.count - start
  }

  private mutating func append(_ kind: BatchRecord.Kind, _ payload: [UInt8]) -> Int {
    let start = bytes.count
    let packed = payload.withUnsafeBytes { Zstandard.compress($0, level: Self.level(for: payload.count)) }
    let isPacked = packed.map { $0.count < payload.count } ?? false
    let sent = isPacked ? packed! : payload
    beginRecord(kind, flags: isPacked ? RecordHead.isPacked : 0, length: sent.count)
    bytes += sent
    endRecord(at: start)
    return bytes.count - start
  }

  private mutating func beginRecord(_ kind: BatchRecord.Kind, flags: UInt8, length: Int) {
    bytes += [kind.rawValue, flags, 0, 0]
    bytes.append(integer: UInt32(length).littleEndian)
    bytes.append(integer: UInt32(0))
  }

  /// Puts the checksum of what lies behind the record's head into the head.
  private mutating func endRecord(at start: Int) {
    let payload = start + Self.recordOverhead
    let sum = bytes.withUnsafeBytes { Checksum.crc32(UnsafeRawBufferPointer(rebasing: $0[payload...])) }
    withUnsafeBytes(of: sum.littleEndian) { bytes.replaceSubrange(start + 8..<payload, with: $0) }
    records += 1
  }

  /// Sorted keys: equal things are equal bytes, which zstd sees.
  private static func json(_ value: some Encodable) throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return [UInt8](try encoder.encode(value))
  }
}

extension [UInt8] {
  /// Appends an integer as it lies in memory.
  mutating func append(integer: some FixedWidthInteger) { Swift.withUnsafeBytes(of: integer) { self += $0 } }
}
