import DICOM
import Foundation
import Glibc

/// Reads what a journal holds after a crash.
struct JournalReplay {
  /// Segments with something to replay, oldest use first.
  let segments: [(path: String, epoch: UInt64)]
  /// The newest use of any segment; later ones must have greater numbers.
  let lastEpoch: UInt64

  /// Looks at the first record of each segment: a clean end leaves nothing to do.
  init(directory: String) throws {
    var segments: [(path: String, epoch: UInt64)] = []
    var lastEpoch: UInt64 = 0
    for path in try Self.segmentPaths(directory) {
      let file = try SystemFile(path, O_RDONLY)
      guard let record = try Self.record(in: file, at: 0) else { continue }
      lastEpoch = max(lastEpoch, record.epoch)
      if record.kind != .empty { segments.append((path, record.epoch)) }
    }
    self.segments = segments.sorted { $0.epoch < $1.epoch }
    self.lastEpoch = lastEpoch
  }

  /// The files of a journal, in order of their numbers. What was being made when the power went is removed.
  static func segmentPaths(_ directory: String) throws -> [String] {
    var numbers: [Int] = []
    for name in try Folder.names(directory) {
      if name.hasSuffix(".new") { try Folder.remove(directory + "/" + name) }
      if name.hasSuffix(".log"), let number = Int(name.dropLast(4)) { numbers.append(number) }
    }
    return numbers.sorted().map { directory + "/\($0).log" }
  }

  /// Calls `body` with each record, in the order of their writing; the closure it gets appends the object's bytes to a
  /// spool. `body` says whether those bytes are the object's: if not, the record was torn and its segment ends there.
  func forEachRecord(_ body: (JournalRecord, (Spool) throws -> Void) throws -> Bool) throws {
    for segment in segments {
      let file = try SystemFile(segment.path, O_RDONLY)
      var offset = 0
      var sequence: UInt64 = 0
      while let record = try Self.record(in: file, at: offset),
        record.epoch == segment.epoch, record.sequence == sequence, record.kind != .empty
      {
        let start = offset + JournalRecord.headerSize
        let isWhole = try body(record) { spool in
          try Self.copy(record.objectSize, from: file, at: start, to: spool)
        }
        if !isWhole { break }
        offset += record.space
        sequence += 1
      }
    }
  }

  private static func record(in file: SystemFile, at offset: Int) throws -> JournalRecord? {
    try withUnsafeTemporaryAllocation(byteCount: JournalRecord.headerSize, alignment: 16) { block in
      guard try file.read(into: block, at: offset) == block.count else { return nil }
      return JournalRecord(decoding: UnsafeRawBufferPointer(block))
    }
  }

  private static func copy(_ count: Int, from file: SystemFile, at offset: Int, to spool: Spool) throws {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)
    defer { buffer.deallocate() }
    var done = 0
    while done < count {
      let wanted = UnsafeMutableRawBufferPointer(rebasing: buffer.prefix(min(buffer.count, count - done)))
      let read = try file.read(into: wanted, at: offset + done)
      if read == 0 { return }
      try spool.append(UnsafeRawBufferPointer(rebasing: wanted.prefix(read)))
      done += read
    }
  }
}
