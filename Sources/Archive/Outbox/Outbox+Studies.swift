import DICOM
import Foundation
import GRDB

extension Outbox {
  /// The studies that are here because of the link, also those that the hub has whole and that have not gone yet: the most urgent
  /// first, of those the oldest. Takes microseconds for each.
  public func studies() throws -> [OutboxStudy] {
    guard isUsed else { return [] }
    let result = try index.pool.read { db in
      try Row.fetchAll(db, sql: Self.studiesSQL).map { row in study(row) }
    }
    // Case numbers are told to the hub.
    try writer.settle()
    return result.sorted { ($0.urgency, $0.storedAt, $0.study) < ($1.urgency, $1.storedAt, $1.study) }
  }

  private static let studiesSQL = """
    SELECT uid, urgency, last_at, sealed_by, sealed_at, objects, bytes, waiting, acknowledged, acknowledged_bytes, aside,
      modalities, members, first_received_at,
      (SELECT queued_at FROM outbox INDEXED BY outbox_to_send
        WHERE outbox.study_id = outbox_study.study_id AND acknowledged_at = 0 ORDER BY outbox.id LIMIT 1),
      (SELECT printf('%d %s', patient_case.urgency, number) FROM case_study JOIN patient_case USING (number)
        WHERE study_uid = study.uid ORDER BY patient_case.urgency, created_at, number LIMIT 1)
    FROM outbox_study JOIN study ON study.id = study_id JOIN study_members USING (study_id) WHERE objects > 0
    """

  private func study(_ row: Row) -> OutboxStudy {
    let first: Double = row[13]
    let oldest: Double? = row[14]
    let named = (row[15] as String?)?.split(separator: " ", maxSplits: 1)
    let rank = named.flatMap { Int($0[0]) } ?? row[1]
    let objects: Int = row[5]
    let modalities: String = row[11]
    return OutboxStudy(
      study: row[0], caseNumber: named.map { String($0[1]) }, urgency: Urgency(rank: rank) ?? .routine,
      storedAt: Date(timeIntervalSince1970: oldest ?? first), lastStoredAt: Date(timeIntervalSince1970: row[2]),
      objects: objects, bytes: row[6], settled: waitsForPreparation ? objects - (row[7] as Int) : objects,
      acknowledged: row[8], acknowledgedBytes: row[9], aside: row[10],
      sealed: SealedBy(rawValue: row[3]).map { CaseSeal(by: $0, at: Date(timeIntervalSince1970: row[4])) },
      description: KeptTexts(row[12]).text(.studyDescription),
      modalities: modalities.split(separator: "\\").map(String.init))
  }

  /// What the hub is to be told of a study; nil when nothing of it was ever queued here.
  ///
  /// What was sent before and has gone counts, so that the hub compares with all that it has.
  public func manifest(of study: String) throws -> StudyManifest? {
    guard isUsed else { return nil }
    let manifest = try index.pool.read { db -> StudyManifest? in
      guard
        let row = try Row.fetchOne(
          db,
          sql: """
            SELECT study_id, objects, bytes, waiting, sealed_by FROM outbox_study JOIN study ON study.id = study_id
            WHERE uid = ? AND objects > 0
            """, arguments: [study])
      else { return nil }
      let gone = try Row.fetchOne(
        db, sql: "SELECT coalesce(sum(objects), 0), coalesce(sum(bytes), 0) FROM sent_study WHERE study_uid = ?",
        arguments: [study])!
      let sealer = SealedBy(rawValue: row[4])
      var manifest = StudyManifest(
        study: study, caseNumber: try CaseRows.cases(ofStudy: study, db).first?.number,
        objects: row[1] + gone[0], bytes: row[2] + gone[1], sealed: sealer != nil, sealedBy: sealer)
      // Files that are still to be prepared have no digest to speak of, and of those that went it is no longer known.
      if sealer != nil, gone[0] == 0, row[3] == 0 || !waitsForPreparation {
        let digests = try Data.fetchAll(
          db, sql: "SELECT digest FROM outbox JOIN instance ON instance.id = instance_id WHERE study_id = ?",
          arguments: [row[0] as Int64])
        manifest.digests = StudyManifest.digest(of: digests.compactMap { Digest($0)?.hex })
      }
      return manifest
    }
    try writer.settle()
    return manifest
  }

  /// How much waits. Takes microseconds for each study.
  public func totals() throws -> OutboxTotals {
    try index.pool.read { db in
      let row = try Row.fetchOne(
        db,
        sql: """
          SELECT coalesce(sum(objects - acknowledged - aside), 0), coalesce(sum(bytes - acknowledged_bytes), 0),
            coalesce(sum(aside), 0) FROM outbox_study
          """)!
      let aside: Int = row[2]
      let asideBytes =
        aside == 0 ? 0 : try Int.fetchOne(db, sql: "SELECT coalesce(sum(size), 0) FROM outbox WHERE aside != ''") ?? 0
      let oldest = try Double.fetchOne(
        db,
        sql: """
          SELECT min(queued_at) FROM outbox_study CROSS JOIN outbox ON outbox.id = (
            SELECT id FROM outbox INDEXED BY outbox_to_send
            WHERE study_id = outbox_study.study_id AND acknowledged_at = 0 AND aside = '' ORDER BY id LIMIT 1)
          WHERE objects > acknowledged + outbox_study.aside
          """)
      return OutboxTotals(
        objects: row[0], bytes: row[1] - asideBytes, oldest: oldest.map { Date(timeIntervalSince1970: $0) },
        aside: aside)
    }
  }

  /// When the oldest object came that the hub does not have; nil when nothing waits.
  public var oldest: Date? { try? totals().oldest }

  /// Studies that were sent whole and are no longer here, newest first.
  public func sent(limit: Int = 100, offset: Int = 0) throws -> [SentStudy] {
    try index.pool.read { db in
      try Self.sent("1 ORDER BY id DESC LIMIT ? OFFSET ?", [max(0, limit), max(0, offset)], db)
    }
  }

  /// What became of a study that is not here any more; nil when it was never sent from here.
  public func sent(study: String) throws -> SentStudy? {
    try index.pool.read { try Self.sent("study_uid = ? ORDER BY id DESC LIMIT 1", [study], $0) }.first
  }

  private static func sent(_ condition: String, _ arguments: StatementArguments, _ db: Database) throws -> [SentStudy] {
    try Row.fetchAll(
      db,
      sql: """
        SELECT study_uid, case_number, objects, bytes, description, modalities, stored_at, sent_at, removed_at
        FROM sent_study WHERE \(condition)
        """, arguments: arguments
    ).map { row in
      let number: String = row[1]
      let modalities: String = row[5]
      return SentStudy(
        study: row[0], caseNumber: number.isEmpty ? nil : number, objects: row[2], bytes: row[3], description: row[4],
        modalities: modalities.split(separator: "\\").map(String.init),
        storedAt: Date(timeIntervalSince1970: row[6]), sentAt: Date(timeIntervalSince1970: row[7]),
        removedAt: Date(timeIntervalSince1970: row[8]))
    }
  }
}
