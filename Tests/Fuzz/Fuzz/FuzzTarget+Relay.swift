import Archive
import Foundation
import Imaging

@testable import Relay

extension FuzzTarget {
  /// A batch of the link. Its checksums are mended, or nothing behind them would ever be reached.
  static let batch = FuzzTarget(
    run: { input in
      var limits = BatchLimits()
      limits.unpackedRecord = 1 << 20
      limits.unpacked = 2 << 20
      guard var reader = try? BatchReader(mended(Array(input)), limits: limits) else { return }
      var unpacked = 0
      while let item = try? reader.next() {
        guard case .record(let record) = item else { continue }
        switch record {
        case .headers(let headers): unpacked += headers.reduce(0) { $0 + $1.bytes.count }
        case .segment(let segment): precondition(segment.offset >= 0 && segment.offset <= Int.max / 2)
        case .announce(let objects): for object in objects where object.problem == nil { look(at: object) }
        default: break
        }
        // What is understood can be said again.
        var writer = BatchWriter()
        guard (try? writer.append(record)) != nil else { continue }
        var again = try? BatchReader(writer.finish())
        guard case .record = try? again?.next() else { fatalError("a record that was read cannot be written") }
      }
      precondition(unpacked <= limits.unpacked + input.count)
    },
    seeds: [
      seed(.health(SiteHealth(version: "0.1.0", uptime: 3))), seed(.heard(LinkHeard(demandCursor: 5))),
      seed(.segment(BatchSegment(object: 1, offset: 99, bytes: [1, 2, 3]))),
      seed(.headers((0..<3).map { BatchHeader(object: $0, bytes: [UInt8](repeating: 7, count: 100)[...]) })),
      seed(.manifest(StudyManifest(study: "1.2.3", objects: 3, bytes: 500))),
      seed(
        .announce([
          ArrivingObject(
            digest: String(repeating: "ab", count: 32), receivedDigest: String(repeating: "cd", count: 32), size: 5000,
            study: "1.2.3", series: "1.2.4", instance: "1.2.5", sopClass: "1.2.840.10008.5.1.4.1.1.2",
            transferSyntax: "1.2.840.10008.1.2.4.90", header: 900, frames: [[900, 100, 4000]], isLadder: true)
        ])),
      Array("RKL1".utf8) + [6, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0] + Array("{}".utf8),
    ])

  /// The header of a request.
  static let credentials = FuzzTarget(
    run: { input in
      guard let read = LinkCredentials(String(decoding: input, as: UTF8.self)) else { return }
      precondition(LinkCredentials(read.header) == read)
      // Nothing that stands in it can be a second line of what is signed.
      precondition(!read.site.contains("\n") && !read.session.contains("\n"))
    },
    seeds: [
      .init(text: LinkCredentials(site: "MIDELT", session: "00ff", number: 17, mac: Array(0..<32)).header),
      .init(text: "v=1, site=A, session=a, number=0, mac=, extra=1"),
    ])

  /// What a courier's stick holds, and what the command and a site say to each other; the key's file beside it.
  static let courier = FuzzTarget(
    run: { input in
      let bytes = Array(input)
      let data = Data(bytes)
      precondition(CourierFile(bytes, of: courierKey) == nil, "a seal was guessed")
      let kind = CourierFile.Kind(rawValue: bytes.first ?? 0) ?? .chunk
      let file = CourierFile(kind: kind, number: 7, export: [UInt8](repeating: 1, count: 16), content: bytes)
      guard let sealed = try? file.sealed(for: courierKey), CourierFile(sealed, of: courierKey) == file else {
        fatalError("a file that was sealed cannot be opened")
      }
      let decoder = JSONDecoder()
      if let manifest = try? decoder.decode(CourierManifest.self, from: data), manifest.isInOrder {
        for name in manifest.chunks { precondition(!name.contains("/") && !name.utf8.contains { $0 < 0x20 }) }
      }
      _ = try? decoder.decode(CourierReceiptList.self, from: data)
      _ = try? decoder.decode(CourierDesk.Order.self, from: data)
      _ = try? decoder.decode(CourierDesk.FileHead.self, from: data)
      if let key = try? SiteKey(text: String(decoding: input, as: UTF8.self)) {
        precondition((try? SiteKey(text: key.text)) == key)
      }
    },
    seeds: [
      json(
        CourierManifest(
          site: "MIDELT", chunks: ["a1b2c3d4-00000.rkc"], objects: 3, bytes: 500, cases: 1, isEverything: true)),
      json(
        CourierReceiptList(
          receipts: [String(repeating: "ab", count: 32)], cases: [CaseReceipt(number: "MID-1", revision: 3)],
          refused: ["ab": "conflict"])),
      json(CourierDesk.Order(export: String(repeating: "ab", count: 16), number: 3, room: 1 << 30)),
      Array(courierKey.text.utf8),
    ])

