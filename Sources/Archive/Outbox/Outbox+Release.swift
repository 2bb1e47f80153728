import DICOM
import Foundation
import GRDB

extension Outbox {
  /// Removes by the rule: what the hub has had for so long by its own clock, and what must go to make room.
  ///
  /// While the hub was not heard since the start nobody knows what time it is, and nothing goes for its age.
  func release(byRule age: Duration?) throws -> Int {
    let date = clock.date()
    return try release(olderThan: date == nil ? nil : age, freeing: reserve.shortage(), at: date ?? Date())
  }

  /// Removes what the hub has: whole studies only, sealed, of which it has acknowledged every object. Gives how many objects.
  ///
  /// In this order, so that nothing goes for which there is no receipt on the disk: the receipts are flushed; one transaction takes the
  /// rows out, writes the study into the history and notes the files; that is flushed; then the files go, as soon as nobody reads them.
  ///
  /// - Parameters:
  ///   - age: since the hub had the last of a study's objects; nil removes nothing for its age.
  ///   - bytes: that are wanted besides, whatever the age; the oldest go.
  ///   - now: of the same clock as that of the receipts.
  @discardableResult
  public func release(olderThan age: Duration?, freeing bytes: Int = 0, at now: Date = Date()) throws -> Int {
    guard isUsed else { return 0 }
    var count = 0
    var freed = 0
    let studies = try index.pool.read { try Self.removable($0) }
    if studies.isEmpty { return 0 }
    try flush()
    let due = age.map { now.timeIntervalSince1970 - $0 / .seconds(1) } ?? -.infinity
    for study in studies where study.acknowledgedAt <= due || freed < bytes {
      let removed = try writer.change { try remove(study.id, $0) }
      count += removed
      if removed > 0 { freed += study.bytes }
    }
    if count > 0 {
      try flush()
      try removeFiles()
    }
    return count
  }

  private struct Removable {
    let id: Int64
    let bytes: Int
    let acknowledgedAt: Double
  }

  /// A study that may go. Nothing else is ever removed.
  private static let isRemovable = """
    objects > 0 AND acknowledged = objects AND sealed_by != ''
      AND objects = (SELECT instance_count FROM study WHERE study.id = outbox_study.study_id)
    """

  private static func removable(_ db: Database) throws -> [Removable] {
    try Row.fetchAll(
      db,
      sql: "SELECT study_id, bytes, acknowledged_at FROM outbox_study WHERE \(isRemovable) ORDER BY acknowledged_at"
    ).map { Removable(id: $0[0], bytes: $0[1], acknowledgedAt: $0[2]) }
  }

  /// Takes a study's rows out, if it still may go. Gives how many objects.
  private func remove(_ study: Int64, _ db: Database) throws -> Int {
    let row = try Row.fetchOne(
      db,
      sql: """
        SELECT uid, objects, bytes, members, modalities, first_received_at, acknowledged_at FROM outbox_study
        JOIN study ON study.id = study_id JOIN study_members USING (study_id) WHERE study_id = ? AND \(Self.isRemovable)
        """, arguments: [study])
    guard let row else { return 0 }
    let uid: String = row[0]
    try db.execute(
      sql: """
        INSERT INTO sent_study (study_uid, case_number, objects, bytes, description, modalities, stored_at, sent_at, removed_at)
        VALUES (?,?,?,?,?,?,?,?,?)
        """,
      arguments: [
        uid, try CaseRows.cases(ofStudy: uid, db).first?.number ?? "", row[1] as Int, row[2] as Int,
        KeptTexts(row[3]).text(.studyDescription), row[4] as String, row[5] as Double, row[6] as Double,
        Date().timeIntervalSince1970,
      ])
    let instances = "FROM outbox JOIN instance ON instance.id = instance_id WHERE outbox.study_id = ?"
    try db.execute(
      sql: "INSERT OR REPLACE INTO sent_file SELECT digest, received_digest, uid, ? \(instances)",
      arguments: [uid, study])
    try db.execute(sql: "INSERT OR IGNORE INTO sent_object SELECT received_digest \(instances)", arguments: [study])
    let ids = try Int64.fetchAll(db, sql: "SELECT instance_id FROM outbox WHERE study_id = ?", arguments: [study])
    for id in ids { try IndexRemoval.remove(instance: id, db) }
    return ids.count
  }

  // MARK: - Files

  private struct SentFile {
    let name: ObjectName
    let instance: UID
    let study: UID
    let digest: Data
  }

  /// Removes the files of rows that are gone, but for those that somebody reads. Also at start, for what an end without goodbye left.
  func removeFiles() throws {
    let files = try index.pool.read { db in
      try Row.fetchAll(db, sql: "SELECT digest, received_digest, instance_uid, study_uid FROM sent_file").compactMap {
        row in
        guard let digest = Digest(row[0] as Data), let received = Digest(row[1] as Data) else {
          return nil as SentFile?
        }
        return SentFile(
          name: ObjectName(digest, received: received), instance: UID(rawValue: row[2]),
          study: UID(rawValue: row[3]), digest: row[0] as Data)
      }
    }.filter { leases.isFree($0.study, upTo: .max) }
    if files.isEmpty { return }
    for file in files {
      // The same object may just be coming again.
      try flights.alone(file.instance) { () throws in
        // What lies in the journal only would get its file after it was removed.
        try placer.place(file.name.received)
        guard try index.kept(received: file.name.received) == nil, try index.kept(digest: file.name.digest) == nil
        else { return }
        for name in [file.name, ObjectName(file.name.received)] where Folder.fileSize(objects.path(name)) != nil {
          try objects.remove(name)
        }
      }
    }
    try writer.change(keepsRows: true) { db in
      for file in files {
        try db.execute(
          sql: "DELETE FROM sent_file WHERE digest = ? AND received_digest = ?",
          arguments: [file.digest, Data(file.name.received.bytes)])
      }
    }
  }

  private func flush() throws { try writer.flush() }
}

extension ArchiveIndex {
  /// Whether an object with these received bytes was sent and removed since the journal was last empty: it must not come back from there.
  func wasSent(_ received: Digest) throws -> Bool {
    try pool.read { db in
      try Bool.fetchOne(
        db, sql: "SELECT EXISTS (SELECT 1 FROM sent_object WHERE received_digest = ?)",
        arguments: [Data(received.bytes)]) ?? false
    }
  }
}
