import DICOM
import Foundation
import GRDB
import Imaging
import Testing

@testable import Archive

@Suite struct CoercionTests {
  let folder: TestFolder

  init() throws { folder = try TestFolder() }

  private func make(in folder: TestFolder? = nil, issuer: String? = "MIDELT", prepares: Bool = true) throws -> Archive {
    try Archive.make(in: folder ?? self.folder) { options in
      var preparation = PreparationOptions.eager()
      preparation.issuerOfPatientID = issuer
      preparation.prepares = prepares
      options.preparation = preparation
    }
  }

  private static func report(_ uid: UID, issuer: String? = nil, signed: Bool = false) -> DataSetWriter {
    var writer = DataSetWriter()
    writer.uid(.sopClassUID, "1.2.840.10008.5.1.4.1.1.88.11")
    writer.uid(.sopInstanceUID, uid)
    writer.uid(.studyInstanceUID, "1.2.3.4")
    writer.uid(.seriesInstanceUID, "1.2.3.4.5")
    writer.string(.patientID, .lo, "12")
    if let issuer { writer.string(.issuerOfPatientID, .lo, issuer) }
    if signed { writer.sequence(.digitalSignaturesSequence) { $0.string(.patientID, .lo, "") } }
    return writer
  }

  private static let jpeg: [UInt8] = {
    var writer = report("1.2.3.4.7", issuer: "elsewhere")
    writer.uint16(.samplesPerPixel, [1])
    writer.string(.photometricInterpretation, .cs, "MONOCHROME2")
    for tag: DICOM.Tag in [.rows, .columns, .bitsAllocated, .bitsStored] { writer.uint16(tag, [8]) }
    writer.uint16(.highBit, [7])
    writer.uint16(.pixelRepresentation, [0])
    writer.encapsulatedPixelData(frames: [[0xFF, 0xD8, 0xFF, 0xD9]])
    return writer.file(transferSyntax: .jpegBaseline)
  }()

  private func states(_ archive: Archive) throws -> [String: Int] {
    try archive.index.pool.read { db in
      var states: [String: Int] = [:]
      for row in try Row.fetchAll(
        db,
        sql: """
          SELECT preparation || ' ' || coalesce(code, ''), count(*) FROM instance
          LEFT JOIN preparation_note ON instance_id = id GROUP BY 1
          """)
      {
        states[row[0]] = row[1]
      }
      return states
    }
  }

  private func dataSet(_ record: InstanceRecord, _ archive: Archive) throws -> DataSet {
    try ParsedObject.parse(ObjectBytes.mapped(path: archive.path(of: record))).dataSet
  }

