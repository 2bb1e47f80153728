import Archive
import Foundation
import Imaging

/// Reads a batch record by record, whatever its bytes are: nothing is believed that was not checked, and memory stays within
/// ``BatchLimits``.
public struct BatchReader: Sendable {
  /// What lies at one place of a batch.
  public enum Item: Sendable, Equatable {
    case record(BatchRecord)
    /// A record of a type or with a flag that this version does not know: passed over.
    case unknown(type: UInt8)
    /// A record that cannot be used; what it would have said is not known.
    case damaged(reason: String)
  }

  private let bytes: [UInt8]
  private let limits: BatchLimits
  private var position = LinkProtocol.magic.count
  private var unpacked = 0
  /// Records read so far: the last one's number is one less.
  public private(set) var records = 0

  /// - Throws: ``BatchFailure`` when this is no batch, or larger than the limit.
  public init(_ bytes: [UInt8], limits: BatchLimits = BatchLimits()) throws(BatchFailure) {
    guard bytes.count <= limits.bytes else { throw .tooLarge }
    guard bytes.starts(with: LinkProtocol.magic) else { throw .notABatch }
    self.bytes = bytes
    self.limits = limits
  }

  /// The next record; nil at the end.
  ///
  /// Behind a record whose length leads past the end nothing can be found: it is damaged, and the last one.
  ///
  /// - Throws: ``BatchFailure`` when a limit is reached.
  public mutating func next() throws(BatchFailure) -> Item? {
    guard position < bytes.count else { return nil }
    guard records < limits.records else { throw .tooLarge }
    records += 1
    let start = position
    guard let head = bytes.withUnsafeBytes({ RecordHead(UnsafeRawBufferPointer(rebasing: $0[start...])) }),
      head.length <= bytes.count - start - RecordHead.size
    else {
      position = bytes.count
      return .damaged(reason: "cut short")
    }
    let payload = start + RecordHead.size..<start + RecordHead.size + head.length
    position = payload.upperBound
    let sum = bytes.withUnsafeBytes { Checksum.crc32(UnsafeRawBufferPointer(rebasing: $0[payload])) }
    guard sum == head.checksum else { return .damaged(reason: "checksum") }
    guard let kind = BatchRecord.Kind(rawValue: head.kind), head.flags & ~RecordHead.isPacked == 0 else {
      return .unknown(type: head.kind)
    }
    guard head.flags & RecordHead.isPacked != 0 else { return item(kind, bytes[payload]) }
    let room = min(limits.unpackedRecord, limits.unpacked - unpacked)
    let content = bytes.withUnsafeBytes {
      Zstandard.decompress(UnsafeRawBufferPointer(rebasing: $0[payload]), limit: room)
    }
    guard let content else {
      // It may have been unpacked to the limit before it failed: thousands of such records must not be.
      unpacked += room
      return .damaged(reason: "cannot be unpacked")
    }
    unpacked += content.count
    return item(kind, content[...])
  }

  private func item(_ kind: BatchRecord.Kind, _ payload: ArraySlice<UInt8>) -> Item {
    let record: BatchRecord? =
      switch kind {
      case .form: Self.json(Case.self, payload).map { .form($0) }
      case .manifest: Self.json(StudyManifest.self, payload).map { .manifest($0) }
      case .announce:
        Self.json([ArrivingObject].self, payload).flatMap { $0.count <= limits.objects ? .announce($0) : nil }
      case .health: Self.json(SiteHealth.self, payload).map { .health($0) }
      case .heard: Self.json(LinkHeard.self, payload).map { .heard($0) }
      case .headers: headers(payload).map { .headers($0) }
      case .segment: Self.segment(payload).map { .segment($0) }
      }
    return record.map { .record($0) } ?? .damaged(reason: "not what its type says")
  }

  private func headers(_ payload: ArraySlice<UInt8>) -> [BatchHeader]? {
    var headers: [BatchHeader] = []
    var rest = payload
    while !rest.isEmpty {
      guard rest.count >= 12, headers.count < limits.objects else { return nil }
      let (object, length) = rest.withUnsafeBytes {
        (
          UInt64(bigEndian: $0.loadUnaligned(as: UInt64.self)),
          Int(UInt32(littleEndian: $0.loadUnaligned(fromByteOffset: 8, as: UInt32.self)))
        )
      }
      rest = rest.dropFirst(12)
      guard length <= rest.count else { return nil }
      headers.append(BatchHeader(object: object, bytes: rest.prefix(length)))
      rest = rest.dropFirst(length)
    }
    return headers
  }

  private static func segment(_ payload: ArraySlice<UInt8>) -> BatchSegment? {
    guard payload.count >= 16 else { return nil }
    let (object, offset) = payload.withUnsafeBytes {
      (
        UInt64(bigEndian: $0.loadUnaligned(as: UInt64.self)),
        UInt64(littleEndian: $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
      )
    }
    // No end of a range may overflow.
    guard offset <= UInt64(Int.max / 2) else { return nil }
    return BatchSegment(object: object, offset: Int(offset), bytes: payload.dropFirst(16))
  }

  private static func json<T: Decodable>(_ type: T.Type, _ payload: ArraySlice<UInt8>) -> T? {
    func decoded() -> T? { try? JSONDecoder().decode(type, from: Data(payload)) }
    return payload.count > longJSON ? oneAtATime.withLock(decoded) : decoded()
  }

  /// While it is read, JSON takes up to 25 times its length (210 MB for 8 MiB of little lists): what is long is read by one thread at a
  /// time, or four sites that lie could fill the memory.
  private static let longJSON = 512 << 10
  private static let oneAtATime = NSLock()
}

/// Why bytes are not read as a batch.
public enum BatchFailure: Error, Equatable {
  case notABatch, tooLarge
}
