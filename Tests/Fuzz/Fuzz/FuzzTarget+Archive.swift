import Foundation

@testable import Archive

extension FuzzTarget {
  /// A journal record's head as a disk might give it back. Its checksum is mended, or nothing behind it would ever be reached.
  static let journal = FuzzTarget(
    run: { input in
      var head = [UInt8](repeating: 0, count: JournalRecord.headerSize)
      head.replaceSubrange(0..<min(input.count, head.count), with: input.prefix(head.count))
      let receiptSize = head[72..<76].reversed().reduce(0) { $0 << 8 | Int($1) }
      if receiptSize <= JournalRecord.receiptLimit {
        head.replaceSubrange(12..<16, with: [0, 0, 0, 0])
        let sum = head.withUnsafeBytes { CRC32.of(UnsafeRawBufferPointer(rebasing: $0.prefix(76 + receiptSize))) }
        head.replaceSubrange(12..<16, with: (0..<4).map { UInt8(truncatingIfNeeded: sum >> ($0 * 8)) })
      }
      guard let record = head.withUnsafeBytes({ JournalRecord(decoding: $0) }) else { return }
      precondition(record.objectSize >= 0 && record.space >= JournalRecord.headerSize)
      guard let receipt = Receipt(encoded: record.receipt) else { return }
      _ = Receipt(encoded: receipt.encoded())
    },
    seeds: [
      [UInt8](unsafeUninitializedCapacity: JournalRecord.headerSize) { buffer, count in
        let receipt = Receipt(
          channel: .dimse, receivedAt: Date(timeIntervalSince1970: 1_700_000_000), callingAETitle: "SEED",
          calledAETitle: "REKKAS", peerAddress: "127.0.0.1")
        JournalRecord(kind: .inline, epoch: 3, sequence: 9, objectSize: 5000, receipt: receipt.encoded()).encode(
          into: UnsafeMutableRawBufferPointer(buffer))
        count = JournalRecord.headerSize
      }
    ])

  /// Announced objects as a site sends them, and what the index keeps of them.
  static let announcement = FuzzTarget(
    run: { input in
      let bytes = Array(input)
      if let frames = FrameExtents.decoded(bytes) {
        precondition(FrameExtents.decoded(FrameExtents.encoded(frames)) == frames)
      }
      if let ranges = FrameExtents.ranges(bytes) {
        precondition(FrameExtents.ranges(FrameExtents.encoded(ranges)) == ranges)
      }
      for object in (try? JSONDecoder().decode([ArrivingObject].self, from: Data(bytes))) ?? []
      where object.problem == nil {
        precondition(FrameExtents.decoded(FrameExtents.encoded(object.frames)) == object.frames)
        var have = ByteRanges()
        for frame in object.frames { have.insert(frame[0]..<frame[0] + frame[frame.count - 1] / 2) }
        _ = ArrivalStage(object, have)
        have.insert(0..<object.header)
        _ = ArrivalStage(object, have)
        let progress = ArrivalProgress(
          site: "A", size: object.size, have: have, header: object.header, frames: object.frames,
          isLadder: object.isLadder)
        for frame in [0, object.frames.count - 1, object.frames.count] {
          if let end = progress.end(ofFrame: frame, enough: 100) { precondition(end.bytes <= object.size) }
        }
        for range in have.missing(upTo: object.size) { have.insert(range) }
        precondition(have.isWhole(object.size) && have.pieces == 1)
      }
    },
    seeds: [
      FrameExtents.encoded([[900, 100, 4000], [9000, 5]]),
      FrameExtents.encoded(ByteRanges(flat: [0, 900, 1000, 5000])!),
      .init(
        text: """
          [{"digest":"\(String(repeating: "ab", count: 32))","receivedDigest":"\(String(repeating: "cd", count: 32))","size":5000,\
          "study":"1.2.3","series":"1.2.4","instance":"1.2.5","sopClass":"1.2.840.10008.5.1.4.1.1.2",\
          "transferSyntax":"1.2.840.10008.1.2.4.90","header":900,"frames":[[900,100,2000],[3000,100,900]],"isLadder":true}]
          """),
    ])

  /// A case as a site or a form sends it.
  static let form = FuzzTarget(
    run: { input in
      guard let item = try? JSONDecoder().decode(Case.self, from: Data(input)) else { return }
      _ = CaseNumber(item.number)
      guard (try? CaseCheck.check(item)) != nil else { return }
      guard let again = try? JSONEncoder().encode(item),
        (try? JSONDecoder().decode(Case.self, from: again)) == item
      else { fatalError("a case that was read cannot be written") }
    },
    seeds: [
      (try? JSONEncoder().encode(
        Case(
          number: "MIDELT-26-0001", site: "MIDELT", patient: CasePatient(id: "7", name: "A^B"), question: "?",
          studies: ["1.2.3"], sealed: CaseSeal(by: .staff, at: Date(timeIntervalSince1970: 1_700_000_000))))).map {
          [UInt8]($0)
        }
        ?? []
    ])

  /// Attribute matching: wild cards, ranges, names. The value, a line feed, and what a client asks for.
  static func match(_ value: String, _ pattern: String) {
    _ = MatchText.matches(value, pattern: pattern)
    _ = MatchText.dateRange(pattern)
    _ = MatchText.timeRange(pattern)
    _ = FoldedText.fold(value)
  }
}
