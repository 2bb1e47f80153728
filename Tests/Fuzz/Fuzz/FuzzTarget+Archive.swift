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

  /// Attribute matching: wild cards, ranges, names. The value, a line feed, and what a client asks for.
  static func match(_ value: String, _ pattern: String) {
    _ = MatchText.matches(value, pattern: pattern)
    _ = MatchText.dateRange(pattern)
    _ = MatchText.timeRange(pattern)
    _ = FoldedText.fold(value)
  }
}
