import DICOM
import Foundation
import GRDB

/// The database that says what the archive holds: `index.sqlite`, in WAL mode.
///
/// Commits are not flushed one by one: what a power cut takes from the index, the journal gives back. All that the
/// index says can also be made again from the objects alone.
final class ArchiveIndex: Sendable {
  let pool: DatabasePool
  let path: String
  /// Whether the database had to be made: with objects beside it, it was lost.
  let isNew: Bool
  let changes = ArchiveChanges()
  let recent = RecentRecords()
  /// Checkpoints run on a connection of their own, so that commits need not wait for the disk.
  private let checkpoints: DatabaseQueue
  private let walFile: SystemFile
  private let log = Monitor(LogState())

  private struct LogState {
    var isLong = false
    var isClosing = false
    var isRunning = true
  }

  /// Bytes of the log from which on it is moved into the database, in the background.
  private static let longLog = 16 << 20
  /// Bytes of the log from which on it must start anew; then commits wait for the last bit of the move.
  private static let tooLongLog = 64 << 20

  init(directory: String) throws {
    path = directory + "/index.sqlite"
    isNew = Folder.fileSize(path) == nil
    var configuration = Configuration()
    configuration.busyMode = .timeout(20)
    configuration.maximumReaderCount = 8
    configuration.prepareDatabase { db in
      try db.execute(sql: "PRAGMA synchronous = NORMAL")
      try db.execute(sql: "PRAGMA wal_autocheckpoint = 0")
      // KiB, negative. No mapping instead: eight mappings of one file count eight times as memory in use.
      try db.execute(sql: "PRAGMA cache_size = \(db.configuration.readonly ? -2048 : -8192)")
      try db.execute(sql: "PRAGMA secure_delete = FAST")
    }
    pool = try DatabasePool(path: path, configuration: configuration)
    try IndexSchema.migrator.migrate(pool)
    var ownConfiguration = Configuration()
    ownConfiguration.busyMode = .timeout(1)
    ownConfiguration.prepareDatabase { db in
      try db.execute(sql: "PRAGMA synchronous = NORMAL")
      try db.execute(sql: "PRAGMA wal_autocheckpoint = 0")
    }
    checkpoints = try DatabaseQueue(path: path, configuration: ownConfiguration)
    walFile = try SystemFile(path + "-wal", O_RDWR | O_CREAT)
    Thread.detachNewThread { [self] in
      while log.wait({ state -> Bool? in
        if !state.isLong && !state.isClosing { return nil }
        state.isLong = false
        return !state.isClosing
      }) {
        checkpoint()
      }
      log.change { $0.isRunning = false }
    }
  }

  /// The file kept under a SOP Instance UID.
  func kept(_ instance: UID) throws -> KeptFile? {
    try pool.read { try KeptFile.fetch($0, where: "uid = ?", [instance.rawValue]) }
  }

  /// The file kept for an object that was received with these bytes.
  func kept(received digest: Digest) throws -> KeptFile? {
    try pool.read { try KeptFile.fetch($0, where: "received_digest = ?", [Data(digest.bytes)]) }
  }

  /// The file kept that has these bytes.
  func kept(digest: Digest) throws -> KeptFile? {
    try pool.read { try KeptFile.fetch($0, where: "digest = ?", [Data(digest.bytes)]) }
  }

  /// Brings every commit so far to the disk.
  func flush() throws { try walFile.flush() }

  /// To be called after a commit: has the log moved into the database when it has grown long.
  func noteCommit() {
    changes.note()
    guard let size = try? walFile.size(), size > Self.longLog else { return }
    log.change { $0.isLong = true }
  }

  /// Moves everything into the database and closes.
  func close() throws {
    log.change { $0.isClosing = true }
    log.wait { $0.isRunning ? nil : () }
    checkpoint(.truncate)
    try checkpoints.close()
    try pool.close()
  }

  /// Moves commits from the log into the database, as far as readers allow.
  private func checkpoint() {
    checkpoint(.passive)
    if let size = try? walFile.size(), size > Self.tooLongLog { checkpoint(.restart) }
  }

  /// What fails here fails for a reader in the way or for want of space, and leaves the log as it was: next time. A broken disk
  /// is seen by the journal's flushes.
  private func checkpoint(_ kind: Database.CheckpointMode) {
    _ = try? checkpoints.inDatabase { try $0.checkpoint(kind) }
  }
}
