import DICOM
import Foundation
import Testing

@testable import Archive

/// A small archive of people and studies, and what searches find in it.
@Suite struct SearchTests {
  let folder: TestFolder
  let archive: Archive

  private struct Study {
    let uid: String
    let name: String
    let patient: String
    let date: String
    let time: String
    let accession: String
    let description: String
    let modalities: [String]
  }

  private static let studies = [
    Study(
      uid: "1.1", name: "Lefèvre^Zoé", patient: "MID-1", date: "20260101", time: "0800", accession: "A1",
      description: "Thorax 100%", modalities: ["CT", "SR"]),
    Study(
      uid: "1.2", name: "LEFEVRE^Marc Antoine", patient: "MID-2", date: "20260102", time: "093000.5", accession: "A2",
      description: "Crâne_sans", modalities: ["MR"]),
    Study(
      uid: "1.3", name: "El Idrissi^Fatima-Zahra=الإدريسي^فاطمة الزهراء", patient: "AZI-1", date: "20260103",
      time: "12", accession: "A3", description: "Abdomen", modalities: ["US"]),
    Study(
      uid: "1.4", name: "أحْمَد^محمّـد", patient: "AZI-2", date: "20260103", time: "235959", accession: "B1",
      description: "", modalities: ["CT"]),
    Study(
      uid: "1.5", name: "Yamada^Tarou=山田^太郎=やまだ^たろう", patient: "AZI[3]", date: "", time: "", accession: "",
      description: "Poumon", modalities: ["DX", "CT"]),
    Study(
      uid: "1.6", name: "", patient: "", date: "20251231", time: "", accession: "B1", description: "thorax",
      modalities: ["CTX"]),
  ]

  /// Made once: no test changes it.
  private static let shared = Result { try filled() }

  init() throws { (folder, archive) = try Self.shared.get() }

  private static func filled() throws -> (TestFolder, Archive) {
    let folder = try TestFolder()
    let archive = try Archive.make(in: folder)
    for study in studies {
      for (s, modality) in study.modalities.enumerated() {
        for i in 0..<2 {
          try archive.store(
            TestObject.make(
              study: UID(rawValue: study.uid), series: UID(rawValue: "\(study.uid).\(s)"),
              instance: UID(rawValue: "\(study.uid).\(s).\(i)"), number: 2 - i, seriesNumber: s + 1, modality: modality,
              patientID: study.patient, name: study.name
            ) { writer in
              writer.string(.studyDate, .da, study.date)
              writer.string(.studyTime, .tm, study.time)
              writer.string(.accessionNumber, .sh, study.accession)
              writer.string(.studyDescription, .lo, study.description)
              writer.string(.referringPhysicianName, .pn, study.uid == "1.2" ? "Béchir^Salma" : "Alaoui^Omar")
              writer.string(.seriesDescription, .lo, "Série \(s)")
              writer.string(.institutionName, .lo, study.patient.hasPrefix("MID") ? "Midelt" : "Azilal")
              writer.string(.patientBirthDate, .da, "1980010\(study.uid.last!)")
              writer.string(.operatorsName, .pn, "Opérateur^Un")
              writer.string(.contentDate, .da, "2026020\(i + 1)")
              writer.sequence(.requestAttributesSequence) { item in
                item.string(.scheduledProcedureStepDescription, .lo, "Étape \(modality)")
                item.string(.requestedProcedureID, .sh, "RP-\(study.uid)")
              }
            })
        }
      }
    }
    return (folder, archive)
  }

  // MARK: - Order, pages, levels

  @Test func `Studies come newest first, those without a date last, always in the same order`() throws {
    #expect(try archive.found(SearchQuery(.studies)) == ["1.4", "1.3", "1.2", "1.1", "1.6", "1.5"])
  }

  @Test func `Pages cut the one order into pieces`() throws {
    var pages: [String] = []
    for offset in stride(from: 0, to: 8, by: 2) {
      pages += try archive.found(SearchQuery(.studies, limit: 2, offset: offset))
    }
    #expect(try pages == archive.found(SearchQuery(.studies)))
    #expect(try archive.found(SearchQuery(.studies, limit: 0)).isEmpty)
    #expect(try archive.found(SearchQuery(.studies, offset: 100)).isEmpty)
  }

  @Test func `Every level is found under every path`() throws {
    #expect(try archive.found(SearchQuery(.series, study: "1.1")) == ["1.1.0", "1.1.1"])
    #expect(try archive.found(SearchQuery(.series)).count == 8)
    #expect(try archive.found(SearchQuery(.instances, study: "1.1", series: "1.1.1")) == ["1.1.1.1", "1.1.1.0"])
    #expect(try archive.found(SearchQuery(.instances, study: "1.1")) == ["1.1.0.1", "1.1.0.0", "1.1.1.1", "1.1.1.0"])
    #expect(try archive.found(SearchQuery(.instances)).count == 16)
    #expect(try archive.found(SearchQuery(.instances, study: "1.1", series: "1.2.0")).isEmpty)
    #expect(try archive.found(SearchQuery(.series, study: "9.9")).isEmpty)
  }

