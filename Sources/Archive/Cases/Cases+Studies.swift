import DICOM
import Foundation
import GRDB

extension Cases {
  /// Puts a study into a case by hand, out of the other cases of this place that have it. It stays there: nothing moves it by itself.
  ///
  /// - Throws: ``CaseFailure/unknownStudy(_:)`` for a study that was never here.
  public func assign(study: String, to number: String, by who: String = "") throws -> Case {
    try durably { db in
      let now = CaseTime.whole(Date())
      let item = try ours(number, db)
      guard try isKnown(study, db) else { throw CaseFailure.unknownStudy(study) }
      if item.studies.contains(study) { return item }
      for other in try CaseRows.cases(ofStudy: study, db) where other.site == site {
        try take(study, from: other.number, by: who, at: now, db)
      }
      try CaseRows.join(study, to: item.number, by: .hand, at: now, db)
      try keepByHand(study, db)
      try CaseJoining(site: site, db: db).unseal(item.number, at: now)
      try CaseRows.touch(item.number, db)
      try CaseRows.note("assigned", item.number, who: who, detail: study, at: now, db)
      return try known(item.number, db)
    }
  }

  /// Takes a study out of a case by hand: it waits among the unassigned ones until a person puts it somewhere.
  public func unassign(study: String, from number: String, by who: String = "") throws -> Case {
    try durably { db in
      let now = CaseTime.whole(Date())
      let item = try ours(number, db)
      guard item.studies.contains(study) else { throw CaseFailure.unknownStudy(study) }
      try take(study, from: item.number, by: who, at: now, db)
      try keepByHand(study, db)
      return try known(item.number, db)
    }
  }

  private func take(_ study: String, from number: String, by who: String, at now: Date, _ db: Database) throws {
    try db.execute(sql: "DELETE FROM case_study WHERE number = ? AND study_uid = ?", arguments: [number, study])
    try CaseRows.touch(number, db)
    try CaseRows.note("unassigned", number, who: who, detail: study, at: now, db)
  }

  private func keepByHand(_ study: String, _ db: Database) throws {
    try db.execute(sql: "INSERT OR IGNORE INTO case_hand VALUES (?)", arguments: [study])
  }

  private func isKnown(_ study: String, _ db: Database) throws -> Bool {
    try Bool.fetchOne(
      db,
      sql: """
        SELECT EXISTS (SELECT 1 FROM study WHERE uid = ?) OR EXISTS (SELECT 1 FROM sent_study WHERE study_uid = ?)
        """, arguments: [study, study]) ?? false
  }

  // MARK: - Seals

  /// Says that nothing more will come for a case; its studies are complete, too. What comes all the same is an addendum and opens it again.
  ///
  /// What the staff has sealed the timer does not seal again.
  public func seal(_ number: String, by sealer: SealedBy, who: String = "") throws -> Case {
    try durably { db in
      let item = try ours(number, db)
      if item.sealed?.by == .staff || item.sealed?.by == sealer { return item }
      try seal(item, by: sealer, who: who, at: CaseTime.whole(Date()), db)
      return try known(item.number, db)
    }
  }

  /// Also for the timer, within its own transaction.
  func seal(_ item: Case, by sealer: SealedBy, who: String, at now: Date, _ db: Database) throws {
    try db.execute(
      sql: "UPDATE patient_case SET sealed_by = ?, sealed_at = ?, revision = revision + 1 WHERE number = ?",
      arguments: [sealer.rawValue, now.timeIntervalSince1970, item.number])
    try db.execute(
      sql: """
        UPDATE outbox_study SET sealed_by = ?, sealed_at = ?
        WHERE sealed_by != 'staff' AND study_id IN (SELECT id FROM study JOIN case_study ON study_uid = uid WHERE number = ?)
        """, arguments: [sealer.rawValue, now.timeIntervalSince1970, item.number])
    try CaseRows.note("sealed", item.number, who: who, detail: sealer.rawValue, at: now, db)
  }

  // MARK: - History

  /// Notes that somebody opened pictures without consent, for an emergency. On the disk when this returns.
  ///
  /// - Parameter reason: as the person gave it.
  public func noteOverride(_ number: String, by who: String, reason: String = "") throws {
    try durably { db in
      try CaseRows.note("override", number, who: who, detail: String(reason.prefix(200)), at: Date(), db)
    }
  }
}
