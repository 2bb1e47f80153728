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
  /// Checkpoints run on a connection of their own, so that commits need not wait for the disk.
  private let checkpoints: DatabaseQueue
  private let walFile: SystemFile

  init(directory: String) throws {
    path = directory + "/index.sqlite"
    isNew = Folder.fileSize(path) == nil
    var configuration = Configuration()
    configuration.busyMode = .timeout(20)
    configuration.maximumReaderCount = 8
    configuration.prepareDatabase { db in
      try db.execute(sql: "PRAGMA synchronous = NORMAL")
      try db.execute(sql: "PRAGMA wal_autocheckpoint = 0")
      try db.execute(sql: "PRAGMA cache_size = -4096")
      try db.execute(sql: "PRAGMA mmap_size = 67108864")
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
  }

  /// The digest kept under a SOP Instance UID.
  func digest(of instance: UID) throws -> Digest? {
    try pool.read { db in
      try Data.fetchOne(
        db.cachedStatement(sql: "SELECT digest FROM instance WHERE uid = ?"), arguments: [instance.rawValue])
    }.flatMap { Digest($0) }
  }

  /// Brings every commit so far to the disk.
  func flush() throws { try walFile.flush() }

  /// Moves commits from the log into the database, as far as readers allow; the log starts anew when it has grown long.
  func checkpoint() throws {
    try checkpoint(.passive)
    // Short, as all but the last commits have just been moved.
    if try logSize() > 48 << 20 { try checkpoint(.restart) }
  }

  /// Bytes of the log.
  func logSize() throws -> Int { try walFile.size() }

  private func checkpoint(_ kind: Database.CheckpointMode) throws {
    do {
      _ = try checkpoints.inDatabase { try $0.checkpoint(kind) }
    } catch let error as DatabaseError
      where [.SQLITE_BUSY, .SQLITE_LOCKED, .SQLITE_FULL].contains(error.resultCode.primaryResultCode)
    {
      // A reader is in the way, or the database cannot grow: the log keeps everything until next time.
    }
  }

  /// Moves everything into the database and closes.
  func close() throws {
    try checkpoint(.truncate)
    try checkpoints.close()
    try pool.close()
  }
}