  @Test func `Series and instances are found by what their study is`() throws {
    #expect(
      try archive.found(SearchQuery(.series, matches: [AttributeMatch(.patientName, "*lefevre*")]))
        == ["1.2.0", "1.1.0", "1.1.1"])
    #expect(
      try archive.found(
        SearchQuery(.instances, matches: [AttributeMatch(.patientID, "MID-1"), AttributeMatch(.modality, "SR")]))
        == ["1.1.1.1", "1.1.1.0"])
  }

  @Test func `Studies are found by what is in them`() throws {
    #expect(try archive.studies(.modality, "SR") == ["1.1"])
    #expect(try archive.studies(.seriesInstanceUID, "1.3.0,1.4.0") == ["1.3", "1.4"])
    #expect(try archive.studies(.sopInstanceUID, "1.2.0.1") == ["1.2"])
    #expect(try archive.studies(.sopClassUID, "1.2.3").isEmpty)
  }

  // MARK: - Names

  @Test(arguments: [
    ("lefevre^zoe", ["1.1"]), ("LEFÈVRE^ZOÉ", ["1.1"]), ("Lefèvre^Zoé^^^", ["1.1"]), ("Lefevre", []),
    ("Lefevre*", ["1.1", "1.2"]),
    ("*LEFE*", ["1.1", "1.2"]), ("*zo?", ["1.1"]), ("Lef?vre^*", ["1.1", "1.2"]), ("*marc a*", ["1.2"]), ("Marc*", []),
    ("yamada^tarou", ["1.5"]), ("山田^太郎", ["1.5"]), ("*太*", ["1.5"]), ("やまだ*", ["1.5"]), ("yamada*=山田*", ["1.5"]),
    ("yamada*=田*", []), ("*إدريسي*", ["1.3"]), ("الادريسي^فاطمه الزهراء", ["1.3"]), ("احمد^محمد", ["1.4"]),
    ("احمد*", ["1.4"]), ("*مُحَمَد*", ["1.4"]), ("*", ["1.1", "1.2", "1.3", "1.4", "1.5", "1.6"]),
    ("", ["1.1", "1.2", "1.3", "1.4", "1.5", "1.6"]), ("*%*", []), ("*_*", []), ("[l]*", []),
  ])
  func `Names match without accents and case, group by group`(value: String, studies: [String]) throws {
    #expect(try archive.studies(.patientName, value) == Set(studies))
  }

  @Test(arguments: [
    ("zoe lefevre", ["1.1"]), ("marc", ["1.2"]), ("lef ant", ["1.2"]), ("zahra idrissi", ["1.3"]), ("fat", ["1.3"]),
    ("الزهراء فاطمة", ["1.3"]), ("محمد احمد", ["1.4"]), ("efevre", []), ("太", ["1.5"]), ("LEFÈVRE^Z*", ["1.1"]),
    ("lefevre tarou", []),
  ])
  func `Fuzzy names match the beginnings of words in any order`(value: String, studies: [String]) throws {
    #expect(try archive.studies(.patientName, value, fuzzy: true) == Set(studies))
  }

  @Test func `Other people's names match the same way`() throws {
    #expect(try archive.studies(.referringPhysicianName, "*bechir*") == ["1.2"])
    #expect(try archive.studies(.referringPhysicianName, "salma", fuzzy: true) == ["1.2"])
    #expect(
      try archive.found(SearchQuery(.series, study: "1.1", matches: [AttributeMatch(.operatorsName, "operateur*")]))
        .count == 2)
  }

  // MARK: - Other values

  @Test(arguments: [
    ("MID-1", ["1.1"]), ("mid-1", []), ("MID-*", ["1.1", "1.2"]), ("*-1", ["1.1", "1.3"]), ("AZI[3]", ["1.5"]),
    ("AZI[*", ["1.5"]),
    ("???-1", ["1.1", "1.3"]), ("%", []), (" MID-1 ", ["1.1"]),
  ])
  func `Patient IDs match exactly or by wild cards`(value: String, studies: [String]) throws {
    #expect(try archive.studies(.patientID, value) == Set(studies))
  }

  @Test(arguments: [
    ("20260103", ["1.3", "1.4"]), ("20260101-20260102", ["1.1", "1.2"]), ("20260102-", ["1.2", "1.3", "1.4"]),
    ("-20260101", ["1.1", "1.6"]), ("2025", ["1.6"]), ("*", ["1.1", "1.2", "1.3", "1.4", "1.5", "1.6"]),
    ("20260104-20260101", []),
  ])
  func `Dates match alone and in ranges`(value: String, studies: [String]) throws {
    #expect(try archive.studies(.studyDate, value) == Set(studies))
  }

  @Test(arguments: [
    ("0800", ["1.1"]), ("080000", ["1.1"]), ("080001", []), ("0700-0930", ["1.1", "1.2"]), ("09:30:00.5", ["1.2"]),
    ("12", ["1.3"]),
    ("2300-", ["1.4"]),
    ("-12", ["1.1", "1.2", "1.3"]),
  ])
  func `Times match alone and in ranges`(value: String, studies: [String]) throws {
    #expect(try archive.studies(.studyTime, value) == Set(studies))
  }

  @Test func `Dates and times given together each hold`() throws {
    let query = SearchQuery(
      .studies, matches: [AttributeMatch(.studyDate, "20260103-"), AttributeMatch(.studyTime, "1300-")])
    #expect(try archive.found(query) == ["1.4"])
  }

  @Test(arguments: [
    ("1.1\\1.4", ["1.1", "1.4"]), ("1.1,1.4", ["1.1", "1.4"]), ("1.1, 9.9", ["1.1"]), ("1", []),
    ("*", ["1.1", "1.2", "1.3", "1.4", "1.5", "1.6"]),
  ])
  func `UIDs match in lists`(value: String, studies: [String]) throws {
    #expect(try archive.studies(.studyInstanceUID, value) == Set(studies))
  }

  @Test func `An attribute given several times asks for any of its UIDs`() throws {
    let query = SearchQuery(
      .studies, matches: [AttributeMatch(.studyInstanceUID, "1.1"), AttributeMatch(.studyInstanceUID, "1.4")])
    #expect(try Set(archive.found(query)) == ["1.1", "1.4"])
  }

  @Test(arguments: [
    ("CT", ["1.1", "1.4", "1.5"]), ("CT\\MR", ["1.1", "1.2", "1.4", "1.5"]), ("CT,US", ["1.1", "1.3", "1.4", "1.5"]),
    ("C*", ["1.1", "1.4", "1.5", "1.6"]),
    ("ct", []),
  ])
  func `Modalities in study match one of several`(value: String, studies: [String]) throws {
    #expect(try archive.studies(.modalitiesInStudy, value) == Set(studies))
  }

  @Test(arguments: [
    ("*thorax*", ["1.1", "1.6"]), ("Thorax 100%", ["1.1"]), ("crane_sans", ["1.2"]), ("crane?sans", ["1.2"]), ("%", []),
    ("abdomen", ["1.3"]),
  ])
  func `Descriptions match without accents and case, and signs stand for themselves`(value: String, studies: [String])
    throws
  {
    #expect(try archive.studies(.studyDescription, value) == Set(studies))
  }

  @Test func `Attributes without a column match by what is kept`() throws {
    #expect(try archive.studies(.institutionName, "Midelt") == ["1.1", "1.2"])
    #expect(try archive.studies(.patientBirthDate, "19800103-19800104") == ["1.3", "1.4"])
    #expect(
      try archive.found(SearchQuery(.instances, study: "1.1", matches: [AttributeMatch(.contentDate, "20260202")]))
        == ["1.1.0.1", "1.1.1.1"])
    #expect(
      try archive.found(SearchQuery(.instances, matches: [AttributeMatch(.bitsStored, "8")], limit: 3, offset: 1)).count
        == 3)
  }

  @Test func `Attributes inside sequences match by their path`() throws {
    let step = AttributeMatch([.requestAttributesSequence, .scheduledProcedureStepDescription], "etape mr")
    #expect(try archive.found(SearchQuery(.series, matches: [step])) == ["1.2.0"])
    let procedure = AttributeMatch([.requestAttributesSequence, .requestedProcedureID], "RP-1.4")
    #expect(try archive.found(SearchQuery(.instances, matches: [procedure])) == ["1.4.0.1", "1.4.0.0"])
  }

  @Test func `Numbers match as numbers`() throws {
    #expect(
      try archive.found(SearchQuery(.series, study: "1.1", matches: [AttributeMatch(.seriesNumber, "02")])) == ["1.1.1"]
    )
    #expect(
      try archive.found(SearchQuery(.instances, study: "1.2", matches: [AttributeMatch(.instanceNumber, "1")])) == [
        "1.2.0.1"
      ])
  }

  // MARK: - Warnings

  @Test func `An attribute that cannot be matched is ignored with a warning`() throws {
    let result = try archive.search(SearchQuery(.studies, matches: [AttributeMatch(.sliceThickness, "5")]))
    #expect(result.rows.count == 6)
    #expect(result.warnings.count == 1 && result.warnings[0].contains("SliceThickness"))
  }

  @Test func `A value that makes no sense matches nothing, with a warning`() throws {
    let result = try archive.search(SearchQuery(.studies, matches: [AttributeMatch(.studyDate, "yesterday")]))
    #expect(result.rows.isEmpty && result.warnings.count == 1)
    #expect(!result.warnings[0].contains("yesterday"))
  }

  // MARK: - Rows

  @Test func `A study's row has what readers need, and only that by default`() throws {
    let row = try #require(
      try archive.rows(SearchQuery(.studies, matches: [AttributeMatch(.studyInstanceUID, "1.1")])).first)
    let needed =
      "0020000D 00080020 00080030 00080050 00080061 00080090 00081030 00100010 00100020 00100030 00201206 00201208"
    for tag in needed.split(separator: " ") { #expect(row[String(tag)] != nil, "\(tag)") }
    #expect(row["00080080"] == nil && row["00080060"] == nil)
    #expect(number(row["00201206"] as Any) == 2 && number(row["00201208"] as Any) == 4)
    #expect((row["00080061"] as? [String: Any])?["Value"] as? [String] == ["CT", "SR"])
  }

  @Test func `A series' row has what readers need, and the study's attributes where the path does not name it`() throws
  {
    let inStudy = try #require(try archive.rows(SearchQuery(.series, study: "1.1")).first)
    let needed = "0020000D 0020000E 00080060 00200011 0008103E 00201209 00400275"
    for tag in needed.split(separator: " ") { #expect(inStudy[String(tag)] != nil, "\(tag)") }
    #expect(inStudy["00100010"] == nil)
    #expect(number(inStudy["00201209"] as Any) == 2)
    let anywhere = try #require(try archive.rows(SearchQuery(.series)).first)
    #expect(anywhere["00100010"] != nil && anywhere["00201208"] != nil)
  }

  @Test func `An instance's row has what readers need`() throws {
    let row = try #require(try archive.rows(SearchQuery(.instances, study: "1.1", series: "1.1.0")).first)
    for tag in ["00080016", "00080018", "00200013", "00280010", "00280011", "00280100", "0020000E", "00083002"] {
      #expect(row[tag] != nil, "\(tag)")
    }
    #expect(row["00100010"] == nil && row["7FE00010"] == nil)
    let everywhere = try #require(try archive.rows(SearchQuery(.instances)).first)
    #expect(everywhere["00100010"] != nil && everywhere["00080060"] != nil)
  }

  @Test func `Asked-for attributes are added, of the level above too`() throws {
    let study = try #require(
      try archive.rows(SearchQuery(.studies, include: .tags([.institutionName, .modality]), limit: 1)).first)
    #expect(study["00080080"] != nil)
    let series = try #require(
      try archive.rows(SearchQuery(.series, study: "1.1", include: .tags([.patientName]))).first)
    #expect(series["00100010"] != nil && series["00100020"] == nil)
    let instance = try #require(
      try archive.rows(SearchQuery(.instances, study: "1.1", include: .tags([.contentDate, .modality]))).first)
    #expect(instance["00080023"] != nil && instance["00080060"] != nil)
    let all = try #require(try archive.rows(SearchQuery(.instances, study: "1.1", include: .all)).first)
    #expect(all["7FE00010"] != nil && all["00100010"] != nil && all["00080080"] != nil)
  }

  @Test func `Members are in tag order, each once, and there is a place for the retrieve URL`() throws {
    for level in SearchQuery.Level.allCases {
      for include in [SearchQuery.Include.default, .all] {
        for row in try archive.search(SearchQuery(level, include: include)).rows {
          let tags = row.json.withUnsafeBytes { JSONMembers($0).members.map(\.tag) }
          #expect(tags == Set(tags).sorted())
          var json = row.json
          json.insert(
            contentsOf: Array("\"00081190\":{\"vr\":\"UR\",\"Value\":[\"u\"]},".utf8), at: row.retrieveURLOffset)
          let object = try JSONSerialization.jsonObject(with: Data(json)) as? [String: Any]
          #expect(object?.count == tags.count + 1)
          let withURL = json.withUnsafeBytes { JSONMembers($0).members.map(\.tag) }
          #expect(withURL == withURL.sorted())
        }
      }
    }
  }

  @Test func `Searching without blocking gives the same`() async throws {
    let query = SearchQuery(.series, matches: [AttributeMatch(.modality, "CT")])
    let blocking = try archive.found(query)
    #expect(try await archive.searchAsync(query).rows.map { $0.seriesInstanceUID?.rawValue } == blocking)
  }
}
