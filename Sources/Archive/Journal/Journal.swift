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
    fileprivate let segment: JournalSegment
    fileprivate let offset: Int
    fileprivate let end: Int
  }

  private struct State {
    var segments: [JournalSegment]
    var active: JournalSegment?
    var epoch: UInt64
    /// Someone waits for a segment that has to be made.
    var wantsSegment = false
    /// Making one failed: not tried again until a checkpoint has made room.
    var cannotGrow = false
    /// Objects cannot get files, so no segment becomes free: the disk is full.
    var isStuck = false
    /// Some objects have no file: at the end their segments are left as they are, for the next start.
    var keepsRecords = false
    /// Called, with the lock held, when no segment is left but the active one.
    var onShortage: @Sendable () -> Void = {}
    var isClosing = false
    var threads = 0
  }

  /// Who waits for what.
  private enum Wake {
    static let flushed = 0
    static let sealed = 1
    static let room = 2
    static let count = 3
  }

  private let directory: String
  private let segmentSize: Int
  private let segmentCount: Int
  private let reserve: DiskReserve
  private let latch: FailureLatch
  private let metrics: ArchiveMetrics
  private let logger: Logger
  private let checkpoint: @Sendable () throws -> Void
  private let monitor: Monitor<State>

  /// Bytes of the first two segments, which are made while a new archive starts: at most what takes about 50 ms each.
  static func firstSegmentSize(_ size: Int) -> Int { min(size, 64 << 20) }

  /// Opens the journal after its records have been replayed and brought to the disk; whatever it holds is forgotten.
  ///
  /// `checkpoint` must bring every object and the index to the disk.
  init(
    directory: String, segmentSize: Int, segmentCount: Int, lastEpoch: UInt64, reserve: DiskReserve,
    latch: FailureLatch,
    metrics: ArchiveMetrics, logger: Logger, checkpoint: @escaping @Sendable () throws -> Void
  ) throws {
    self.directory = directory
    self.segmentSize = max(segmentSize, JournalSegment.minimumSize) & ~4095
    self.segmentCount = max(2, segmentCount)
    self.reserve = reserve
    self.latch = latch
    self.metrics = metrics
    self.logger = logger
    self.checkpoint = checkpoint
    // The clock keeps epochs growing even if every segment that knew the last one is gone.
    let epoch = max(lastEpoch, UInt64(max(0, Date().timeIntervalSince1970)) << 20)
    if try JournalReplay.segmentPaths(directory).isEmpty {
      // Two at once, before the first image: making one while images come in costs each of them its share of the disk.
      for number in 0...1 {
        try JournalSegment.make(directory + "/\(number).log", capacity: Self.firstSegmentSize(self.segmentSize))
      }
      try Folder.flush(directory)
    }
    let segments = try JournalReplay.segmentPaths(directory).map { try JournalSegment(opening: $0) }
      .filter { $0.capacity >= JournalSegment.minimumSize }
    for segment in segments { try segment.markEmpty(epoch: epoch) }
    monitor = Monitor(State(segments: segments, epoch: epoch, threads: 1), conditions: Wake.count)
    Thread.detachNewThread { self.runCheckpoints() }
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
    let (segment, offset) = try monitor.wait(on: Wake.room) { state throws(StoreFailure) in
      try latch.check()
      if state.isClosing { throw StoreFailure(.cannotStore, "the archive is closed") }
      guard let place = try Self.reserve(space, &state, limit: segmentCount, monitor) else {
        if !hasWaited { metrics.journalWaits.increment() }
        hasWaited = true
        if state.isStuck { throw StoreFailure(.outOfResources, "the disk is full: the journal cannot be emptied") }
        return nil as (JournalSegment, Int)?
      }
      record.epoch = place.0.epoch
      record.sequence = place.2
      return (place.0, place.1)
    }
    let ticket = Ticket(segment: segment, offset: offset, end: offset + space)
    do {
      try write(record, of: spool, to: segment, at: offset)
    } catch {
      let failure = error as? SystemError
      let isFull = failure?.isDiskFull ?? false
      if !isFull { latch.fail(error) }
      monitor.withLock { state in
        segment.brokenAt = min(segment.brokenAt ?? Int.max, offset)
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
      // Records behind this one were written before it: one of their threads may flush now, if this one is not to.
      return segment.written > ticket.end && !segment.isFlushing
    }
    if letsOthersOn { monitor.wake(Wake.flushed) }
    return ticket
  }

  /// Blocks until the record is on the disk.
  ///
  /// No thread of its own flushes: of those that wait, one flushes for all whose records are written by then, and a lone
  /// sender waits for the disk only, not for two threads to wake each other.
  func waitUntilFlushed(_ ticket: Ticket) throws(StoreFailure) {
    let segment = ticket.segment
    enum Turn {
      case done
      case flush(end: Int, records: Int)
    }
    while true {
      let turn = try monitor.wait(on: Wake.flushed) { _ throws(StoreFailure) -> Turn? in
        if segment.flushed >= ticket.end { return .done }
        try latch.check()
        if let brokenAt = segment.brokenAt, brokenAt < ticket.end {
          throw StoreFailure(.outOfResources, "the disk is full: the journal could not be written")
        }
        if segment.isFlushing || segment.written < ticket.end { return nil }
        segment.isFlushing = true
        return .flush(end: segment.written, records: segment.writtenRecords)
      }
      guard case .flush(let end, let records) = turn else { return }
      flush(segment, end: end, records: records)
    }
  }

  private func flush(_ segment: JournalSegment, end: Int, records: Int) {
    let start = ContinuousClock.now
    do {
      try segment.file.flush()
    } catch {
      latch.fail(error)
      monitor.wake(Wake.flushed)
      return
    }
    let (count, fill) = monitor.change(waking: Wake.flushed) { state in
      segment.flushed = end
      segment.isFlushing = false
      let count = records - segment.flushedRecords
      segment.flushedRecords = records
      return (count, state.segments.reduce(0) { $0 + ($1.phase == .free ? 0 : $1.used) })
    }
    metrics.flush.record(duration: ContinuousClock.now - start)
    metrics.flushBatch.record(count)
    metrics.journalFill.record(fill)
  }

  /// Notes that a record's object is in place and indexed, or that its store has failed.
  func applied(_ ticket: Ticket) {
    let isLast = monitor.withLock { _ in
      ticket.segment.outstanding -= 1
      return ticket.segment.outstanding == 0 && ticket.segment.phase == .sealed
    }
    if isLast { monitor.wake(Wake.sealed) }
  }

  // MARK: - Objects without a file

  /// Sets what is called, on the thread of some store, when the journal needs objects to get their files.
  func setShortageHandler(_ handler: @escaping @Sendable () -> Void) {
    monitor.withLock { $0.onShortage = handler }
  }

  /// Whether the room of this record is needed for others.
  func needsRoom(of ticket: Ticket) -> Bool {
    monitor.withLock { ticket.segment.phase == .sealed && Self.isShort($0, limit: segmentCount) }
  }

  /// Says whether objects get their files, so that stores need not wait for room that may not come.
  func noteRoom(isHopeless: Bool) {
    let hasChanged = monitor.withLock { state in
      defer { state.isStuck = isHopeless }
      return state.isStuck != isHopeless
    }
    if hasChanged { monitor.wake(Wake.room) }
  }

  /// Has ``close()`` leave the records of objects that have no file.
  func keepRecords() { monitor.withLock { $0.keepsRecords = true } }

  /// Lends the bytes of an object that lies in the journal, read from there.
  ///
  /// Only between ``append(_:digest:receipt:)`` and ``applied(_:)`` of its ticket.
  func withObject<R>(
    _ ticket: Ticket, digest: Digest, size: Int, _ body: (UnsafeRawBufferPointer) throws -> R
  ) throws -> R {
    let block = UnsafeMutableRawBufferPointer.allocate(byteCount: ticket.end - ticket.offset, alignment: 4096)
    defer { block.deallocate() }
    let count = try ticket.segment.file.read(into: block, at: ticket.offset)
    // The head says whose bytes these are: no mistake of ours must put them under another object's name.
    guard count == block.count, let record = JournalRecord(decoding: UnsafeRawBufferPointer(block)),
      record.kind == .inline, record.digest == digest.bytes, record.objectSize == size,
      record.epoch == ticket.segment.epoch
    else { throw ArchiveError("the journal does not hold the object where it was written") }
    let start = JournalRecord.headerSize
    return try body(UnsafeRawBufferPointer(rebasing: block[start..<start + size]))
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

  // MARK: - Writing

  private static func reserve(
    _ space: Int, _ state: inout State, limit: Int, _ monitor: Monitor<State>
  ) throws(StoreFailure) -> (JournalSegment, Int, UInt64)? {
    if let active = state.active {
      if let place = active.reserve(space) {
        if active.used > active.capacity / 8 { requestSegment(&state, limit: limit, monitor) }
        return (active, place.offset, place.sequence)
      }
      active.phase = .sealed
      state.active = nil
      monitor.wake(Wake.sealed)
      if isShort(state, limit: limit) { state.onShortage() }
    }
    requestSegment(&state, limit: limit, monitor)
    let fitting = state.segments.filter { $0.capacity >= space }
    guard let next = fitting.filter({ $0.phase == .free }).max(by: { $0.capacity < $1.capacity }) else {
      if fitting.isEmpty && !state.wantsSegment {
        throw StoreFailure(.outOfResources, "no journal segment takes \(space) bytes")
      }
      return nil
    }
    state.epoch += 1
    next.activate(epoch: state.epoch)
    state.active = next
    return next.reserve(space).map { (next, $0.offset, $0.sequence) }
  }

  /// Has another segment made, while the present one fills, if no other is free and more are allowed.
  private static func requestSegment(_ state: inout State, limit: Int, _ monitor: Monitor<State>) {
    guard !state.wantsSegment, !state.cannotGrow, state.segments.count < limit,
      !state.segments.contains(where: { $0.phase == .free })
    else { return }
    state.wantsSegment = true
    monitor.wake(Wake.sealed)
  }

  /// Whether no further segment can be begun unless one is emptied.
  private static func isShort(_ state: State, limit: Int) -> Bool {
    !state.segments.contains { $0.phase == .free } && (state.cannotGrow || state.segments.count >= limit)
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

  // MARK: - Threads

  private enum Work {
    case checkpoint([JournalSegment])
    case makeSegment(path: String)
    case stop
  }

  /// Empties full segments, and makes new ones ahead of need.
  private func runCheckpoints() {
    while true {
      let work = monitor.wait(on: Wake.sealed) { state -> Work? in
        if latch.hasFailed { return .stop }
        let ready = state.segments.filter { $0.phase == .sealed && $0.outstanding == 0 }
        if !ready.isEmpty { return .checkpoint(ready) }
        if state.isClosing {
          return state.keepsRecords || state.segments.allSatisfy { $0.phase == .free } ? .stop : nil
        }
        return state.wantsSegment ? .makeSegment(path: freePath(state)) : nil
      }
      switch work {
      case .checkpoint(let segments): empty(segments)
      case .makeSegment(let path): makeSegment(path)
      case .stop:
        endThread()
        return
      }
    }
  }

  private func empty(_ segments: [JournalSegment]) {
    let start = ContinuousClock.now
    do {
      try checkpoint()
      for segment in segments { try segment.markEmpty(epoch: segment.epoch) }
    } catch {
      latch.fail(error)
      for condition in 0..<Wake.count { monitor.wake(condition) }
      return
    }
    monitor.change(waking: Wake.room) { state in
      for segment in segments { segment.phase = .free }
      state.cannotGrow = false
    }
    metrics.checkpoint.record(duration: ContinuousClock.now - start)
  }

  private func freePath(_ state: State) -> String {
    let used = Set(state.segments.map(\.path))
    return (0...state.segments.count).lazy.map { "\(self.directory)/\($0).log" }.first { !used.contains($0) }!
  }

  private func makeSegment(_ path: String) {
    do {
      try reserve.require(segmentSize)
      try JournalSegment.make(path, capacity: segmentSize)
      try Folder.flush(directory)
      let segment = try JournalSegment(opening: path)
      let epoch = monitor.withLock { $0.epoch }
      try segment.markEmpty(epoch: epoch)
      monitor.change(waking: Wake.room) { state in
        state.segments.append(segment)
        state.wantsSegment = false
      }
    } catch {
      logger.warning("The journal cannot grow; it goes on with what it has.", metadata: ["error": "\(error)"])
      monitor.change(waking: Wake.room) { state in
        state.wantsSegment = false
        state.cannotGrow = true
      }
    }
  }

  private func endThread() { monitor.change(waking: Wake.room) { $0.threads -= 1 } }
}
