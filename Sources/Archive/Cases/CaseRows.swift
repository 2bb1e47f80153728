import Foundation
import GRDB

/// Cases as rows of the index. Every function belongs inside a transaction.
enum CaseRows {
  /// How a study came to its case.
  enum Joining: String {
    case accession, rule, hand
    /// The case is another place's, and so is its list of studies.
    case site
  }

  private static let columns = """
    number, site, urgency, specialty, patient_id, patient_issuer, patient_name, birth_date, sex, question, context, consent,
    consent_at, accession_number, requested_by, state, made_by, created_at, revision, sealed_by, sealed_at, addenda
    """

  static func fetch(_ number: String, _ db: Database) throws -> Case? {
    try fetch(where: "number = ?", [number], db).first
  }

  /// - Parameter condition: of SQL, with what follows it: an order, a limit.
  static func fetch(where condition: String, _ arguments: StatementArguments, _ db: Database) throws -> [Case] {
    let statement = try db.cachedStatement(sql: "SELECT \(columns) FROM patient_case WHERE \(condition)")
    return try Row.fetchAll(statement, arguments: arguments).map { row in
      var item = Self.item(row)
      item.studies = try studies(of: item.number, db)
      return item
    }
  }

  static func studies(of number: String, _ db: Database) throws -> [String] {
    try String.fetchAll(
      db.cachedStatement(sql: "SELECT study_uid FROM case_study WHERE number = ? ORDER BY place"), arguments: [number])
  }

  /// The cases of a study, most urgent first.
  static func cases(ofStudy uid: String, _ db: Database) throws -> [Case] {
    try fetch(
      where: "number IN (SELECT number FROM case_study WHERE study_uid = ?) ORDER BY urgency, created_at, number",
      [uid], db)
  }

  private static func item(_ row: Row) -> Case {
    let consent: Bool? = row[11]
    let consentAt: Double? = row[12]
    return Case(
      number: row[0], site: row[1], urgency: Urgency(rank: row[2]) ?? .urgent, specialty: row[3],
      patient: CasePatient(id: row[4], issuer: row[5], name: row[6], birthDate: row[7], sex: row[8]),
      question: row[9], context: row[10],
      consent: CaseConsent(given: consent, at: consentAt.map { Date(timeIntervalSince1970: $0) }),
      accessionNumber: row[13], requestedBy: row[14], state: Case.State(rawValue: row[15]) ?? .open,
      madeBy: Case.Maker(rawValue: row[16]) ?? .form, createdAt: Date(timeIntervalSince1970: row[17]),
      revision: row[18],
      sealed: SealedBy(rawValue: row[19]).map { CaseSeal(by: $0, at: Date(timeIntervalSince1970: row[20])) },
      addenda: row[21])
  }

  /// Writes a case, new or known, without its studies.
  static func put(_ item: Case, code: String, _ db: Database) throws {
    let names =
      columns.split { $0 == "," || $0 == "\n" || $0 == " " }.map(String.init) + ["code", "words"]
    let values: StatementArguments = [
      item.number, item.site, item.urgency.rank, item.specialty, item.patient.id, item.patient.issuer,
      item.patient.name, item.patient.birthDate, item.patient.sex, item.question, item.context, item.consent.given,
      item.consent.at?.timeIntervalSince1970, item.accessionNumber, item.requestedBy, item.state.rawValue,
      item.madeBy.rawValue, item.createdAt.timeIntervalSince1970, item.revision, item.sealed?.by.rawValue ?? "",
      item.sealed?.at.timeIntervalSince1970 ?? 0, item.addenda, code, words(of: item),
    ]
    try db.cachedStatement(
      sql: """
        INSERT INTO patient_case (\(names.joined(separator: ","))) VALUES (\(names.map { _ in "?" }.joined(separator: ",")))
        ON CONFLICT (number) DO UPDATE SET \(names.dropFirst().map { "\($0) = excluded.\($0)" }.joined(separator: ","))
        """
    ).execute(arguments: values)
  }

  /// What a list is searched by: every word behind a space.
  private static func words(of item: Case) -> String {
    let texts = [item.number, item.patient.id, item.accessionNumber].map { FoldedText.fold($0) }
    let parts = texts.flatMap { $0.split { FoldedName.separators.contains($0) } }.map(String.init)
    let words = FoldedName(item.patient.name).words.union(texts.filter { !$0.isEmpty }).union(parts)
    return words.sorted().map { " " + $0 }.joined()
  }

  /// Numbers that a place may give on a day before a box that takes its place could give one of them again.
  private static let numbersADay = 200

  /// Gives the next number of a place. What was given once stays given.
  ///
  /// A year's numbers begin with the day on which the first is given: a box that replaces a broken one, and knows nothing of it, does not
  /// give the same ones again.
  static func nextNumber(code: String, at time: Date, _ db: Database) throws -> String {
    var calendar = Calendar(identifier: .gregorian)
    calendar.timeZone = TimeZone(secondsFromGMT: 0)!
    let year = calendar.component(.year, from: time) % 100
    let first = ((calendar.ordinality(of: .day, in: .year, for: time) ?? 1) - 1) * numbersADay + 1
    let last = try Int.fetchOne(
      db,
      sql: """
        INSERT INTO case_serial VALUES (?,?,?) ON CONFLICT (code, year) DO UPDATE SET last = last + 1 RETURNING last
        """, arguments: [code, year, first])!
    guard last <= CaseNumber.mostSerial else { throw CaseFailure.numbersUsedUp }
    return CaseNumber(code: code, year: year, serial: last).text
  }

  // MARK: - Studies

  /// Puts a study into a case. False when it is there already.
  @discardableResult
  static func join(_ uid: String, to number: String, by joining: Joining, at time: Date, _ db: Database) throws -> Bool
  {
    try db.cachedStatement(
      sql: """
        INSERT OR IGNORE INTO case_study
          SELECT ?, ?, ?, ?, coalesce(max(place), 0) + 1 FROM case_study WHERE number = ?
        """
    ).execute(arguments: [number, uid, joining.rawValue, time.timeIntervalSince1970, number])
    return db.changesCount > 0
  }

  /// Counts a change of a case.
  static func touch(_ number: String, _ db: Database) throws {
    try db.cachedStatement(sql: "UPDATE patient_case SET revision = revision + 1 WHERE number = ?")
      .execute(arguments: [number])
  }

  // MARK: - History

  static func note(
    _ what: String, _ number: String, who: String, detail: String = "", at time: Date, _ db: Database
  ) throws {
    try db.cachedStatement(sql: "INSERT INTO case_event (number, at, who, what, detail) VALUES (?,?,?,?,?)")
      .execute(arguments: [number, time.timeIntervalSince1970, who, what, detail])
  }
}
