import DICOM

/// An attribute that has a column of its own: searched without reading what is kept as JSON.
struct SearchColumn: Sendable {
  /// How values compare.
  enum Rule: Sendable {
    /// Exactly, or by wild cards: numbers and codes given by people and machines.
    case exact
    /// A list of UIDs.
    case uid
    /// Folded text.
    case folded
    /// The patient's name, with an index by its beginnings.
    case patientName
    /// Another person's name.
    case name
    case date
    case time
    case integer
    /// A list of codes in one text, parted by `\`.
    case codes
    /// Of the cases that a study belongs to.
    case ofCase
  }

  let level: SearchQuery.Level
  let sql: String
  let rule: Rule

  /// All of them.
  static let table: [Tag: SearchColumn] = [
    .studyInstanceUID: SearchColumn(level: .studies, sql: "study.uid", rule: .uid),
    .patientID: SearchColumn(level: .studies, sql: "study.patient_id", rule: .exact),
    .patientName: SearchColumn(level: .studies, sql: "study.name_key", rule: .patientName),
    .patientBirthDate: SearchColumn(level: .studies, sql: "study.birth_date", rule: .date),
    .studyDate: SearchColumn(level: .studies, sql: "study.study_date", rule: .date),
    .studyTime: SearchColumn(level: .studies, sql: "study.study_time", rule: .time),
    .accessionNumber: SearchColumn(level: .studies, sql: "study.accession_number", rule: .exact),
    .studyDescription: SearchColumn(level: .studies, sql: "study.description_key", rule: .folded),
    .referringPhysicianName: SearchColumn(level: .studies, sql: "study.referring_key", rule: .name),
    .modalitiesInStudy: SearchColumn(level: .studies, sql: "study.modalities", rule: .codes),
    .seriesInstanceUID: SearchColumn(level: .series, sql: "series.uid", rule: .uid),
    .modality: SearchColumn(level: .series, sql: "series.modality", rule: .codes),
    .seriesNumber: SearchColumn(level: .series, sql: "series.number", rule: .integer),
    .seriesDescription: SearchColumn(level: .series, sql: "series.description_key", rule: .folded),
    .sopInstanceUID: SearchColumn(level: .instances, sql: "instance.uid", rule: .uid),
    .sopClassUID: SearchColumn(level: .instances, sql: "instance.sop_class", rule: .uid),
    .instanceNumber: SearchColumn(level: .instances, sql: "instance.number", rule: .integer),
    .rows: SearchColumn(level: .instances, sql: "instance.rows", rule: .integer),
    .columns: SearchColumn(level: .instances, sql: "instance.columns", rule: .integer),
    .numberOfFrames: SearchColumn(level: .instances, sql: "instance.frames", rule: .integer),
    Tag(0x0008, 0x3002): SearchColumn(level: .instances, sql: "instance.transfer_syntax", rule: .uid),
  ].merging(CaseAttributes.columns.mapValues { SearchColumn(level: .studies, sql: $0, rule: .ofCase) }) { $1 }
}

/// A piece of SQL and its values.
struct SQLCondition {
  var sql: String
  var values: [SQLValue]

  enum SQLValue: Equatable {
    case text(String)
    case integer(Int64)
  }

  /// UIDs in one list: more than any page asks for, and what the database takes without thinking.
  static let longestList = 10_000

  /// Matches nothing.
  static let never = SQLCondition(sql: "0", values: [])

  init(sql: String, values: [SQLValue]) {
    self.sql = sql
    self.values = values
  }

  /// A condition for `value` on a column; nil when it matches everything.
  ///
  /// Throws ``InvalidMatchValue`` when the value makes no sense for the column.
  init?(_ column: SearchColumn, _ value: String, fuzzy: Bool) throws {
    let name = column.sql
    switch column.rule {
    case .uid:
      let uids = value.split { $0 == "\\" || $0 == "," }.map { $0.trimmingSpaces() }.filter { !$0.isEmpty }
      if uids.isEmpty || uids.contains("*") { return nil }
      if uids.count > Self.longestList { throw InvalidMatchValue() }
      self.init(
        sql: "\(name) IN (\(uids.map { _ in "?" }.joined(separator: ",")))", values: uids.map { .text($0) })
    case .exact: self.init(text: name, value.trimmingSpaces())
    case .folded: self.init(text: name, FoldedText.fold(value.trimmingSpaces()))
    case .codes:
      let codes = value.split { $0 == "\\" || $0 == "," }.map { $0.trimmingSpaces() }.filter { !$0.isEmpty }
      if codes.isEmpty || codes.contains("*") { return nil }
      self.init(
        sql: "(" + codes.map { _ in "'\\' || \(name) || '\\' GLOB ?" }.joined(separator: " OR ") + ")",
        values: codes.map { .text("*\\" + MatchText.glob($0) + "\\*") })
    case .ofCase: self.init(case: name, value)
    case .date, .time:
      if value.allSatisfy({ $0 == "*" || $0 == " " }) { return nil }
      let range = column.rule == .date ? MatchText.dateRange(value) : MatchText.timeRange(value)
      guard let range else { throw InvalidMatchValue() }
      self.init(sql: "\(name) BETWEEN ? AND ?", values: [.text(range.lowerBound), .text(range.upperBound)])
    case .integer:
      if value.allSatisfy({ $0 == "*" || $0 == " " }) { return nil }
      guard let number = Int64(value.trimmingSpaces()) else { throw InvalidMatchValue() }
      self.init(sql: "\(name) = ?", values: [.integer(number)])
    case .name, .patientName:
      let patterns = fuzzy ? FuzzyName(value).globs : NamePattern(value).globs
      if patterns.isEmpty { return nil }
      self.init(
        sql: patterns.map { "(" + $0.map { _ in "\(name) GLOB ?" }.joined(separator: " OR ") + ")" }
          .joined(separator: " AND "), values: patterns.joined().map { .text($0) })
    }
  }

  private init?(text name: String, _ value: String) {
    if value.allSatisfy({ $0 == "*" }) { return nil }
    guard MatchText.isWild(value) else {
      self.init(sql: "\(name) = ?", values: [.text(value)])
      return
    }
    self.init(sql: "\(name) GLOB ?", values: [.text(MatchText.glob(value))])
    let prefix = MatchText.prefix(value)
    if !prefix.isEmpty {
      // What lets an index be used.
      sql += " AND \(name) >= ? AND \(name) < ?"
      values += [.text(prefix), .text(MatchText.upperBound(prefix))]
    }
  }
}

/// A value that makes no sense for its attribute: it matches nothing, and the answer says so.
struct InvalidMatchValue: Error {}

extension StringProtocol {
  /// Without the spaces at both ends, which have no meaning in DICOM text.
  func trimmingSpaces() -> String {
    String(drop { $0 == " " }.reversed().drop { $0 == " " || $0 == "\0" }.reversed())
  }
}
