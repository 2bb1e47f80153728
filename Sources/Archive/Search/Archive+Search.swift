import DICOM
import Foundation
import GRDB

extension Archive {
  /// Searches. Blocks for the time of a query (typically under 1 ms).
  public func search(_ query: SearchQuery) throws -> SearchResult {
    try index.pool.read { try Search(query, $0).run() }
  }

  /// Searches without blocking the caller's thread.
  public func searchAsync(_ query: SearchQuery) async throws -> SearchResult {
    try await index.pool.read { try Search(query, $0).run() }
  }
}

/// One run of a search.
private struct Search {
  private let query: SearchQuery
  private let db: Database
  private let plan: SearchPlan
  private let wanted: Set<Tag>
  private let wantsAll: Bool
  /// Whether anything comes over a thin link just now.
  private let hasArrivals: Bool

  init(_ query: SearchQuery, _ db: Database) throws {
    self.query = query
    self.db = db
    plan = try SearchPlan(query, db)
    if case .tags(let tags) = query.include { wanted = Set(tags) } else { wanted = [] }
    wantsAll = query.include == .all
    hasArrivals = try Bool.fetchOne(db.cachedStatement(sql: "SELECT EXISTS (SELECT 1 FROM arrival)")) ?? false
  }

  /// Rows that one search reads JSON of to see whether they match: about a second.
  private static let mostExamined = 100_000

  func run() throws -> SearchResult {
    var rows: [SearchRow] = []
    var warnings = plan.warnings
    var skipped = 0
    var examined = 0
    let cursor = try Row.fetchCursor(db, sql: plan.sql, arguments: plan.arguments)
    // Consecutive rows mostly share their study and series.
    var study = Kept()
    var series = Kept()
    var cases: [Case] = []
    var caseStudy: String?
    let needsCases = wantsAll || wanted.contains { $0.group == CaseAttributes.creatorTag.group }
    while let row = try cursor.next() {
      examined += 1
      if examined > Self.mostExamined, !plan.kept.isEmpty {
        warnings.append(
          "the search was ended after \(Self.mostExamined) candidates: add a condition that an index serves")
        break
      }
      let needsStudy = needs(.studies, below: query.level != .studies)
      if needsStudy { try study.load(row[0], db, "SELECT members FROM study_members WHERE study_id = ?") }
      let needsSeries = query.level != .studies && needs(.series, below: query.level == .instances)
      if needsSeries { try series.load(row[2], db, "SELECT members FROM series_members WHERE series_id = ?") }
      let json = try query.level == .instances ? metadata(row[6]) : []
      if !plan.kept.isEmpty {
        guard matches(study.members, series.members, json) else { continue }
        // SQL did not count these: we do.
        if skipped < query.offset {
          skipped += 1
          continue
        }
        if let limit = query.limit, rows.count >= limit { break }
      }
      if needsCases, caseStudy != row[1] {
        caseStudy = row[1]
        cases = try CaseRows.cases(ofStudy: row[1], db)
      }
      rows.append(
        build(
          row, cases, needsStudy ? study.members : [], needsSeries ? series.members : [], json,
          isArriving: try isArriving(row)))
    }
    return SearchResult(rows: rows, warnings: warnings)
  }

  /// The kept attributes of the study or series read last.
  private struct Kept {
    var id: Int64?
    var members: [UInt8] = []

    mutating func load(_ id: Int64, _ db: Database, _ sql: String) throws {
      if self.id == id { return }
      members = try Data.fetchOne(db.cachedStatement(sql: sql), arguments: [id]).map { Array($0) } ?? []
      self.id = id
    }
  }

  private func needs(_ level: SearchQuery.Level, below: Bool) -> Bool {
    // Attributes of a level above are given where the path does not name it, and when asked for.
    !below || plan.levels.contains(level) || wantsAll || plan.kept.contains { $0.level == level }
      || wanted.contains { (level == .studies ? StoredAttributes.study : .series).index(of: $0) != nil }
  }

  private func metadata(_ instance: Int64) throws -> [UInt8] {
    try Data.fetchOne(
      db.cachedStatement(sql: "SELECT json FROM metadata WHERE instance_id = ?"), arguments: [instance]
    ).map { Array($0) } ?? []
  }

