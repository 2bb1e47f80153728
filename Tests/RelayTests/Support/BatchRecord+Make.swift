import Archive

@testable import Relay

extension BatchRecord {
  /// One of each kind but cases.
  static func some() -> [BatchRecord] {
    let object = ArrivingObject.make()
    return [
      .manifest(StudyManifest(study: "2.25.1", caseNumber: "MIDELT-26-00042K", objects: 3, bytes: 5000)),
      .announce([object, .make(digest: String(repeating: "cd", count: 32), size: 90)]),
      .headers([
        BatchHeader(object: 1, bytes: [1, 2, 3]), BatchHeader(object: 2, bytes: []),
        BatchHeader(object: .max, bytes: [UInt8](repeating: 9, count: 300)[...]),
      ]),
      .segment(BatchSegment(object: 0x0102_0304_0506_0708, offset: 1 << 33, bytes: [5, 6, 7])),
      .health(SiteHealth(version: "0.1.0", uptime: 60, diskFree: 1 << 40, temperature: 41.5)),
      .heard(LinkHeard(demandCursor: 7)),
      .segment(BatchSegment(object: 3, offset: 0, bytes: [UInt8](repeating: 1, count: 1000)[...])),
    ]
  }
}

extension ArrivingObject {
  static func make(digest: String = String(repeating: "ab", count: 32), size: Int = 5000) -> ArrivingObject {
    ArrivingObject(
      digest: digest, receivedDigest: digest, size: size, study: "2.25.1", series: "2.25.2", instance: "2.25.3",
      sopClass: "1.2.840.10008.5.1.4.1.1.2", transferSyntax: "1.2.840.10008.1.2.4.90", header: size, frames: [],
      isLadder: false)
  }
}

extension BatchWriter {
  static func make(_ records: [BatchRecord]) throws -> [UInt8] {
    var writer = BatchWriter()
    for record in records { try writer.append(record) }
    return writer.finish()
  }
}

extension BatchReader {
  static func items(_ bytes: [UInt8], limits: BatchLimits = BatchLimits()) throws -> [Item] {
    var reader = try BatchReader(bytes, limits: limits)
    var items: [Item] = []
    while let item = try reader.next() { items.append(item) }
    return items
  }
}

extension BatchReader.Item {
  var isDamaged: Bool { if case .damaged = self { true } else { false } }
}

/// The same numbers in every run.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var word = state
    word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
    word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
    return word ^ word >> 31
  }
}
