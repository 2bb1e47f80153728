import DICOM
import Foundation
import GRDB

/// Brings studies and cases together, inside a transaction. Doing it again changes nothing.
///
/// Only cases of this place are joined here: those of other sites come with their lists of studies.
struct CaseJoining {
  let site: String
  let db: Database

  /// Takes into a case the studies that wait under its accession number, or its own number.
  func gather(for item: Case, at now: Date) throws {
    let numbers = [item.number, item.accessionNumber].filter { !$0.isEmpty }
    for number in numbers {
      let waiting = try Row.fetchAll(
        db,
        sql: """
          SELECT uid, patient_id FROM study WHERE accession_number = ?
            AND NOT EXISTS (SELECT 1 FROM case_study WHERE study_uid = study.uid)
            AND NOT EXISTS (SELECT 1 FROM case_hand WHERE study_uid = study.uid)
            AND NOT EXISTS (SELECT 1 FROM series JOIN instance ON series_id = series.id JOIN source ON source.id = source_id
              WHERE series.study_id = study.id AND channel = 'link') ORDER BY id
          """, arguments: [number])
      for row in waiting where Self.agree(item.patient.id, row[1]) {
        try join(row[0], to: item.number, by: .accession, at: now)
      }
    }
  }

  /// The open case that a study names by its accession number, if it is one, and its patient is not another.
  func caseNamed(_ accessionNumber: String, patientID: String) throws -> String? {
    if accessionNumber.isEmpty { return nil }
    // People copy case numbers by hand: spaces, small letters.
    let number = CaseNumber(accessionNumber)?.text ?? accessionNumber
    let rows = try Row.fetchAll(
      db.cachedStatement(
        sql: """
          SELECT number, patient_id FROM patient_case WHERE (number = ? OR accession_number = ?) AND site = ?
            AND state NOT IN ('closed', 'cancelled') LIMIT 2
          """), arguments: [number, accessionNumber, site])
    // Which of two nobody can say: a person decides.
    guard rows.count == 1, Self.agree(rows[0][1], patientID) else { return nil }
    return rows[0][0]
  }

  /// Puts a study into a case, which then has another revision.
  func join(_ uid: String, to number: String, by joining: CaseRows.Joining, at now: Date) throws {
    guard try CaseRows.join(uid, to: number, by: joining, at: now, db) else { return }
    try unseal(number, at: now)
    try CaseRows.touch(number, db)
    try CaseRows.note("joined", number, who: "store", detail: "\(uid) \(joining.rawValue)", at: now, db)
  }

  /// More has come for a case that was complete: it is open again, and what came is an addendum.
  func unseal(_ number: String, at now: Date) throws {
    try db.cachedStatement(
      sql: """
        UPDATE patient_case SET sealed_by = '', sealed_at = 0, addenda = addenda + 1, revision = revision + 1
        WHERE number = ? AND sealed_by != '' AND site = ?
        """
    ).execute(arguments: [number, site])
    if db.changesCount > 0 { try CaseRows.note("unsealed", number, who: "store", at: now, db) }
  }

  /// Whether two patient identifiers of one place may be one person's.
  private static func agree(_ one: String, _ other: String) -> Bool { one.isEmpty || other.isEmpty || one == other }
}
