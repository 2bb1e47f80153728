import DICOM
import Foundation
import GRDB
import Testing

@testable import Archive

/// That searches are led by an index, so that they do not grow with the archive.
@Suite struct SearchPlanTests {
  let folder: TestFolder
  let archive: Archive

  /// Made once: no test changes it.
  private static let shared = Result {
    let folder = try TestFolder()
    let archive = try Archive.make(in: folder)
    try archive.store(TestObject.make())
    return (folder, archive)
  }

  init() throws { (folder, archive) = try Self.shared.get() }

  /// What SQLite says it would do.
  private func plan(_ query: SearchQuery) throws -> [String] {
    try archive.index.pool.read { db in
      let plan = try SearchPlan(query, db)
      return try Row.fetchAll(db, sql: "EXPLAIN QUERY PLAN " + plan.sql, arguments: plan.arguments).map { $0["detail"] }
    }
  }

  @Test(arguments: [
    (AttributeMatch(.patientID, "P1"), "study_by_patient_id (patient_id=?"),
    (AttributeMatch(.patientID, "P1*"), "study_by_patient_id (patient_id>? AND patient_id<?"),
    (AttributeMatch(.accessionNumber, "A1"), "study_by_accession_number (accession_number=?"),
    (AttributeMatch(.studyInstanceUID, "1.2.3"), "sqlite_autoindex_study_1 (uid=?"),
    (AttributeMatch(.studyDate, "20260101-20260201"), "study_by_date (study_date>? AND study_date<?"),
    (AttributeMatch(.patientName, "dupont*"), "study_name USING PRIMARY KEY (key>? AND key<?"),
    (AttributeMatch(.patientName, "dupont^jean"), "study_name USING PRIMARY KEY (key>? AND key<?"),
    (AttributeMatch(.seriesInstanceUID, "1.2.3.1"), "series_by_uid (uid=?"),
    (AttributeMatch(.sopInstanceUID, "1.2.3.1.1"), "sqlite_autoindex_instance_1 (uid=?"),
  ])
  func `A search at the level of studies is led by an index`(match: AttributeMatch, index: String) throws {
    let plan = try plan(SearchQuery(.studies, matches: [match], limit: 50))
    #expect(plan.contains { $0.contains(index) }, "\(plan)")
    #expect(!plan.contains { $0.hasPrefix("SCAN study") && !$0.contains("INDEX") }, "\(plan)")
  }

  @Test func `A fuzzy name is led by its longest word`() throws {
    let plan = try plan(
      SearchQuery(.studies, matches: [AttributeMatch(.patientName, "j dupont")], fuzzyMatching: true, limit: 50))
    #expect(plan.contains { $0.contains("study_name USING PRIMARY KEY (key>? AND key<?") }, "\(plan)")
  }

  @Test func `A page is cut from the index in order, without sorting`() throws {
    for matches in [[], [AttributeMatch(.patientName, "*x*")], [AttributeMatch(.modalitiesInStudy, "CT")]] {
      let plan = try plan(SearchQuery(.studies, matches: matches, limit: 50))
      #expect(plan.count == 1 && plan[0].contains("study_by_date"), "\(plan)")
    }
  }

  @Test func `What is looked for inside names never leaves the index`() throws {
    let plan = try plan(SearchQuery(.studies, matches: [AttributeMatch(.patientID, "*9*")], limit: 50))
    #expect(plan.count == 1 && plan[0].contains("study_by_date"), "\(plan)")
  }

  @Test(arguments: [SearchQuery.Level.series, .instances])
  func `Within a study only its own rows are read`(level: SearchQuery.Level) throws {
    let plan = try plan(SearchQuery(level, study: "1.2.3"))
    #expect(plan.contains { $0.contains("sqlite_autoindex_study_1 (uid=?") }, "\(plan)")
    #expect(plan.contains { $0.contains("series_by_study (study_id=?") }, "\(plan)")
    #expect(!plan.contains { $0.contains("SCAN") }, "\(plan)")
  }

  @Test func `A UID leads from below`() throws {
    let series = try plan(SearchQuery(.series, matches: [AttributeMatch(.seriesInstanceUID, "1.2.3.1")]))
    #expect(!series.contains { $0.contains("SCAN") }, "\(series)")
    let instances = try plan(SearchQuery(.instances, matches: [AttributeMatch(.sopInstanceUID, "1.2.3.1.1")]))
    #expect(!instances.contains { $0.contains("SCAN") }, "\(instances)")
  }

  @Test func `Many equal names are walked in the order of dates`() throws {
    let folder = try TestFolder()
    let index = try ArchiveIndex(directory: folder.path)
    try index.pool.write { db in
      for id in 1...1500 {
        try db.execute(
          sql: "INSERT INTO study VALUES (?,?,'','^dupont','','','','','','','',0,0,0)", arguments: [id, "1.\(id)"])
        try db.execute(sql: "INSERT INTO study_name VALUES ('^dupont', ?)", arguments: [id])
      }
    }
    try index.pool.read { db in
      let plan = try SearchPlan(SearchQuery(.studies, matches: [AttributeMatch(.patientName, "dup*")], limit: 5), db)
      #expect(!plan.sql.contains("study_name"))
      #expect(try Row.fetchAll(db, sql: plan.sql, arguments: plan.arguments).count == 5)
    }
    try index.close()
  }
}
