import Archive
import Foundation
import Imaging
import Testing

@testable import Relay

@Suite("Batches")
struct BatchTests {
  @Test("What is written is read again, in its order and with its bytes")
  func roundTrip() throws {
    let records = BatchRecord.some()
    let batch = try BatchWriter.make(records)
    #expect(try BatchReader.items(batch) == records.map { .record($0) })
  }

  @Test("Names of objects are the beginning of their digests")
  func shortNames() {
    let object = ArrivingObject.make(digest: "00ab" + String(repeating: "1", count: 60))
    #expect(object.shortName == 0x00AB_1111_1111_1111)
    #expect(BatchSegment.text(of: 0x00AB_1111_1111_1111) == "00ab111111111111")
    #expect(ArrivingObject.make(digest: "no digest").shortName == nil)
  }

  @Test("Pixels travel as they are, twelve and sixteen bytes before them")
  func segmentsAreNotPacked() throws {
    var writer = BatchWriter()
    let bytes = [UInt8](repeating: 7, count: 5000)
    let size = bytes.withUnsafeBytes { writer.append(segmentOf: 1, at: 2, $0) }
    #expect(size == 5000 + 16 + BatchWriter.recordOverhead)
    #expect(writer.count == 4 + size && writer.records == 1)
  }

  @Test("Headers that are nearly equal cost little")
  func headersArePacked() throws {
    var random = SystemRandomNumberGenerator()
    let header = (0..<2000).map { _ in UInt8.random(in: 0...255, using: &random) }
    var writer = BatchWriter()
    let headers = (0..<100).map { BatchHeader(object: $0, bytes: header[...]) }
    #expect(try writer.append(.headers(headers)) < 6000)
  }

  @Test("A record with a wrong checksum is not used, and those before and behind it are")
  func damagedRecord() throws {
    let records = BatchRecord.some()
    var batch = try BatchWriter.make(records)
    // The last byte of the second record.
    batch[try BatchWriter.make(Array(records.prefix(2))).count - 1] ^= 1
    var expected = records.map { BatchReader.Item.record($0) }
    expected[1] = .damaged(reason: "checksum")
    #expect(try BatchReader.items(batch) == expected)
  }

  @Test("A batch that is cut short says so, and what came before counts")
  func cutShort() throws {
    let records = BatchRecord.some()
    let batch = try BatchWriter.make(records)
    let items = try BatchReader.items(Array(batch.dropLast()))
    #expect(items.dropLast() == records.dropLast().map { BatchReader.Item.record($0) }[...])
    #expect(items.last == .damaged(reason: "cut short"))
  }

  @Test("Records and flags of later versions are passed over")
  func unknown() throws {
    let segment = BatchRecord.segment(BatchSegment(object: 1, offset: 0, bytes: [1, 2, 3]))
    var later = try BatchWriter.make([segment, segment])
    later[4] = 200
    #expect(try BatchReader.items(later) == [.unknown(type: 200), .record(segment)])
    var flagged = try BatchWriter.make([segment, segment])
    flagged[5] = 0x80
    #expect(try BatchReader.items(flagged) == [.unknown(type: 5), .record(segment)])
  }

  @Test("Unknown members of lists are passed over")
  func unknownMembers() throws {
    let json = #"{"version":"9.9","colour":"blue","queueObjects":3,"nested":{"a":[1]}}"#
    let batch = Self.batch(type: 6, flags: 0, Array(json.utf8))
    #expect(try BatchReader.items(batch) == [.record(.health(SiteHealth(version: "9.9", queueObjects: 3)))])
  }