  @Test func `At a site every object gets its issuer, with a ladder or without, and the preparation of all settles`()
    async throws
  {
    let archive = try make()
    let slice = try ImagePreparationSample.slice()
    try archive.store(slice.bytes)
    try archive.store(Self.report("1.2.3.4.6").file(transferSyntax: .implicitVRLittleEndian))
    try archive.store(Self.jpeg)
    try archive.store(Self.report("1.2.3.4.8", issuer: "MIDELT").file(transferSyntax: .explicitVRLittleEndian))
    try archive.store(Self.report("1.2.3.4.9", signed: true).file(transferSyntax: .explicitVRLittleEndian))
    try await archive.waitUntilPrepared()
    #expect(try states(archive) == ["1 ": 3, "2 no-pixel-data": 1, "2 signed": 1])
    for record in try await archive.instances(study: "1.2.3.4") {
      let set = try dataSet(record, archive)
      #expect(record.layers == nil)
      switch record.sopInstanceUID {
      case "1.2.3.4.6":
        #expect(set.string(.issuerOfPatientID) == "MIDELT" && record.transferSyntax == .implicitVRLittleEndian)
        #expect(!set.contains(.originalAttributesSequence) && record.digest != record.receivedDigest)
      case "1.2.3.4.7":
        let item = try #require(set.items(.originalAttributesSequence).first)
        #expect(item.items(.modifiedAttributesSequence).first?.string(.issuerOfPatientID) == "elsewhere")
        #expect(set.string(.issuerOfPatientID) == "MIDELT" && record.transferSyntax == .jpegBaseline)
        let frame = try #require(record.pixelData?.fragments(of: 0).first)
        #expect(
          Array(try Data(contentsOf: URL(filePath: archive.path(of: record)))[frame]) == [0xFF, 0xD8, 0xFF, 0xD9])
      default: #expect(record.digest == record.receivedDigest)
      }
    }
    let uid = try #require(
      try archive.search(SearchQuery(.studies)).rows.map(\.studyInstanceUID).first { $0 != "1.2.3.4" })
    let prepared = try #require(try await archive.instances(study: uid).first)
    let set = try dataSet(prepared, archive)
    #expect(prepared.layers != nil && prepared.decodedIn == .process)
    #expect(set.string(.issuerOfPatientID) == "MIDELT")
    #expect(try archive.frames(of: prepared).map(\.bytes) == slice.frames())
    let received = try ParsedObject.parse(ObjectBytes(slice.bytes)).dataSet
    let item = try #require(set.items(.originalAttributesSequence).last)
    #expect(
      item.items(.modifiedAttributesSequence).first?.string(.issuerOfPatientID) == received.string(.issuerOfPatientID))
    // What came is a duplicate for ever, and the files are whole.
    #expect(stored(try archive.store(slice.bytes)) == nil)
    #expect(stored(try archive.store(Self.jpeg)) == nil)
    #expect(try archive.verify().isClean)
  }

  @Test func `The study says the site's name as soon as an object of it does`() async throws {
    let archive = try make()
    try archive.store(Self.jpeg)
    try await archive.waitUntilPrepared()
    let row = try #require(try archive.rows(SearchQuery(.studies, include: .all)).first)
    #expect((row["00100021"] as? [String: Any])?["Value"] as? [String] == ["MIDELT"])
  }

  @Test func `Without a site's name nothing but native images is prepared, and issuers stay`() async throws {
    let archive = try make(issuer: nil)
    try archive.store(Self.jpeg)
    try archive.store(try ImagePreparationSample.slice().bytes)
    try await archive.waitUntilPrepared()
    #expect(try states(archive) == ["1 ": 1, "2 ": 1])
    for study in try archive.search(SearchQuery(.studies)).rows.map(\.studyInstanceUID) {
      for record in try await archive.instances(study: study) {
        #expect(try dataSet(record, archive).string(.issuerOfPatientID) != "MIDELT")
      }
    }
  }

  @Test func `A coerced object is made again with the same bytes, and survives its received file and its index`()
    async throws
  {
    let first = try make(prepares: false)
    try first.store(Self.jpeg)
    let one = try first.makeCoerced()
    let two = try first.makeCoerced()
    #expect(one.entry.digest == two.entry.digest && one.facts.layers == nil)
    unlink(one.path)
    unlink(two.path)
    try first.close()
    let archive = try make()
    try await archive.waitUntilPrepared()
    let before = try await archive.onlyRecord()
    #expect(before.digest == one.entry.digest.hex)
    try archive.close()
    for suffix in ["", "-wal", "-shm"] {
      try? FileManager.default.removeItem(atPath: folder.path + "/index.sqlite" + suffix)
    }
    let again = try make(prepares: false)
    #expect(try again.verify().rowsAdded == 1)
    let after = try await again.onlyRecord()
    #expect(after.digest == before.digest && after.receivedDigest == before.receivedDigest)
    #expect(stored(try again.store(Self.jpeg)) == nil)
    #expect(try states(again) == ["1 ": 1])
  }

  @Test func `An image that cannot be given its ladder has its issuer all the same, and can be tried again`()
    async throws
  {
    let first = try make(prepares: false)
    let slice = try ImagePreparationSample.slice()
    try first.store(slice.bytes)
    let study = try #require(try first.index.newestWaiting(except: []))
    let job = try #require(try first.index.waiting(study).first)
    var options = PreparationOptions.eager()
    options.issuerOfPatientID = "MIDELT"
    var work = PreparationWork(objects: first.objects, placer: first.placer, options: options)
    work.ladder = { _, _, _, _ in .refused(.samplesDiffer(frame: 0)) }
    let result = work.run(job) { () throws(PreparationWork.Cancelled) in }
    guard case .made(let path, let entry, let facts, _, _) = result else { throw ArchiveError("\(result)") }
    guard case .replaced(nil) = try first.replacement.replace(job.id, with: path, entry, facts) else {
      throw ArchiveError("not replaced, or the received file is to go")
    }
    #expect(try states(first) == ["3 samples-differ": 1])
    #expect(try first.preparationStatus().refused == 1)
    let record = try await first.onlyRecord()
    #expect(record.layers == nil && record.hasReceivedFile)
    #expect(try dataSet(record, first).string(.issuerOfPatientID) == "MIDELT")
    #expect(try first.frames(of: record).map { $0.withUnsafeBytes { Array($0) } } == slice.frames())
    // Sent as it is now, not as it was received.
    let queued = try #require(try first.index.kept(received: job.received))
    #expect(queued.name.digest == entry.digest)
    #expect(try first.verify().isClean)
    #expect(try first.retryPreparation() == 1)
    try first.close()
    let again = try make()
    try await again.waitUntilPrepared()
    #expect(try states(again) == ["1 ": 1])
    let prepared = try await again.onlyRecord()
    #expect(prepared.layers != nil)
    #expect(try dataSet(prepared, again).string(.issuerOfPatientID) == "MIDELT")
    #expect(try again.verify().isClean)
  }

  @Test func `An archive does not open with a name that cannot be an issuer`() throws {
    #expect(throws: ArchiveError.self) { try make(issuer: "Hôpital\\Midelt") }
  }
}

extension Archive {
  /// What a worker makes of the one object that waits.
  fileprivate func makeCoerced() throws -> (path: String, entry: IndexEntry, facts: PreparedFacts) {
    let study = try #require(try index.newestWaiting(except: []))
    let job = try #require(try index.waiting(study).first)
    var options = PreparationOptions.eager()
    options.issuerOfPatientID = "MIDELT"
    let result = PreparationWork(objects: objects, placer: placer, options: options).run(job) {
      () throws(PreparationWork.Cancelled) in
    }
    guard case .made(let path, let entry, let facts, _, _) = result else { throw ArchiveError("\(result)") }
    return (path, entry, facts)
  }
}
