import DICOM
import Foundation
import GRDB

/// How far the preparation of an archive is.
public struct PreparationStatus: Sendable, Hashable {
  /// Why objects of one kind are not prepared.
  public struct Reason: Sendable, Hashable, Codable {
    /// Whether somebody should look: it could not be prepared or proven.
    public let isRefusal: Bool
    /// Short and stable, for example `unused-bits`.
    public let code: String
    public let count: Int
  }

  /// Images that wait for their turn.
  public let waiting: Int
  /// When the oldest of them came; nil when none waits.
  public let oldestWaitingSince: Date?
  /// Objects that were looked at and stay as they were received. Those that came compressed or without pixels are not counted.
  public let reasons: [Reason]

  /// Objects that could not be prepared or proven.
  public var refused: Int { reasons.reduce(0) { $1.isRefusal ? $0 + $1.count : $0 } }
}

extension Archive {
  /// How far the preparation is. Takes milliseconds where a million images wait.
  public func preparationStatus() throws -> PreparationStatus {
    try index.pool.read { db in
      let waiting = try Row.fetchOne(
        db,
        sql: """
          SELECT count(*), (SELECT received_at FROM instance INDEXED BY instance_waiting WHERE preparation = 0
            ORDER BY id LIMIT 1) FROM instance INDEXED BY instance_waiting WHERE preparation = 0
          """)!
      let reasons = try Row.fetchAll(
        db,
        sql: """
          SELECT preparation, code, count(*) FROM preparation_note JOIN instance ON id = instance_id WHERE code != ''
          GROUP BY preparation, code ORDER BY preparation, code
          """
      ).map { row in
        PreparationStatus.Reason(
          isRefusal: row[0] == PreparationState.refused.rawValue, code: row[1], count: row[2])
      }
      let oldest: Double? = waiting[1]
      return PreparationStatus(
        waiting: waiting[0], oldestWaitingSince: oldest.map { Date(timeIntervalSince1970: $0) }, reasons: reasons)
    }
  }

  /// Lets everything that could not be prepared or was not to be prepared wait for another try: after a fault was mended, or with
  /// another profile. Gives how many.
  ///
  /// What got the site's name and no ladder begins again with its received file, if that is there.
  public func retryPreparation(onlyRefused: Bool = true) throws -> Int {
    let named = try index.pool.read { db in
      try Row.fetchAll(
        db,
        sql: """
          SELECT id, digest, received_digest, size, preparation FROM instance
          WHERE preparation = 3 AND digest != received_digest
          """
      ).compactMap { KeptFile($0) }
    }
    let restored = try named.count { try replacement.restore($0) }
    return try restored
      + writer.change(keepsRows: true) { db in
        let states = onlyRefused ? "3" : "2, 3"
        try db.execute(
          sql: """
            UPDATE instance SET preparation = 0 WHERE id IN (SELECT instance_id FROM preparation_note WHERE code != '')
              AND preparation IN (\(states)) AND digest = received_digest
            """)
        let count = db.changesCount
        try db.execute(
          sql: "DELETE FROM preparation_note WHERE instance_id IN (SELECT id FROM instance WHERE preparation = 0)")
        return count
      }
  }

  /// Has a study's images prepared before all others: somebody is looking at them. Costs nothing when they are.
  public func prepareSoon(study: UID) { preparation?.demand(study) }
}