  private func matches(_ study: [UInt8], _ series: [UInt8], _ json: [UInt8]) -> Bool {
    plan.kept.allSatisfy { level, matcher in
      var isMatch = false
      func look(_ tag: Tag, _ text: UnsafeRawBufferPointer) {
        if tag == matcher.path[0] { isMatch = isMatch || matcher.matches(text) }
      }
      switch level {
      case .studies: study.withUnsafeBytes { MemberList.forEach($0, look) }
      case .series: series.withUnsafeBytes { MemberList.forEach($0, look) }
      case .instances:
        json.withUnsafeBytes { json in
          for member in JSONMembers(json).members where member.tag == matcher.path[0] {
            look(member.tag, UnsafeRawBufferPointer(rebasing: json[member.range]))
          }
        }
      }
      return isMatch
    }
  }

  /// Whether something of a row is still coming over a thin link.
  private func isArriving(_ row: Row) throws -> Bool {
    if query.level == .instances { return row[11] == PreparationState.arriving.rawValue }
    guard hasArrivals else { return false }
    let (study, series): (String, String?) = (row[1], row[3])
    let sql = "SELECT EXISTS (SELECT 1 FROM arrival WHERE study = ?" + (series == nil ? ")" : " AND series = ?)")
    return try Bool.fetchOne(
      db.cachedStatement(sql: sql), arguments: StatementArguments([study] + (series.map { [$0] } ?? []))) ?? false
  }

  private func build(
    _ row: Row, _ cases: [Case], _ study: [UInt8], _ series: [UInt8], _ json: [UInt8], isArriving: Bool
  ) -> SearchRow {
    let studyUID: String = row[1]
    let seriesUID: String? = row[3]
    let instanceUID: String? = row[5]
    var builder = RowBuilder()
    let (text, offset) = study.withUnsafeBytes { study in
      series.withUnsafeBytes { series in
        json.withUnsafeBytes { json in
          if query.level == .instances {
            builder.add(json: json) {
              wantsAll || StoredAttributes.instanceDefaults.contains($0) || wanted.contains($0)
            }
            builder.add(Tag(0x0008, 0x3002), "UI", texts: [row[7]])
          }
          if query.level != .studies {
            builder.add(series, where: isWanted(.series, StoredAttributes.series))
          }
          builder.add(study, where: isWanted(.studies, StoredAttributes.study))
          addComputed(row, studyUID, seriesUID, isArriving: isArriving, to: &builder)
          CaseAttributes.add(cases, to: &builder) { wantsAll || wanted.contains($0) }
          return builder.finish()
        }
      }
    }
    return SearchRow(
      json: text, retrieveURLOffset: offset, studyInstanceUID: UID(rawValue: studyUID),
      seriesInstanceUID: seriesUID.map { UID(rawValue: $0) }, sopInstanceUID: instanceUID.map { UID(rawValue: $0) })
  }

  private func isWanted(_ level: SearchQuery.Level, _ stored: StoredAttributes) -> (Tag) -> Bool {
    let givesDefaults = plan.levels.contains(level)
    return { tag in
      if wantsAll || wanted.contains(tag) { return true }
      guard givesDefaults, let index = stored.index(of: tag) else { return false }
      return stored.defaults & 1 << UInt64(index) != 0
    }
  }

  private func addComputed(
    _ row: Row, _ study: String, _ series: String?, isArriving: Bool, to builder: inout RowBuilder
  ) {
    builder.add(.instanceAvailability, "CS", texts: [isArriving ? "NEARLINE" : "ONLINE"])
    builder.add(.studyInstanceUID, "UI", texts: [study])
    if let series { builder.add(.seriesInstanceUID, "UI", texts: [series]) }
    if plan.levels.contains(.studies) || wanted.contains(.modalitiesInStudy) {
      let modalities: String = row[8]
      builder.add(.modalitiesInStudy, "CS", texts: modalities.split(separator: "\\").map(String.init))
    }
    if plan.levels.contains(.studies) || wanted.contains(.numberOfStudyRelatedSeries) {
      builder.add(.numberOfStudyRelatedSeries, "IS", number: row[9])
    }
    if plan.levels.contains(.studies) || wanted.contains(.numberOfStudyRelatedInstances) {
      builder.add(.numberOfStudyRelatedInstances, "IS", number: row[10])
    }
    if series != nil, plan.levels.contains(.series) || wanted.contains(.numberOfSeriesRelatedInstances) {
      builder.add(.numberOfSeriesRelatedInstances, "IS", number: row[4])
    }
  }
}
