import DICOM
import Foundation
import Testing

@testable import Archive

/// Real and damaged files, from the folder that `REKKAS_TEST_DATA` names, else from `../shared/data` beside the package.
@Suite(.enabled(if: RealData.isThere, "no test data: set REKKAS_TEST_DATA to their folder")) struct RealDataTests {
  @Test func `Every file is stored, a duplicate, a conflict or kept aside with a reason, and what is stored is found`()
    async throws
  {
    let folder = try TestFolder()
    let archive = try Archive.make(in: folder) { $0.spoolMemoryLimit = 256 << 10 }
    var identities: [InstanceIdentity] = []
    var aside = 0
    for path in RealData.files() {
      let spool = try archive.makeSpool()
      try spool.append(Array(try Data(contentsOf: URL(filePath: path))))
      do {
        let outcome = try await archive.store(spool, receipt: Receipt(channel: .import))
        if let identity = stored(outcome) { identities.append(identity) }
      } catch {
        #expect(error.quarantineID != nil, "\(path): \(error)")
        aside += 1
      }
    }
    #expect(identities.count > 100)
    let statistics = try archive.statistics()
    #expect(statistics.instances == identities.count)
    // The same refused bytes twice are one entry.
    #expect(statistics.quarantined <= aside && statistics.quarantined > 0)
    for identity in identities {
      let records = try await archive.instances(
        study: identity.studyInstanceUID, series: identity.seriesInstanceUID, instance: identity.sopInstanceUID)
      #expect(records.map(\.digest) == [identity.digest])
      let metadata = try await archive.metadata(
        study: identity.studyInstanceUID, series: identity.seriesInstanceUID, instance: identity.sopInstanceUID)
      let json = try #require(metadata.first).json
      let object = try #require(try JSONSerialization.jsonObject(with: Data(json)) as? [String: Any])
      let members = json.withUnsafeBytes { JSONMembers($0).members }
      #expect(members.map(\.tag.hex).sorted() == object.keys.sorted())
      #expect(
        try await archive.searchAsync(
          SearchQuery(.instances, matches: [AttributeMatch(.sopInstanceUID, identity.sopInstanceUID.rawValue)])
        )
        .rows.count == 1)
    }
    for level in SearchQuery.Level.allCases {
      for row in try await archive.searchAsync(SearchQuery(level, include: .all)).rows {
        #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(row.json)) }
      }
    }
    try archive.close()
  }

  @Test(arguments: [
    ("ar_utf8.dcm", "محمد"), ("chrArab.dcm", "قباني"), ("chrFren.dcm", "buc"), ("fr_latin9.dcm", ""),
    ("chrRuss.dcm", "люкceмбypг"), ("chrGerm.dcm", "rudiger"), ("chrH31.dcm", "山田"), ("chrI2.dcm", "吉洞"),
    ("chrX1.dcm", "小東"),
  ])
  func `Names of every script are found by a word of theirs`(file: String, word: String) throws {
    let path = RealData.folder + "/charsets/" + file
    guard FileManager.default.fileExists(atPath: path) else { return }
    let folder = try TestFolder()
    let archive = try Archive.make(in: folder)
    try archive.store(Array(try Data(contentsOf: URL(filePath: path))))
    let row = try #require(try archive.search(SearchQuery(.studies)).rows.first)
    #expect(
      try archive.studies(.patientName, word, fuzzy: true) == [row.studyInstanceUID.rawValue],
      "\(String(decoding: row.json, as: UTF8.self))")
    try archive.close()
  }
}

enum RealData {
  static let folder =
    ProcessInfo.processInfo.environment["REKKAS_TEST_DATA"]
    ?? URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../shared/data").standardizedFileURL
    .path

  /// Says so when there is none: a test that was not run must not look like one that passed.
  static let isThere: Bool = {
    let isThere = FileManager.default.fileExists(atPath: folder)
    if !isThere { print("SKIPPED: tests on real files; \(folder) is absent (name the folder in REKKAS_TEST_DATA)") }
    return isThere
  }()

  static func files() -> [String] {
    let all = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
    return all.filter { $0.hasSuffix(".dcm") }.sorted().map { folder + "/" + $0 }
  }
}