  private static let courierKey = try! SiteKey(site: "MIDELT", secret: Array(0..<32))

  /// What the hub says to a site: JSON whose signature is right.
  static let answer = FuzzTarget(
    run: { input in
      let data = Data(input)
      let decoder = JSONDecoder()
      if let answer = try? decoder.decode(LinkAnswer.self, from: data) {
        for object in answer.objects {
          guard let have = object.have else { continue }
          precondition(have.count >= 0 && have.missing(upTo: have.end).allSatisfy { !$0.isEmpty })
        }
        guard let again = try? JSONEncoder().encode(answer), try! decoder.decode(LinkAnswer.self, from: again) == answer
        else { fatalError("an answer that was read cannot be written") }
      }
      _ = try? decoder.decode(LinkWelcome.self, from: data)
      _ = try? decoder.decode(LinkHello.self, from: data)
    },
    seeds: [
      .init(
        text: """
          {"clock":1795340000000,"objects":[{"digest":"ab","state":"partial","have":[0,5,9,20]},{"digest":"cd","state":"refused",\
          "reason":"conflict","text":"no"}],"receipts":["ef"],"cases":[{"number":"M","revision":2}],"demands":[{"study":"1.2","frame":3}],\
          "demandCursor":7,"damaged":[1],"problems":["record 1"],"unknown":["00"],"refused":{"code":"busy","text":"later"},"retryAfter":5}
          """),
      .init(
        text: """
          {"session":"00","clock":1,"batchBytes":8388608,"batchRecords":4096,"inFlight":4,"window":1024,"software":"1"}
          """), .init(text: #"{"nonce":"00112233445566778899aabbccddeeff","isCourier":true}"#),
    ])

  private static func json(_ value: some Encodable) -> [UInt8] {
    (try? JSONEncoder().encode(value)).map { [UInt8]($0) } ?? []
  }

  private static func seed(_ record: BatchRecord) -> [UInt8] {
    var writer = BatchWriter()
    _ = try? writer.append(record)
    return writer.finish()
  }

  private static func look(at object: ArrivingObject) {
    for frame in object.frames {
      precondition(frame[0] >= object.header && frame[0] + frame[frame.count - 1] <= object.size)
    }
  }

  private static func mended(_ bytes: [UInt8]) -> [UInt8] {
    var bytes = bytes
    var position = 4
    while position + RecordHead.size <= bytes.count {
      let head = bytes.withUnsafeBytes { RecordHead(UnsafeRawBufferPointer(rebasing: $0[position...])) }
      let start = position + RecordHead.size
      guard let head, head.length <= bytes.count - start else { break }
      let sum = bytes.withUnsafeBytes {
        Checksum.crc32(UnsafeRawBufferPointer(rebasing: $0[start..<start + head.length]))
      }
      withUnsafeBytes(of: sum.littleEndian) { bytes.replaceSubrange(position + 8..<start, with: $0) }
      position = start + head.length
    }
    return bytes
  }
}
