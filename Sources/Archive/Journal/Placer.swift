import DICOM
import Foundation
import Glibc
import Logging

/// Gives objects that so far lie only in the journal files of their own, when that costs nobody time.
///
/// A file costs about as much as everything else that is done for an object (its inode, its pages, its name), so while
/// images pour in they stay where they were made safe: in the journal. The files are made as soon as the stream pauses,
/// or when the journal needs its room back, or when somebody wants to read the object.
final class Placer: Sendable {
  /// Where an object lies that has no file yet.
  private struct Entry {
    let ticket: Journal.Ticket
    let size: Int
    /// Acknowledged, so that its file may be made; until then it is only made for somebody who asks.
    var isDue = false
    /// A thread is making the file.
    var isRunning = false
  }

  private struct State {
    var entries: [Digest: Entry] = [:]
    /// Due objects, oldest first; also ones that have a file by now.
    var due: [Digest] = []
    var firstDue = 0
    var lastArrival = ContinuousClock.now
    /// Making a file failed for want of space: not tried again before.
    var resting: ContinuousClock.Instant?
    var isClosing = false
    var isRunning = true
  }

  private static let rest = Duration.seconds(1)

  /// When nothing has come for this long, the stream has paused.
  private let pause: Duration
  private let journal: Journal
  private let objects: ObjectStore
  private let reserve: DiskReserve
  private let latch: FailureLatch
  private let metrics: ArchiveMetrics
  private let logger: Logger
  private let monitor = Monitor(State())

  init(
    pause: Duration, journal: Journal, objects: ObjectStore, reserve: DiskReserve, latch: FailureLatch,
    metrics: ArchiveMetrics,
    logger: Logger
  ) {
    self.pause = pause
    self.journal = journal
    self.objects = objects
    self.reserve = reserve
    self.latch = latch
    self.metrics = metrics
    self.logger = logger
    journal.setShortageHandler { [monitor] in monitor.wake() }
    Thread.detachNewThread { [self] in run() }
  }

  // MARK: - Of one object

  /// Takes note of an object whose bytes are in the journal; before its row exists, so that whoever finds the row finds
  /// the object. The ticket is given back to the journal by the placer.
  func expect(_ digest: Digest, _ ticket: Journal.Ticket, size: Int) {
    reserve.promise(size)
    monitor.withLock { $0.entries[digest] = Entry(ticket: ticket, size: size) }
  }

  /// The object was acknowledged: it gets its file in time.
  func acknowledge(_ digest: Digest) {
    let isFirst = monitor.withLock { state -> Bool in
      state.lastArrival = .now
      guard state.entries[digest] != nil else { return false }
      state.entries[digest]?.isDue = true
      state.due.append(digest)
      return state.due.count - state.firstDue == 1
    }
    // While there is something to do the thread looks by itself.
    if isFirst { monitor.wake() }
  }

  /// The store failed: the object will not get a file. Blocks while one is being made.
  func forget(_ digest: Digest) {
    let entry = monitor.wait { state -> Entry?? in
      if state.entries[digest]?.isRunning == true { return nil }
      return .some(state.entries.removeValue(forKey: digest))
    }
    if let entry { settle(entry) }
  }

  /// Whether the object lies in the journal only.
  func holds(_ digest: Digest) -> Bool { monitor.withLock { $0.entries[digest] != nil } }

  /// Makes the object's file if it has none yet. Blocks: the time of writing at most 1 MiB to the page cache.
  func place(_ digest: Digest) throws {
    enum Turn {
      case nothing
      case mine(Entry)
    }
    let turn = monitor.wait { state -> Turn? in
      guard let entry = state.entries[digest] else { return .nothing }
      if entry.isRunning { return nil }
      state.entries[digest]?.isRunning = true
      return .mine(entry)
    }
    guard case .mine(let entry) = turn else { return }
    do {
      try makeFile(digest, entry)
    } catch {
      monitor.change { $0.entries[digest]?.isRunning = false }
      throw error
    }
    monitor.change { $0.entries[digest] = nil }
    settle(entry)
    metrics.placed.increment()
  }

  /// Makes every file that is still to be made; blocks. For those who look at the folders themselves.
  func placeAll() throws {
    for digest in monitor.withLock({ Array($0.entries.keys) }) { try place(digest) }
  }

  /// Makes what files it can and ends. Objects that could not get one stay in the journal, for the next start.
  func close() {
    monitor.change { $0.isClosing = true }
    monitor.wait { $0.isRunning ? nil : () }
    if !monitor.withLock({ $0.entries.isEmpty }) { journal.keepRecords() }
  }

  private func settle(_ entry: Entry) {
    reserve.promise(-entry.size)
    journal.applied(entry.ticket)
  }

  private func makeFile(_ digest: Digest, _ entry: Entry) throws {
    try journal.withObject(entry.ticket, digest: digest, size: entry.size) { bytes in
      try objects.put(ObjectName(digest)) { try $0.write(bytes, at: 0) }
    }
  }

  // MARK: - The thread

  private func run() {
    while let digest = next() {
      do {
        try place(digest)
        monitor.withLock { $0.resting = nil }
        journal.noteRoom(isHopeless: false)
      } catch {
        guard (error as? SystemError)?.isDiskFull == true else {
          latch.fail(error)
          break
        }
        logger.error("The disk is full; acknowledged objects stay in the journal until there is room.")
        journal.noteRoom(isHopeless: true)
        let isClosing = monitor.withLock { state in
          state.resting = .now + Self.rest
          state.due.append(digest)
          return state.isClosing
        }
        if isClosing { break }
      }
    }
    monitor.change { $0.isRunning = false }
  }

  /// The object whose file is to be made now; nil at the end. Blocks until there is one and its time has come.
  private func next() -> Digest? {
    let wakeUp = { [pause] (state: State) -> ContinuousClock.Instant? in
      state.firstDue == state.due.count ? nil : max(state.lastArrival + pause, state.resting ?? .now)
    }
    return monitor.wait(until: wakeUp) { [pause, journal, latch] state -> Digest?? in
      while state.firstDue < state.due.count, state.entries[state.due[state.firstDue]] == nil { state.firstDue += 1 }
      if state.firstDue == state.due.count {
        state.due.removeAll(keepingCapacity: true)
        state.firstDue = 0
        return state.isClosing ? .some(nil) : nil
      }
      if latch.hasFailed { return .some(nil) }
      let digest = state.due[state.firstDue]
      let now = ContinuousClock.now
      if !state.isClosing {
        if let resting = state.resting, now < resting { return nil }
        guard now - state.lastArrival >= pause || journal.needsRoom(of: state.entries[digest]!.ticket) else {
          return nil
        }
      }
      state.firstDue += 1
      return .some(digest)
    }
  }
}
