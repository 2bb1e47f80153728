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
