import Foundation
import GRDB

/// The tables of objects that come in pieces.
enum ArrivalRows {
  /// One open arrival as the tables have it.
  struct Found: Sendable {
    let id: Int64
    let site: String
    let object: ArrivingObject
    let have: ByteRanges
    /// The row of its instance, once the header is here.
    let instance: Int64?
    /// When bytes came last, or it was announced.
    let lastAt: Date
  }

  private static let columns = """
    arrival.id, site, arrival.digest, arrival.received_digest, arrival.size, study, series, arrival.instance,
    arrival.sop_class, arrival.transfer_syntax, header, arrival.frames, is_ladder, have, instance_id, last_at
    """

  static func fetch(_ db: Database, where condition: String, _ arguments: StatementArguments) throws -> [Found] {
    try Row.fetchAll(
      db.cachedStatement(
        sql: "SELECT \(columns) FROM arrival CROSS JOIN arrival_state ON arrival_id = arrival.id WHERE \(condition)"),
      arguments: arguments
    ).compactMap { Found($0) }
  }

  static func insert(_ object: ArrivingObject, _ digest: Digest, from site: String, at now: Date, _ db: Database) throws
    -> Int64
  {
    try db.cachedStatement(
      sql: """
        INSERT INTO arrival (digest, received_digest, site, study, series, instance, sop_class, transfer_syntax, size,
          header, is_ladder, frames, announced_at) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)
        """
    ).execute(arguments: [
      Data(digest.bytes), Data(Digest(hex: object.receivedDigest)?.bytes ?? []), site, object.study, object.series,
      object.instance, object.sopClass, object.transferSyntax, object.size, object.header, object.isLadder ? 1 : 0,
      Data(FrameExtents.encoded(object.frames)), now.timeIntervalSince1970,
    ])
    let id = db.lastInsertedRowID
    try db.cachedStatement(sql: "INSERT INTO arrival_state VALUES (?,NULL,x'',0,0,?)")
      .execute(arguments: [id, now.timeIntervalSince1970])
    return id
  }

  /// Notes what is durable of an arrival.
  static func set(
    _ id: Int64, have: ByteRanges, stage: ArrivalStage, instance: Int64?, at now: Date, _ db: Database
  ) throws {
    try db.cachedStatement(
      sql: """
        UPDATE arrival_state SET have = ?, bytes = ?, stage = ?,
          instance_id = (SELECT id FROM instance WHERE id = ?), last_at = ? WHERE arrival_id = ?
        """
    ).execute(arguments: [
      Data(FrameExtents.encoded(have)), have.count, stage.rawValue, instance, now.timeIntervalSince1970, id,
    ])
  }

  static func remove(_ id: Int64, _ db: Database) throws {
    try db.cachedStatement(sql: "DELETE FROM arrival WHERE id = ?").execute(arguments: [id])
  }

  /// Ends the arrival of an instance that is whole now, and notes where it came from.
  static func remove(instance id: Int64, _ db: Database) throws {
    try db.cachedStatement(
      sql: """
        INSERT OR REPLACE INTO link_instance SELECT instance_id, site, digest FROM arrival
        JOIN arrival_state ON arrival_id = arrival.id WHERE instance_id = ?
        """
    ).execute(arguments: [id])
    try db.cachedStatement(
      sql: "DELETE FROM arrival WHERE id = (SELECT arrival_id FROM arrival_state WHERE instance_id = ?)"
    ).execute(arguments: [id])
  }

  /// Notes that an instance that is whole came from a site too.
  static func noteWhole(instance id: Int64, from site: String, _ digest: Digest, _ db: Database) throws {
    try db.cachedStatement(sql: "INSERT OR IGNORE INTO link_instance VALUES (?,?,?)")
      .execute(arguments: [id, site, Data(digest.bytes)])
  }

  // MARK: - Refusals

  /// Refusals that are remembered: the newest.
  static let mostRefusals = 10_000

  static func note(_ refusal: ArrivalRefusal, _ db: Database) throws {
    try db.cachedStatement(
      sql: """
        INSERT INTO arrival_refusal (site, digest, instance, study, reason, detail, times, first_at, last_at)
          VALUES (?,?,?,?,?,?,1,?,?)
        ON CONFLICT (site, digest) DO UPDATE SET times = times + 1, last_at = excluded.last_at,
          reason = excluded.reason, detail = excluded.detail
        """
    ).execute(arguments: [
      refusal.site, Data(Digest(hex: refusal.digest)?.bytes ?? []), refusal.instance, refusal.study,
      refusal.reason.rawValue, refusal.text, refusal.firstAt.timeIntervalSince1970,
      refusal.lastAt.timeIntervalSince1970,
    ])
    try db.cachedStatement(
      sql: "DELETE FROM arrival_refusal WHERE id <= (SELECT max(id) FROM arrival_refusal) - \(mostRefusals)"
    ).execute()
  }

  /// What was refused or damaged once, and is whole now, is no business of anybody.
  static func forgetRefusal(of digest: Digest, from site: String, _ db: Database) throws {
    try db.cachedStatement(sql: "DELETE FROM arrival_refusal WHERE site = ? AND digest = ?")
      .execute(arguments: [site, Data(digest.bytes)])
  }

  static func refusals(limit: Int, offset: Int, _ db: Database) throws -> [ArrivalRefusal] {
    try Row.fetchAll(
      db,
      sql: """
        SELECT site, digest, instance, study, reason, detail, times, first_at, last_at FROM arrival_refusal
        ORDER BY last_at DESC, id DESC LIMIT ? OFFSET ?
        """, arguments: [max(0, limit), max(0, offset)]
    ).map { row in
      ArrivalRefusal(
        site: row[0], digest: Digest(row[1] as Data)?.hex ?? "", instance: row[2], study: row[3],
        reason: ArrivalAnswer.Reason(rawValue: row[4]), text: row[5], times: row[6],
        firstAt: Date(timeIntervalSince1970: row[7]), lastAt: Date(timeIntervalSince1970: row[8]))
    }
  }
}

extension ArrivalRows.Found {
  /// nil for what this program did not write.
  fileprivate init?(_ row: Row) {
    guard let digest = Digest(row[2] as Data), let received = Digest(row[3] as Data),
      let frames = FrameExtents.decoded(Array(row[11] as Data)), let have = FrameExtents.ranges(Array(row[13] as Data))
    else { return nil }
    self.init(
      id: row[0], site: row[1],
      object: ArrivingObject(
        digest: digest.hex, receivedDigest: received.hex, size: row[4], study: row[5], series: row[6], instance: row[7],
        sopClass: row[8], transferSyntax: row[9], header: row[10], frames: frames, isLadder: row[12]),
      have: have, instance: row[14], lastAt: Date(timeIntervalSince1970: row[15]))
  }
}
