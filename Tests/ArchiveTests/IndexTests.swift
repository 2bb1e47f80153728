import DICOM
import Foundation
import Testing

@testable import Archive

@Suite struct IndexTests {
  let folder: TestFolder
  let archive: Archive

  init() throws {
    folder = try TestFolder()
    archive = try Archive.make(in: folder)
  }

  private func study() throws -> [String: Any] {
    try #require(try archive.rows(SearchQuery(.studies, include: .all)).first)
  }

  private func text(_ attribute: Any?) -> String? {
    let value = ((attribute as? [String: Any])?["Value"] as? [Any])?.first
    return value as? String ?? (value as? [String: Any])?["Alphabetic"] as? String
  }

  @Test func `A study's attributes are those of its first object, filled in by later ones`() throws {
    try archive.store(
      TestObject.make(instance: "1.1", modality: "SR", patientID: "", name: "") { writer in
        writer.string(.studyDescription, .lo, "Premier")
        writer.string(.studyDate, .da, "")
      })
    #expect(try archive.studies(.patientID, "P1").isEmpty)
    try archive.store(
      TestObject.make(series: "1.9", instance: "1.2", name: "Alaoui^Omar") { writer in
        writer.string(.studyDescription, .lo, "Second")
        writer.string(.institutionName, .lo, "Midelt")
      })
    let row = try study()
    #expect(text(row["00081030"]) == "Premier")
    #expect(text(row["00100010"]) == "Alaoui^Omar" && text(row["00100020"]) == "P1")
    #expect(text(row["00080020"]) == "20260102" && text(row["00080080"]) == "Midelt")
    #expect(try archive.studies(.patientID, "P1") == ["1.2.3"])
    #expect(try archive.studies(.patientName, "ala*") == ["1.2.3"])
    #expect(try archive.studies(.studyDate, "20260102") == ["1.2.3"])
  }

  @Test func `Another patient's object in a study does not change the study`() throws {
    try archive.store(TestObject.make(instance: "1.1", patientID: "P1", name: "Dupont^Jean"))
    try archive.store(TestObject.make(instance: "1.2", patientID: "P2", name: "Martin^Luc"))
    #expect(try archive.studies(.patientID, "P1") == ["1.2.3"])
    #expect(try archive.studies(.patientID, "P2").isEmpty)
    #expect(try text(study()["00100010"]) == "Dupont^Jean")
  }

  @Test func `Counts and modalities follow what is stored, in and across transactions and restarts`() throws {
    for (number, modality) in ["CT", "CT", "SR", "PR"].enumerated() {
      try archive.store(
        TestObject.make(
          series: UID(rawValue: "1.\(modality)"), instance: UID(rawValue: "1.\(number)"), modality: modality))
    }
    try archive.close()
    let again = try Archive.make(in: folder)
    try again.store(TestObject.make(series: "1.MR", instance: "1.77", modality: "MR"))
    let row = try #require(try again.rows(SearchQuery(.studies)).first)
    #expect(number(row["00201206"] as Any) == 4 && number(row["00201208"] as Any) == 5)
    #expect((row["00080061"] as? [String: Any])?["Value"] as? [String] == ["CT", "MR", "PR", "SR"])
    let series = try again.rows(SearchQuery(.series, matches: [AttributeMatch(.modality, "CT")]))
    #expect(series.count == 1 && number(series[0]["00201209"] as Any) == 2)
    #expect(try again.statistics().series == 4)
  }

  @Test func `One series UID in two studies is two series`() throws {
    try archive.store(TestObject.make(study: "1.1", series: "7.7", instance: "1.1.1"))
    try archive.store(TestObject.make(study: "1.2", series: "7.7", instance: "1.2.1"))
    #expect(try archive.found(SearchQuery(.instances, study: "1.1", series: "7.7")) == ["1.1.1"])
    #expect(try archive.found(SearchQuery(.instances, study: "1.2", series: "7.7")) == ["1.2.1"])
    #expect(try archive.statistics().series == 2)
  }

  @Test func `Instances come by series number and instance number, those without last`() async throws {
    let objects: [(String, Int?, Int?)] = [
      ("1.3", 10, 2), ("1.1", 2, 2), ("1.9", nil, 2), ("1.0", 5, 1), ("1.5", 1, nil),
    ]
    for (uid, number, series) in objects {
      let bytes = TestObject.make(
        series: UID(rawValue: "2.\(series ?? 0)"), instance: UID(rawValue: uid), number: number, seriesNumber: series)
      _ = try await archive.store(archive.spool(bytes), receipt: Receipt(channel: .import))
    }
    let records = try await archive.instances(study: "1.2.3")
    #expect(records.map(\.sopInstanceUID) == ["1.0", "1.1", "1.3", "1.9", "1.5"])
    #expect(records.map(\.instanceNumber) == [5, 2, 10, nil, 1])
    let metadata = try await archive.metadata(study: "1.2.3")
    #expect(metadata.map(\.sopInstanceUID) == records.map(\.sopInstanceUID))
    #expect(try await archive.instances(study: "1.2.3", series: "2.2").count == 3)
    #expect(try await archive.instances(study: "1.2.3", series: "2.2", instance: "1.9").count == 1)
    #expect(try await archive.instances(study: "1.2.3", series: "2.1", instance: "1.9").isEmpty)
    #expect(try await archive.instances(study: "9").isEmpty)
  }

  @Test func `Metadata is the object's JSON, pixels as bulk data`() async throws {
    _ = try await archive.store(archive.spool(TestObject.make(name: "Lefèvre^Zoé")), receipt: Receipt(channel: .import))
    let metadata = try #require(try await archive.metadata(study: "1.2.3").first)
    let json = try #require(
      try JSONSerialization.jsonObject(with: Data(metadata.json)) as? [String: [String: Any]])
    #expect(json["7FE00010"]?["BulkDataURI"] as? String == "~/7FE00010")
    #expect((json["00100010"]?["Value"] as? [[String: String]])?.first?["Alphabetic"] == "Lefèvre^Zoé")
  }

  @Test func `A failed disk ends accepting and leaves the journal for the next start`() throws {
    try archive.store(TestObject.make())
    archive.latch.fail(ArchiveError("the disk is broken"))
    let spool = try #require(throws: StoreFailure.self) { _ = try archive.makeSpool() }
    guard case .cannotStore = spool.code else { return #expect(Bool(false), "\(spool)") }
    #expect(try archive.found(SearchQuery(.studies)) == ["1.2.3"])
    try archive.close()
    #expect(try JournalReplay(directory: folder.path + "/journal").segments.count == 1)
    #expect(try Archive.make(in: folder).statistics().instances == 1)
  }
}
