import DICOM
import Foundation
import GRDB
import Logging

/// The one writer of the index.
///
/// No thread of its own: one caller at a time writes, the others wait.
final class IndexWriter: Sendable {
  private struct State {
    var isWriting = false
    /// Something was committed that nobody may hear of before it is on the disk.
    var mustFlush = false
    var isFlushing = false
    var recent = RecentRows()
  }

  private let index: ArchiveIndex
  private let rules: StoreRules
  private let latch: FailureLatch
  private let metrics: ArchiveMetrics
  private let logger: Logger
  private let monitor = Monitor(State())

  init(index: ArchiveIndex, rules: StoreRules, latch: FailureLatch, metrics: ArchiveMetrics, logger: Logger) {
    self.index = index
    self.rules = rules
    self.latch = latch
    self.metrics = metrics
    self.logger = logger
  }

  /// Adds an object to the index. Blocks until it is committed; from then on every reader finds it.
  func add(_ entry: IndexEntry) throws(StoreFailure) { try add([entry])[0].get() }

  /// Adds objects to the index in one transaction, and says of each what came of it.
  func add(_ entries: [IndexEntry]) -> [Result<Void, StoreFailure>] {
    let recent = monitor.wait { state -> RecentRows? in
      if state.isWriting { return nil }
      state.isWriting = true
      return state.recent
    }
    var mustFlush = false
    let (results, newRecent) = write(entries, recent, &mustFlush)
    monitor.change { state in
      if mustFlush { state.mustFlush = true }
      state.recent = newRecent
      state.isWriting = false
    }
    return results
  }

  /// Runs another change of the index, alone.
  ///
  /// - Parameters:
  ///   - keepsRows: no row of a study, a series, a source or a case goes or changes, so what is remembered of them stays right.
  ///   - mustFlush: nobody may hear of it before it is on the disk: see ``settle()``.
  func change<R>(
    keepsRows: Bool = false, mustFlush: Bool = false, _ body: (Database) throws -> R
  ) throws -> R {
    monitor.wait { state -> Void? in
      if state.isWriting { return nil }
      state.isWriting = true
      return ()
    }
    defer {
      monitor.change { state in
        state.isWriting = false
        if mustFlush { state.mustFlush = true }
        // Rows may have gone.
        if !keepsRows { state.recent = RecentRows() }
      }
    }
    defer { index.noteCommit() }
    return try index.pool.write(body)
  }

  /// Runs a change of the index that may add objects, alone, in one transaction.
  func transaction<R>(_ body: (inout IndexTransaction) throws -> R) throws -> R {
    let recent = monitor.wait { state -> RecentRows? in
      if state.isWriting { return nil }
      state.isWriting = true
      return state.recent
    }
    var kept = RecentRows()
    var mustFlush = false
    defer {
      monitor.change { state in
        state.isWriting = false
        if mustFlush { state.mustFlush = true }
        state.recent = kept
      }
    }
    defer { index.noteCommit() }
    let (result, newRecent, conflicts, hasNews) = try index.pool.write { db in
      var transaction = IndexTransaction(db, recent: recent, rules: rules)
      let result = try body(&transaction)
      try transaction.finish()
      return (result, transaction.recent, transaction.patientConflicts, transaction.intake.mustFlush)
    }
    kept = newRecent
    mustFlush = hasNews
    if conflicts > 0 { metrics.patientConflicts.increment(by: conflicts) }
    return result
  }

  /// Brings to the disk whatever was committed that others may hear of only then. Blocks for a flush if there is such.
  ///
  /// To be called after reading, and before telling: what was read is covered, as a commit that can be read is noted by then.
  func settle() throws {
    let isNeeded = monitor.wait { state -> Bool? in
      if state.isWriting || state.isFlushing { return nil }
      guard state.mustFlush else { return false }
      state.mustFlush = false
      state.isFlushing = true
      return true
    }
    guard isNeeded else { return }
    defer { monitor.change { $0.isFlushing = false } }
    try flush()
  }

  /// Brings every commit so far to the disk.
  func flush() throws {
    do {
      try index.flush()
    } catch {
      // What the index has written since its last flush may be lost now, whatever later flushes say.
      latch.fail(error)
      throw error
    }
  }

  private func write(
    _ entries: [IndexEntry], _ recent: RecentRows, _ mustFlush: inout Bool
  ) -> ([Result<Void, StoreFailure>], RecentRows) {
    do {
      let recent = try commit(entries, recent, &mustFlush)
      return (entries.map { _ in .success(()) }, recent)
    } catch {
      // One bad entry must not take the others with it.
      guard entries.count > 1 else { return ([.failure(failure(error))], RecentRows()) }
      var recent = RecentRows()
      let results = entries.map { entry -> Result<Void, StoreFailure> in
        do {
          recent = try commit([entry], recent, &mustFlush)
          return .success(())
        } catch {
          recent = RecentRows()
          return .failure(failure(error))
        }
      }
      return (results, recent)
    }
  }

  private func commit(
    _ entries: [IndexEntry], _ recent: RecentRows, _ mustFlush: inout Bool
  ) throws -> RecentRows {
    let (recent, conflicts, hasNews) = try index.pool.write { db in
      var transaction = IndexTransaction(db, recent: recent, rules: rules)
      for entry in entries { try transaction.add(entry) }
      try transaction.finish()
      return (transaction.recent, transaction.patientConflicts, transaction.intake.mustFlush)
    }
    if hasNews { mustFlush = true }
    index.noteCommit()
    metrics.indexBatch.record(entries.count)
    if conflicts > 0 {
      metrics.patientConflicts.increment(by: conflicts)
      logger.warning(
        "Objects of one study name different patients; the study keeps the first.",
        metadata: [
          "objects": "\(conflicts)",
          "studies": "\(Set(entries.map { $0.identity.studyInstanceUID.rawValue }).sorted())",
        ])
    }
    return recent
  }

  /// What a change that failed means for the store.
  func failure(_ error: any Error) -> StoreFailure {
    let code = (error as? DatabaseError)?.resultCode.primaryResultCode
    if code == .SQLITE_FULL { return StoreFailure(.outOfResources, "the index could not be written: \(error)") }
    // Nobody knows then what the index holds: the next start puts it right from the journal.
    if code == .SQLITE_IOERR || code == .SQLITE_CORRUPT || code == .SQLITE_NOTADB { latch.fail(error) }
    return StoreFailure(.cannotStore, "the index could not be written: \(error)")
  }
}
