import DICOM
import Foundation
import GRDB

extension Replacement {
  /// What came of a removal.
  struct Removal: Sendable {
    /// Of the files that were removed.
    var bytes = 0
    /// Not removed, because somebody may read them.
    var read: [SupersededFiles.File] = []
    /// Received files that took the places of prepared ones again.
    var restored = 0
  }

  /// What earlier processes left, oldest first. Reads a row for each, no files.
  func superseded() throws -> SupersededFiles {
    let (now, clock) = (Date().timeIntervalSince1970, ContinuousClock.now)
    return try index.pool.read { db in
      var files = SupersededFiles()
      let rows = try Row.fetchCursor(
        db, sql: "SELECT instance_id, prepared_at FROM prepared_file WHERE received_file = 1 ORDER BY prepared_at")
      while let row = try rows.next() {
        let preparedAt: Double = row[1]
        // A clock that was set back makes nothing younger than now.
        let age = Duration.seconds(max(0, now - preparedAt))
        files.append(SupersededFiles.File(instance: row[0], preparedAt: preparedAt, since: clock - age))
      }
      return files
    }
  }

  /// Removes received files for which prepared ones stand, and notes it.
  ///
  /// A file is removed only while its object's row and prepared file are what they were; else it is left to the next start. What an
  /// earlier process replaced is read first: where the prepared file is not good, the received one takes its place again.
  ///
  /// - Parameter isOverdue: whether a file goes although somebody may read it.
  func remove(
    _ files: [SupersededFiles.File], isOverdue: (SupersededFiles.File) -> Bool = { _ in false }
  ) throws -> Removal {
    var removal = Removal()
    var removed: [Int64] = []
    for (file, object) in zip(files, try index.pool.read { db in try files.map { try Object($0, db) } }) {
      // Otherwise it is no longer as it was replaced.
      guard let object else { continue }
      guard isOverdue(file) || leases.isFree(object.study, upTo: file.lease) else {
        removal.read.append(file)
        continue
      }
      let (kept, received) = (object.kept, ObjectName(object.kept.name.received))
      // Whoever stores this object, or looks after it, is not disturbed.
      try flights.alone(object.instance) { () throws in
        if file.isProven {
          guard Folder.fileSize(objects.path(kept.name)) == kept.size else { return }
        } else if (try? ObjectCheck.digest(of: objects.path(kept.name))) != kept.name.digest {
          guard try index.kept(received: received.received)?.name == kept.name else { return }
          // What cannot even be read is left to the next start, too.
          if (try? restore(kept)) == true { removal.restored += 1 }
          return
        }
        removal.bytes += Folder.fileSize(objects.path(received)) ?? 0
        try objects.remove(received)
        removed.append(file.instance)
      }
    }
    if !removed.isEmpty {
      try writer.change(keepsRows: true) { try IndexReplacement.note(.gone, instances: removed, $0) }
    }
    return removal
  }

  private struct Object {
    let kept: KeptFile
    let study: UID
    let instance: UID

    /// nil when the file's row is another by now.
    init?(_ file: SupersededFiles.File, _ db: Database) throws {
      let statement = try db.cachedStatement(
        sql: """
          SELECT instance.id, digest, received_digest, size, preparation, study.uid, instance.uid FROM prepared_file
          CROSS JOIN instance ON instance.id = instance_id CROSS JOIN series ON series.id = series_id
          CROSS JOIN study ON study.id = study_id
          WHERE instance_id = ? AND received_file = 1 AND prepared_at = ?
          """)
      guard let row = try Row.fetchOne(statement, arguments: [file.instance, file.preparedAt]), let kept = KeptFile(row)
      else { return nil }
      self.kept = kept
      study = UID(rawValue: row[5])
      instance = UID(rawValue: row[6])
    }
  }
}
