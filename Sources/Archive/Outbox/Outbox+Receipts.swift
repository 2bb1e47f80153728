import DICOM
import Foundation
import GRDB

extension Outbox {
  /// After so many failures an object steps aside.
  public static let mostFailures = 3

  /// The hub has these objects whole, by the digest that travelled or the one that was received.
  ///
  /// A receipt that a power cut takes is harmless: the object is announced again, and the hub says at once that it has it. Before anything
  /// is removed, receipts are on the disk.
  public func acknowledge(_ digests: [String]) throws {
    let digests = digests.compactMap { Digest(hex: $0) }.map { Data($0.bytes) }
    if digests.isEmpty { return }
    try writer.change(keepsRows: true) { db in
      let update = try db.cachedStatement(
        sql: """
          UPDATE outbox SET acknowledged_at = ?, aside = '' WHERE acknowledged_at = 0 AND instance_id IN (
            SELECT id FROM instance WHERE digest = ? UNION SELECT id FROM instance WHERE received_digest = ?)
          """)
      // A clock that stands at zero must not look like "not yet".
      let now = max(1, (clock.date() ?? Date()).timeIntervalSince1970)
      for digest in digests { try update.execute(arguments: [now, digest, digest]) }
    }
  }

  /// Counts a try that ended badly because of this object; the third sets it aside. Gives whether it is aside now.
  @discardableResult
  public func noteFailure(_ id: Int64, reason: String) throws -> Bool {
    try writer.change(keepsRows: true) { db in
      try db.execute(
        sql: """
          UPDATE outbox SET failures = failures + 1, aside = iif(failures + 1 >= ?, ?, aside)
          WHERE id = ? AND acknowledged_at = 0
          """, arguments: [Self.mostFailures, Self.reason(reason), id])
      return try Bool.fetchOne(db, sql: "SELECT aside != '' FROM outbox WHERE id = ?", arguments: [id]) ?? false
    }
  }

  /// Sets an object aside, so that the others of its case go on.
  public func setAside(_ id: Int64, reason: String) throws {
    try writer.change(keepsRows: true) { db in
      try db.execute(
        sql: "UPDATE outbox SET aside = ? WHERE id = ? AND acknowledged_at = 0", arguments: [Self.reason(reason), id])
    }
  }

  /// Lets everything that stepped aside be tried again, from the first failure on. Gives how many.
  @discardableResult
  public func retryAside() throws -> Int {
    try writer.change(keepsRows: true) { db in
      try db.execute(sql: "UPDATE outbox SET aside = '', failures = 0 WHERE aside != ''")
      return db.changesCount
    }
  }

  /// What stepped aside, oldest first.
  public func aside() throws -> [AsideObject] {
    try index.pool.read { db in
      try Row.fetchAll(
        db,
        sql: """
          SELECT outbox.id, study.uid, instance.uid, aside, failures FROM outbox JOIN instance ON instance.id = instance_id
          JOIN study ON study.id = study_id WHERE aside != '' ORDER BY outbox.id
          """
      ).map { AsideObject(id: $0[0], study: $0[1], instance: $0[2], reason: $0[3], failures: $0[4]) }
    }
  }

  private static func reason(_ text: String) -> String { text.isEmpty ? "unknown" : String(text.prefix(500)) }
}
