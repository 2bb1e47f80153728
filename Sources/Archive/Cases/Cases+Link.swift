import DICOM
import Foundation
import GRDB

extension Cases {
  /// The cases of this place of which the hub has not heard everything, most urgent first, oldest first; without those that it refuses
  /// as they are: see ``refuse(_:)``.
  public func pending() throws -> [Case] {
    try reading { db in
      try CaseRows.fetch(
        where: """
          revision > sent_revision AND site = ? AND NOT EXISTS (SELECT 1 FROM case_refusal
            WHERE case_refusal.number = patient_case.number AND case_refusal.revision = patient_case.revision)
          ORDER BY urgency, created_at, number LIMIT 1000
          """, [site], db)
    }
  }

  /// The hub has this revision on its disk. Should this be lost, the case is sent again, which harms nobody.
  public func acknowledge(_ number: String, revision: Int) throws {
    try writer.change(keepsRows: true) { db in
      try db.execute(
        sql: "UPDATE patient_case SET sent_revision = max(sent_revision, min(?, revision)) WHERE number = ?",
        arguments: [revision, number])
      try db.execute(
        sql: "DELETE FROM case_refusal WHERE number = ? AND revision <= ?", arguments: [number, revision])
    }
  }

  /// Takes over what a site says of a case, if it is newer than what is known. On the disk when this returns.
  ///
  /// - Throws: ``CaseFailure/foreign(site:)`` when the case, or the code of its number, is another place's;
  ///   ``CaseFailure/invalid(field:reason:)``.
  public func apply(_ item: Case, from sender: String) throws {
    guard item.site == sender, sender != site else { throw CaseFailure.foreign(site: item.site) }
    guard let number = CaseNumber(item.number), number.text == item.number else {
      throw CaseFailure.invalid(field: "number", reason: "not a case number")
    }
    guard (1...1_000_000_000).contains(item.revision) else {
      throw CaseFailure.invalid(field: "revision", reason: "not from 1 on")
    }
    guard (0...1_000_000).contains(item.addenda) else {
      throw CaseFailure.invalid(field: "addenda", reason: "not a number of them")
    }
    try CaseCheck.check(item)
    // Two places whose numbers begin alike would sooner or later name two cases alike.
    if number.code == code { throw CaseFailure.foreign(site: site) }
    let isNews = try reading { db in
      let owner = try String.fetchOne(
        db, sql: "SELECT site FROM patient_case WHERE code = ? LIMIT 1", arguments: [number.code])
      if let owner, owner != sender { throw CaseFailure.foreign(site: owner) }
      guard let known = try CaseRows.fetch(item.number, db) else { return true }
      // A box was replaced and began its numbers anew: two cases must never become one.
      guard known.createdAt == item.createdAt else {
        throw CaseFailure.invalid(field: "number", reason: "another case has it already")
      }
      return known.revision < item.revision
    }
    if isNews { try durably { try replace(item, number, $0) } }
  }

  private func replace(_ item: Case, _ number: CaseNumber, _ db: Database) throws {
    // Another request may have been faster.
    if let known = try CaseRows.fetch(item.number, db) {
      guard known.site == item.site else { throw CaseFailure.foreign(site: known.site) }
      if known.revision >= item.revision { return }
    }
    let now = Date()
    try CaseRows.put(item, code: number.code, db)
    // The site's clock may stand anywhere; this one says since when the case can have waited here.
    try db.execute(
      sql: "UPDATE patient_case SET heard_at = ? WHERE number = ? AND heard_at = 0",
      arguments: [now.timeIntervalSince1970, item.number])
    try db.execute(
      sql: "DELETE FROM case_study WHERE number = ? AND joined_by = ?",
      arguments: [item.number, CaseRows.Joining.site.rawValue])
    for study in item.studies { try CaseRows.join(study, to: item.number, by: .site, at: now, db) }
    try CaseRows.note("received", item.number, who: item.site, detail: "revision \(item.revision)", at: now, db)
  }
}
