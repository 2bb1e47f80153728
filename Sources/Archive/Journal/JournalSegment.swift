import Glibc

/// One file of the journal. It is written full of zeros once, then used again and again: a flush of bytes written over
/// old ones needs no change of the file system's own tables, and takes a third of the time.
///
/// The counters belong to the journal and are touched only under its lock.
final class JournalSegment: @unchecked Sendable {
  enum Phase {
    /// Ready for use.
    case free
    /// Takes records.
    case active
    /// Full: waits until its objects are in place, and for a checkpoint.
    case sealed
  }

  let path: String
  let capacity: Int
  let file: SystemFile
  /// Whether writes go around the page cache, which some file systems refuse.
  let isDirect: Bool

  var phase = Phase.free
  var epoch: UInt64 = 0
  /// Bytes given out to records.
  var used = 0
  var records: UInt64 = 0
  /// Records given out whose bytes are not all written yet, in order; from `first` on.
  var pending: [(end: Int, isWritten: Bool)] = []
  /// Everything before is written.
  var written = 0
  /// Everything before is on the disk.
  var flushed = 0
  /// Up to where some thread waits for records to be written.
  var awaited = 0
  /// Some thread is flushing.
  var isFlushing = false
  /// Records before ``written`` and before ``flushed``.
  var writtenRecords = 0
  var flushedRecords = 0
  /// Records whose object is not yet in place and indexed.
  var outstanding = 0
  /// Where a write failed for want of space: nothing from here on counts.
  var brokenAt: Int?

  static let minimumSize = 4 << 20

  init(opening path: String, isDirect: Bool) throws(SystemError) {
    let file: SystemFile
    var isDirect = isDirect
    do {
      file = try SystemFile(path, O_RDWR | (isDirect ? SystemFile.direct : 0))
    } catch  where error.code == EINVAL || error.code == ENOTSUP {
      file = try SystemFile(path, O_RDWR)
      isDirect = false
    }
    self.path = path
    self.file = file
    self.isDirect = isDirect
    capacity = try file.size() & ~4095
  }

  /// Makes a segment of `capacity` bytes (a multiple of 4096).
  ///
  /// Around the page cache where the file system allows it: 64 MiB take 20 ms and hardly any processor time, while
  /// through the cache they take a tenth of both processors just when images begin to come.
  static func make(_ path: String, capacity: Int) throws {
    let temporary = path + ".new"
    let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
    defer { piece.deallocate() }
    piece.initializeMemory(as: UInt8.self, repeating: 0)
    do {
      let file: SystemFile
      do {
        file = try SystemFile(temporary, O_RDWR | O_CREAT | O_TRUNC | SystemFile.direct)
      } catch  where error.code == EINVAL || error.code == ENOTSUP {
        file = try SystemFile(temporary, O_RDWR | O_CREAT | O_TRUNC)
      }
      // One request for the whole space first: one long extent instead of many short ones.
      _ = posix_fallocate(file.descriptor, 0, off_t(capacity))
      var offset = 0
      while offset < capacity {
        try file.write(UnsafeRawBufferPointer(rebasing: piece.prefix(capacity - offset)), at: offset)
        offset += piece.count
      }
      try file.flushAll()
      try Folder.rename(temporary, to: path)
    } catch {
      unlink(temporary)
      throw error
    }
  }

  /// Writes "nothing here is to be replayed" and flushes it.
  func markEmpty(epoch: UInt64) throws(SystemError) {
    let block = UnsafeMutableRawBufferPointer.allocate(byteCount: JournalRecord.headerSize, alignment: 4096)
    defer { block.deallocate() }
    JournalRecord(kind: .empty, epoch: epoch).encode(into: block)
    try file.write(UnsafeRawBufferPointer(block), at: 0)
    try file.flush()
  }

  /// Gives out space for one record.
  func reserve(_ space: Int) -> (offset: Int, sequence: UInt64)? {
    guard phase == .active, used + space <= capacity else { return nil }
    let place = (used, records)
    used += space
    records += 1
    outstanding += 1
    pending.append((used, false))
    return place
  }

  /// Notes that the record ending at `end` is written.
  func noteWritten(_ end: Int) {
    guard let index = pending.firstIndex(where: { $0.end == end }) else { return }
    pending[index].isWritten = true
    while let first = pending.first, first.isWritten, first.end <= brokenAt ?? Int.max {
      written = first.end
      writtenRecords += 1
      pending.removeFirst()
    }
  }

  /// Begins a new use.
  func activate(epoch: UInt64) {
    phase = .active
    self.epoch = epoch
    used = 0
    records = 0
    pending = []
    written = 0
    flushed = 0
    awaited = 0
    writtenRecords = 0
    flushedRecords = 0
    brokenAt = nil
  }
}
