import DICOM
import Foundation
import GRDB

/// An object that waits to be prepared.
struct PreparationJob: Sendable, Hashable {
  /// The row.
  let id: Int64
  let instance: UID
  let study: UID
  /// The row of its series.
  let series: Int64
  let received: Digest
  let size: Int
  let transferSyntax: UID
  let receivedAt: Date
  /// AE title of its sender; empty when nobody said it.
  let sender: String
  /// How often it was begun and never ended: each time the process went down.
  let attempts: Int
}

extension PreparationJob {
  /// From a row with the columns of ``ArchiveIndex/waiting(_:)``.
  fileprivate init?(_ row: Row) {
    guard let received = Digest(row[4] as Data) else { return nil }
    self.init(
      id: row[0], instance: UID(rawValue: row[1]), study: UID(rawValue: row[2]), series: row[3], received: received,
      size: row[5], transferSyntax: UID(rawValue: row[6]), receivedAt: Date(timeIntervalSince1970: row[7]),
      sender: row[9], attempts: row[8])
  }
}

/// The queue of the preparation: rows in state "waiting", of which a partial index knows the order.
extension ArchiveIndex {
  /// What waits of a study, by series and number.
  func waiting(_ study: UID) throws -> [PreparationJob] {
    try pool.read { db in
      try Row.fetchAll(
        db.cachedStatement(
          sql: """
            SELECT instance.id, instance.uid, study.uid, series.id, received_digest, size, transfer_syntax, received_at,
              coalesce(attempts, 0), coalesce(calling_ae_title, '')
            FROM study CROSS JOIN series ON series.study_id = study.id
            CROSS JOIN instance ON instance.series_id = series.id
            LEFT JOIN preparation_note ON instance_id = instance.id
            LEFT JOIN source ON source.id = source_id
            WHERE study.uid = ? AND preparation = 0
            ORDER BY series.number, series.id, instance.number, instance.id LIMIT 20000
            """), arguments: [study.rawValue]
      ).compactMap { PreparationJob($0) }
    }
  }

  /// The study of the newest object that waits and is none of these.
  func newestWaiting(except ids: some Collection<Int64>) throws -> UID? {
    try pool.read { db in
      try String.fetchOne(
        db,
        sql: """
          SELECT study.uid FROM instance INDEXED BY instance_waiting CROSS JOIN series ON series.id = series_id
          CROSS JOIN study ON study.id = study_id WHERE preparation = 0
            AND instance.id NOT IN (\(ids.map(String.init).joined(separator: ",")))
          ORDER BY instance.id DESC LIMIT 1
          """)
    }.map { UID(rawValue: $0) }
  }
}

/// What the index notes of an object on its way.
enum PreparationNote {
  static func begin(_ job: PreparationJob, _ db: Database) throws {
    try db.cachedStatement(
      sql: """
        INSERT INTO preparation_note VALUES (?,1,'','',?)
        ON CONFLICT (instance_id) DO UPDATE SET attempts = attempts + 1, noted_at = excluded.noted_at
        """
    ).execute(arguments: [job.id, Date().timeIntervalSince1970])
  }

  /// The attempt ended without a result, and the process is well.
  static func giveUp(_ job: PreparationJob, _ db: Database) throws {
    try db.execute(
      sql: "UPDATE preparation_note SET attempts = max(0, attempts - 1) WHERE instance_id = ?", arguments: [job.id])
    try db.execute(sql: "DELETE FROM preparation_note WHERE instance_id = ? AND attempts = 0", arguments: [job.id])
  }

  /// The received file stays.
  static func end(
    _ job: PreparationJob, _ state: PreparationState, code: String, detail: String, _ db: Database
  ) throws {
    try db.execute(
      sql: "UPDATE instance SET preparation = ? WHERE id = ? AND preparation = 0",
      arguments: [state.rawValue, job.id])
    if db.changesCount == 1 { try put(instance: job.id, code: code, detail: detail, db) }
  }

  /// Why an object is not prepared.
  static func put(instance id: Int64, code: String, detail: String, _ db: Database) throws {
    try db.execute(
      sql: "INSERT OR REPLACE INTO preparation_note VALUES (?,0,?,?,?)",
      arguments: [id, code, detail, Date().timeIntervalSince1970])
  }
}
