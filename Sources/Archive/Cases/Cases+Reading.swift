import DICOM
import Foundation
import GRDB

extension Cases {
  /// A case by its number, as people type it; nil when there is none.
  public func get(_ number: String) throws -> Case? {
    let number = CaseNumber(number)?.text ?? number
    return try reading { try CaseRows.fetch(number, $0) }
  }

  /// A page of cases: the most urgent first, and of those the oldest. One whose site's clock is ahead counts from when it was heard of.
  public func list(_ filter: CaseFilter = CaseFilter()) throws -> CaseList {
    var conditions = ["1"]
    var arguments: StatementArguments = []
    if let state = filter.state {
      conditions.append("state = ?")
      arguments += [state.rawValue]
    }
    if let urgency = filter.urgency {
      conditions.append("urgency = ?")
      arguments += [urgency.rank]
    }
    if let site = filter.site {
      conditions.append("site = ?")
      arguments += [site]
    }
    let words = FoldedName(filter.text).words.union(CaseNumber(filter.text).map { [FoldedText.fold($0.text)] } ?? [])
    // A number is one word in the list, however it is typed.
    let wanted = CaseNumber(filter.text).map { Set([FoldedText.fold($0.text)]) } ?? words
    for word in wanted.sorted().prefix(8) {
      conditions.append("words GLOB ?")
      arguments += ["* " + MatchText.glob(word) + "*"]
    }
    let condition = conditions.joined(separator: " AND ")
    return try reading { db in
      let total = try Int.fetchOne(
        db, sql: "SELECT count(*) FROM patient_case WHERE \(condition)", arguments: arguments)
      let cases = try CaseRows.fetch(
        where: condition + " ORDER BY urgency, \(Self.waitingSince), number LIMIT ? OFFSET ?",
        arguments + [max(0, filter.limit), max(0, filter.offset)], db)
      return CaseList(cases: cases, total: total ?? 0)
    }
  }

  private static let waitingSince = "iif(heard_at > 0, min(created_at, heard_at), created_at)"

  /// The cases that a study belongs to, most urgent first.
  public func cases(ofStudy study: String) throws -> [Case] {
    try reading { try CaseRows.cases(ofStudy: study, $0) }
  }

  /// What happened to a case, oldest first.
  public func events(of number: String) throws -> [CaseEvent] {
    try reading { db in
      try Row.fetchAll(
        db, sql: "SELECT at, who, what, detail FROM case_event WHERE number = ? ORDER BY id", arguments: [number]
      ).map { CaseEvent(at: Date(timeIntervalSince1970: $0[0]), who: $0[1], what: $0[2], detail: $0[3]) }
    }
  }

  /// Studies that belong to no case, newest first.
  public func unassigned(limit: Int = 100, offset: Int = 0) throws -> [StudySummary] {
    try index.pool.read { db in
      try Self.summaries(
        """
        NOT EXISTS (SELECT 1 FROM case_study WHERE study_uid = study.uid) ORDER BY id DESC LIMIT ? OFFSET ?
        """, [max(0, limit), max(0, offset)], db)
    }
  }

  /// What is here of a study; nil when nothing is.
  public func summary(ofStudy study: String) throws -> StudySummary? {
    try index.pool.read { try Self.summaries("uid = ?", [study], $0) }.first
  }

  private static func summaries(
    _ condition: String, _ arguments: StatementArguments, _ db: Database
  ) throws -> [StudySummary] {
    try Row.fetchAll(
      db,
      sql: """
        SELECT uid, patient_id, accession_number, study_date, modalities, instance_count, first_received_at, members
        FROM study JOIN study_members ON study_id = id WHERE \(condition)
        """, arguments: arguments
    ).map { row in
      let kept = KeptTexts(row[7])
      let modalities: String = row[4]
      return StudySummary(
        study: row[0], patientID: row[1], patientName: kept.text(.patientName), accessionNumber: row[2],
        studyDate: row[3], description: kept.text(.studyDescription),
        modalities: modalities.split(separator: "\\").map(String.init), instances: row[5],
        receivedAt: Date(timeIntervalSince1970: row[6]))
    }
  }

  /// All places that have cases.
  public func sites() throws -> [String] {
    try index.pool.read { try String.fetchAll($0, sql: "SELECT DISTINCT site FROM patient_case ORDER BY site") }
  }

  /// What the patient says to readers of a study's pictures. Takes microseconds and does not block.
  public func consent(toStudy study: String) async throws -> StudyConsent {
    let cases = try await index.pool.read { db in
      try Row.fetchAll(
        db.cachedStatement(
          sql: """
            SELECT number, consent FROM case_study JOIN patient_case USING (number) WHERE study_uid = ?
            ORDER BY urgency, created_at, number
            """), arguments: [study]
      ).map { (number: $0[0] as String, answer: $0[1] as Bool?) }
    }
    guard let first = cases.first else { return .noCase }
    let isRefused = cases.contains { $0.answer == false }
    if !isRefused, cases.contains(where: { $0.answer == true }) { return .given }
    // The case that stands in the way: one that says no, else the first.
    return .missing(number: (cases.first { $0.answer == false } ?? first).number, isRefused: isRefused)
  }
}

/// Whether readers may open the pictures of a study.
public enum StudyConsent: Sendable, Hashable {
  /// The study belongs to no case.
  case noCase
  /// At least one of its cases has consent, and none a refusal.
  case given
  /// The case in the way has no consent, or a refusal.
  case missing(number: String, isRefused: Bool)
}

/// Texts out of the attributes that are kept with a study.
struct KeptTexts {
  private var values: [Tag: String] = [:]

  init(_ members: Data) {
    members.withUnsafeBytes { bytes in
      MemberList.forEach(bytes) { tag, text in
        guard tag == .patientName || tag == .studyDescription else { return }
        let object = Data([0x7B]) + Data(text) + Data([0x7D])
        guard let json = try? JSONSerialization.jsonObject(with: object) as? [String: [String: Any]],
          let value = (json[tag.hex]?["Value"] as? [Any])?.first
        else { return }
        if let text = value as? String { values[tag] = text }
        if let name = value as? [String: String] {
          var groups = ["Alphabetic", "Ideographic", "Phonetic"].map { name[$0] ?? "" }
          while groups.last?.isEmpty == true { groups.removeLast() }
          values[tag] = groups.joined(separator: "=")
        }
      }
    }
  }

  /// Empty when it is not there.
  func text(_ tag: Tag) -> String { values[tag] ?? "" }
}
