import DICOM
import Foundation
import Logging

/// The redo log: what was acknowledged and may not yet have reached the disk as a file of its own.
///
/// An arriving object is written here in one piece, flushed together with those of other senders, and then it is safe;
/// its file in the object store and its row in the index follow without a flush, and are made again from here after a
/// crash. A checkpoint brings them to the disk in bulk, and the segment is used again.
///
/// Order matters: a record is flushed only together with everything before it, so that replay may stop at the first
/// record that is not whole.
final class Journal: Sendable {
  /// A record's place.
  struct Ticket: Sendable {
    let segment: JournalSegment
    let offset: Int
    let end: Int
  }

  /// Who waits for what.
  enum Wake {
    static let flushed = 0
    static let sealed = 1
    static let room = 2
    static let count = 3
  }

  let latch: FailureLatch
  let metrics: ArchiveMetrics
  let monitor: Monitor<JournalState>
  let segmentMaker: JournalSegmentMaker

  /// Opens the journal after its records have been replayed and brought to the disk; whatever it holds is forgotten.
  ///
  /// - Parameters:
  ///   - isDurable: whether somebody waits for flushes. If not, records go through the page cache: that takes less time than the disk.
  ///   - checkpoint: must bring every object and the index to the disk.
  init(
    maker: JournalSegmentMaker, segmentCount: Int, isDurable: Bool, lastEpoch: UInt64, latch: FailureLatch,
    metrics: ArchiveMetrics, checkpoint: @escaping @Sendable () throws -> Void
  ) throws {
    self.latch = latch
    self.metrics = metrics
    segmentMaker = maker
    // The clock keeps epochs growing even if every segment that knew the last one is gone.
    let epoch = max(lastEpoch, UInt64(max(0, Date().timeIntervalSince1970)) << 20)
    let segments = try maker.openAll(isDirect: isDurable)
    for segment in segments { try segment.markEmpty(epoch: epoch) }
    monitor = Monitor(
      JournalState(segments: segments, epoch: epoch, limit: max(2, segmentCount)), conditions: Wake.count)
    Thread.detachNewThread { self.runCheckpoints(checkpoint, isDirect: isDurable) }
  }

  /// Writes a record for an arrived object, with its bytes if they are in memory. Blocks while all segments are full.
  ///
  /// Every ticket must be given back with ``applied(_:)``.
  func append(_ spool: Spool, digest: Digest, receipt: Receipt) throws(StoreFailure) -> Ticket {
    var record = JournalRecord(
      kind: spool.isInMemory ? .inline : .file, epoch: 0, objectSize: spool.count, digest: digest.bytes,
      receipt: receipt.encoded())
    let space = record.space
    var hasWaited = false
    let place = try monitor.wait(on: Wake.room) { state throws(StoreFailure) -> JournalState.Place? in
      try latch.check()
      if state.isClosing { throw StoreFailure(.cannotStore, "the archive is closed") }
      var hasWork = false
      let answer = state.reserve(space, hasWork: &hasWork)
      if hasWork { monitor.wake(Wake.sealed) }
      switch answer {
      case .place(let place):
        record.epoch = place.segment.epoch
        record.sequence = place.sequence
        return place
      case .tooLarge: throw StoreFailure(.outOfResources, "no journal segment takes \(space) bytes")
      case .wait:
        if !hasWaited { metrics.journalWaits.increment() }
        hasWaited = true
        if state.isStuck { throw StoreFailure(.outOfResources, "the disk is full: the journal cannot be emptied") }
        return nil
      }
    }
    let segment = place.segment
    let ticket = Ticket(segment: segment, offset: place.offset, end: place.offset + space)
    do {
      try write(record, of: spool, to: segment, at: place.offset)
    } catch {
      let failure = error as? SystemError
      let isFull = failure?.isDiskFull ?? false
      if !isFull { latch.fail(error) }
      monitor.withLock { state in
        segment.brokenAt = min(segment.brokenAt ?? Int.max, place.offset)
        if segment.phase == .active { segment.phase = .sealed }
        if state.active === segment { state.active = nil }
        segment.outstanding -= 1
      }
      monitor.wake(Wake.flushed)
      monitor.wake(Wake.sealed)
      throw StoreFailure(isFull ? .outOfResources : .cannotStore, "\(error)")
    }
    let letsOthersOn = monitor.withLock { _ in
      segment.noteWritten(ticket.end)
      // Somebody waits for this record, or for records behind it that were written before.
      return segment.awaited > ticket.offset
    }
    if letsOthersOn { monitor.wake(Wake.flushed) }
    return ticket
  }

  /// Notes that a record's object is in place and indexed, or that its store has failed.
  func applied(_ ticket: Ticket) {
    let isLast = monitor.withLock { _ in
      ticket.segment.outstanding -= 1
      return ticket.segment.outstanding == 0 && ticket.segment.phase == .sealed
    }
    if isLast { monitor.wake(Wake.sealed) }
  }

  /// Brings everything to the disk and leaves an empty journal. Only when no store is running.
  func close() {
    monitor.withLock { state in
      state.isClosing = true
      state.active?.phase = .sealed
      state.active = nil
    }
    for condition in 0..<Wake.count { monitor.wake(condition) }
    monitor.wait(on: Wake.room) { $0.threads == 0 ? () : nil }
  }

  private func write(_ record: JournalRecord, of spool: Spool, to segment: JournalSegment, at offset: Int) throws {
    if record.kind == .inline {
      let isWritten: Void? = try spool.withHeadRoom { buffer in
        record.encode(into: buffer)
        try segment.file.write(UnsafeRawBufferPointer(rebasing: buffer.prefix(record.space)), at: offset)
      }
      if isWritten == nil { throw ArchiveError("an object left memory while it was stored") }
    } else {
      let block = UnsafeMutableRawBufferPointer.allocate(byteCount: JournalRecord.headerSize, alignment: 4096)
      defer { block.deallocate() }
      record.encode(into: block)
      try segment.file.write(UnsafeRawBufferPointer(block), at: offset)
    }
  }
}
