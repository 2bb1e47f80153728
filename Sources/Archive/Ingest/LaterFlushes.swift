import Foundation
import GRDB

/// Flushes in the background, for an archive that answers before its bytes are on the disk.
///
/// The index remembers up to which row the last flush reached: after a power cut only later rows are looked at.
final class LaterFlushes: Sendable {
  static let stateName = "flushedInstance"

  private struct State {
    var bytes = 0
    var isClosing = false
    var isRunning = true
  }

  private let index: ArchiveIndex
  private let writer: IndexWriter
  private let journal: Journal
  private let latch: FailureLatch
  private let checkpoint: @Sendable () throws -> Void
  /// Bytes after which it flushes.
  private let interval: Int
  private let monitor = Monitor(State())

  /// Flushes whenever `bytes` have come since the last time.
  init(
    index: ArchiveIndex, writer: IndexWriter, journal: Journal, bytes: Int, latch: FailureLatch,
    checkpoint: @escaping @Sendable () throws -> Void
  ) throws {
    self.index = index
    self.writer = writer
    self.journal = journal
    self.latch = latch
    self.checkpoint = checkpoint
    interval = bytes
    try noteFlushed()
    try index.flush()
    Thread.detachNewThread { [self] in
      var isLast = false
      while !isLast {
        isLast = monitor.wait { state -> Bool? in
          guard state.bytes >= bytes || state.isClosing else { return nil }
          state.bytes = 0
          return state.isClosing
        }
        do {
          // First note how far the rows reach, then flush, then make that the truth. Each of these rows has its record in the
          // journal, but replay ends at the first record that is missing: so those before must be written, too.
          let last = try newestInstance()
          guard try journal.waitUntilWritten() else { continue }
          try checkpoint()
          try noteFlushed(last)
        } catch {
          latch.fail(error)
          isLast = true
        }
      }
      monitor.change { $0.isRunning = false }
    }
  }

  /// Notes that `bytes` were stored.
  func note(_ bytes: Int) {
    let isDue = monitor.withLock { state in
      state.bytes += bytes
      return state.bytes >= interval
    }
    if isDue { monitor.wake() }
  }

  /// Flushes and ends; a clean end leaves nothing to look at.
  func close() {
    monitor.change { $0.isClosing = true }
    monitor.wait { $0.isRunning ? nil : () }
    if !latch.hasFailed {
      _ = try? writer.change { try $0.execute(sql: "DELETE FROM state WHERE name = ?", arguments: [Self.stateName]) }
    }
  }

  private func newestInstance() throws -> Int64 {
    try index.pool.read { try Int64.fetchOne($0, sql: "SELECT max(id) FROM instance") ?? 0 }
  }

  private func noteFlushed(_ last: Int64? = nil) throws {
    let last = try last ?? newestInstance()
    try writer.change {
      try $0.execute(
        sql: "INSERT INTO state VALUES (?,?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        arguments: [Self.stateName, last])
    }
  }
}
