import Foundation
import GRDB

/// How far a case is on its way to the hub.
public enum CaseDelivery: Sendable, Hashable {
  /// The hub has not heard of its last change.
  case waiting
  /// The hub has it as it is.
  case arrived
  /// The hub does not take it: it waits until somebody changes it, or says that it shall be tried again.
  case refused(CaseRefusal, at: Date)
}

/// What is known of a case besides what it says itself.
public struct CaseStanding: Sendable, Hashable {
  /// In the centre, when it was heard of first, by the clock of the centre; nil for cases of this place.
  public var heardAt: Date?
  /// At a site, for its own cases; nil elsewhere.
  public var delivery: CaseDelivery?
}

extension Cases {
  /// The hub does not take this revision of a case. It is left alone until it is another one; the case's history says so.
  ///
  /// Should this be lost, the case is sent and refused once more.
  public func refuse(_ refusal: CaseRefusal) throws {
    try writer.change(keepsRows: true) { db in
      let now = Date()
      try db.execute(
        sql: """
          INSERT INTO case_refusal SELECT number, revision, ?, ?, ?, ? FROM patient_case
            WHERE number = ? AND site = ? AND revision = ? AND revision > sent_revision
          ON CONFLICT (number) DO UPDATE SET revision = excluded.revision, code = excluded.code, field = excluded.field,
            detail = excluded.detail, at = excluded.at
          """,
        arguments: [
          refusal.code.rawValue, refusal.field ?? "", String(refusal.text.prefix(500)), now.timeIntervalSince1970,
          refusal.number, site, refusal.revision,
        ])
      guard db.changesCount > 0 else { return }
      let detail = [refusal.code.rawValue, refusal.field].compactMap { $0 }.joined(separator: " ")
      try CaseRows.note("refused", refusal.number, who: "hub", detail: detail, at: now, db)
    }
  }

  /// Lets refused cases be tried again as they are: something may have changed at the hub. Gives how many.
  @discardableResult
  public func retryRefused() throws -> Int {
    try writer.change(keepsRows: true) { db in
      try db.execute(sql: "DELETE FROM case_refusal")
      return db.changesCount
    }
  }

  /// The cases that the hub refuses as they are now, with the moment when it said so.
  public func refused() throws -> [(refusal: CaseRefusal, at: Date)] {
    try index.pool.read { db in
      try Row.fetchAll(
        db.cachedStatement(
          sql: """
            SELECT number, case_refusal.revision, case_refusal.code, field, detail, at
            FROM case_refusal JOIN patient_case USING (number)
            WHERE case_refusal.revision = patient_case.revision AND patient_case.revision > sent_revision
            ORDER BY urgency, created_at, number
            """)
      ).map { (CaseRefusal($0), Date(timeIntervalSince1970: $0["at"])) }
    }
  }

  /// How cases stand, by number.
  public func standings(of numbers: [String]) throws -> [String: CaseStanding] {
    try index.pool.read { db in
      var standings: [String: CaseStanding] = [:]
      let statement = try db.cachedStatement(
        sql: """
          SELECT number, patient_case.site, heard_at, patient_case.revision AS present, sent_revision,
            case_refusal.revision, case_refusal.code, field, detail, at
          FROM patient_case LEFT JOIN case_refusal USING (number) WHERE number = ?
          """)
      for number in numbers {
        guard let row = try Row.fetchOne(statement, arguments: [number]) else { continue }
        let heardAt: Double = row["heard_at"]
        let (present, sent): (Int, Int) = (row["present"], row["sent_revision"])
        var standing = CaseStanding(heardAt: heardAt > 0 ? Date(timeIntervalSince1970: heardAt) : nil)
        if isSender, row["site"] == site {
          if sent >= present {
            standing.delivery = .arrived
          } else if row["revision"] as Int? == present {
            standing.delivery = .refused(CaseRefusal(row), at: Date(timeIntervalSince1970: row["at"]))
          } else {
            standing.delivery = .waiting
          }
        }
        standings[number] = standing
      }
      return standings
    }
  }
}

extension CaseRefusal {
  fileprivate init(_ row: Row) {
    let field: String = row["field"]
    self.init(
      number: row["number"], revision: row["revision"], code: Code(rawValue: row["code"]),
      field: field.isEmpty ? nil : field, text: row["detail"])
  }
}