  @Test("What is no batch is refused", arguments: [[], Array("RKL".utf8), Array("RKL2".utf8), Array("<html>".utf8)])
  func noBatch(_ bytes: [UInt8]) { #expect(throws: BatchFailure.notABatch) { try BatchReader(bytes) } }

  @Test("An empty batch is one without records")
  func empty() throws { #expect(try BatchReader.items(BatchWriter().finish()) == []) }

  // MARK: Limits

  @Test("Batches and their numbers of records are bounded")
  func bounded() throws {
    var limits = BatchLimits()
    limits.records = 3
    let batch = try BatchWriter.make((0..<4).map { .heard(LinkHeard(demandCursor: $0)) })
    #expect(throws: BatchFailure.tooLarge) { try BatchReader.items(batch, limits: limits) }
    limits.bytes = batch.count - 1
    #expect(throws: BatchFailure.tooLarge) { try BatchReader(batch, limits: limits) }
  }

  @Test("A few bytes that unpack to gigabytes are not unpacked")
  func bomb() throws {
    // 1 GiB of zeros: zstd makes 33 KB of it. Ours is put together from blocks that say "this byte, 128 KiB times".
    let bomb = Self.bomb(blocks: 8192)
    #expect(bomb.count < 40_000)
    let before = Self.residentBytes()
    let segment = BatchRecord.segment(BatchSegment(object: 1, offset: 0, bytes: [1]))
    let batch = Self.batch(type: 4, flags: 1, bomb) + (try BatchWriter.make([segment])).dropFirst(4)
    #expect(try BatchReader.items(batch) == [.damaged(reason: "cannot be unpacked"), .record(segment)])
    #expect(Self.residentBytes() - before < 64 << 20)
  }

  @Test("All records together unpack to no more than the limit")
  func manySmallBombs() throws {
    var limits = BatchLimits()
    limits.unpacked = 3 << 20
    let record = Self.batch(type: 4, flags: 1, Self.bomb(blocks: 8))
    // A MiB each, of headers that are no headers: what counts is that the fourth is not even unpacked.
    let batch = record + (0..<5).flatMap { _ in record.dropFirst(4) }
    let reasons = try BatchReader.items(batch, limits: limits)
    #expect(reasons.filter { $0 == .damaged(reason: "cannot be unpacked") }.count >= 3)
    #expect(Zstandard.decompress(Self.bomb(blocks: 8), limit: 1 << 20)?.count == 1 << 20)
    #expect(Zstandard.decompress(Self.bomb(blocks: 8), limit: 1 << 20 - 1) == nil)
  }

  @Test("Records that cannot be unpacked use up what may be unpacked")
  func bombsAreCounted() throws {
    var limits = BatchLimits()
    limits.unpackedRecord = 10_000
    limits.unpacked = 30_000
    let good = BatchRecord.headers([BatchHeader(object: 1, bytes: [UInt8](repeating: 1, count: 5000)[...])])
    let bomb = BatchRecord.headers([BatchHeader(object: 1, bytes: [UInt8](repeating: 1, count: 20_000)[...])])
    let items = try BatchReader.items(BatchWriter.make([bomb, bomb, good, bomb, good]), limits: limits)
    #expect(items.map(\.isDamaged) == [true, true, false, true, true])
  }

  @Test("JSON that is nested, numbers that are none, and texts without end do not crash")
  func hostileJSON() throws {
    let texts: [(UInt8, String)] = [
      (2, String(repeating: "[", count: 200_000)), (3, String(repeating: "[", count: 200_000)),
      (1, String(repeating: #"{"study":"#, count: 50_000)),
      (2, #"{"study":"1.2","objects":1e400,"bytes":-1,"sealed":false}"#),
      (2, #"{"study":"1.2","objects":9223372036854775808,"bytes":1,"sealed":false}"#),
      (2, #"{"study":"\ud800","objects":1,"bytes":1,"sealed":false}"#),
      (3, #"[{"size":-9223372036854775809}]"#), (6, #"{"uptime":1e999}"#), (6, #"{"temperature":1e999}"#),
      (7, #"{"demandCursor":0.5}"#), (6, "\""), (7, "\u{0}"), (1, ""),
    ]
    for (kind, text) in texts {
      let items = try BatchReader.items(Self.batch(type: kind, flags: 0, Array(text.utf8)))
      #expect(items.count == 1 && items[0].isDamaged, "\(text.prefix(40)) as \(kind)")
    }
  }

  @Test("Offsets that would overflow are refused")
  func overflow() throws {
    var payload = [UInt8](repeating: 0, count: 8) + [UInt8](repeating: 0xFF, count: 8) + [1]
    #expect(try BatchReader.items(Self.batch(type: 5, flags: 0, payload)).first?.isDamaged == true)
    payload[15] = 0x7F
    #expect(try BatchReader.items(Self.batch(type: 5, flags: 0, payload)).first?.isDamaged == true)
  }

  // MARK: Hostile bytes

  @Test("Thousands of damaged batches neither crash nor pass for what they are not")
  func mutations() throws {
    var random = SeededGenerator(seed: 41)
    let batches = try [BatchWriter.make(BatchRecord.some()), BatchWriter.make(BatchRecord.some().reversed())]
    var damaged = 0
    for round in 0..<6000 {
      var batch = batches[round % 2]
      switch round % 3 {
      case 0: batch[Int.random(in: 0..<batch.count, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      case 1: batch.removeLast(Int.random(in: 1..<batch.count, using: &random))
      default:
        let at = Int.random(in: 0..<batch.count, using: &random)
        batch.insert(contentsOf: (0..<4).map { _ in UInt8.random(in: 0...255, using: &random) }, at: at)
      }
      guard let items = try? BatchReader.items(batch) else { continue }
      // A CRC finds every flipped bit: what is left are whole records of the original.
      let known = BatchRecord.some()
      for case .record(let record) in items { #expect(known.contains(record)) }
      damaged += items.contains(where: \.isDamaged) ? 1 : 0
    }
    #expect(damaged > 3000)
  }

  @Test("Payloads of any bytes behind a right checksum do not crash")
  func invented() throws {
    var random = SeededGenerator(seed: 42)
    for _ in 0..<4000 {
      let payload = (0..<Int.random(in: 0..<200, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
      let batch = Self.batch(
        type: .random(in: 0...8, using: &random), flags: .random(in: 0...1, using: &random), payload)
      #expect(try BatchReader.items(batch).count == 1)
    }
  }

  // MARK: Support

  private static func batch(type: UInt8, flags: UInt8, _ payload: [UInt8]) -> [UInt8] {
    var bytes = LinkProtocol.magic + [type, flags, 0, 0]
    bytes.append(integer: UInt32(payload.count).littleEndian)
    bytes.append(integer: payload.withUnsafeBytes { Checksum.crc32($0) }.littleEndian)
    return bytes + payload
  }

  /// A zstd frame (RFC 8878) without a content size: window of 128 KiB, and RLE blocks of 128 KiB of zeros each.
  private static func bomb(blocks: Int) -> [UInt8] {
    var frame: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 0x00, 0x38]
    for block in 1...blocks {
      let head = (128 << 10) << 3 | 1 << 1 | (block == blocks ? 1 : 0)
      frame += [UInt8(head & 0xFF), UInt8(head >> 8 & 0xFF), UInt8(head >> 16 & 0xFF), 0]
    }
    return frame
  }

  private static func residentBytes() -> Int {
    let words = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?.split(separator: " ") ?? []
    return words.count > 1 ? (Int(words[1]) ?? 0) * 4096 : 0
  }
}

extension Zstandard {
  fileprivate static func decompress(_ bytes: [UInt8], limit: Int) -> [UInt8]? {
    bytes.withUnsafeBytes { decompress($0, limit: limit) }
  }
}
