import DICOM
import Foundation
import Testing

@testable import Archive

/// Objects that lie in the journal only, and how they come to files of their own.
@Suite struct PlacerTests {
  let folder: TestFolder

  init() throws { folder = try TestFolder() }

  /// An archive that makes no file because time has passed.
  private func patient(segments: Int = 4) throws -> Archive {
    try Archive.make(in: folder) {
      $0.pauseBeforeFiles = .seconds(3600)
      $0.journalSegments = segments
    }
  }

  private func object(_ number: Int, side: Int = 40) -> [UInt8] {
    TestObject.make(instance: UID(rawValue: "1.2.3.1.\(number)"), number: number, side: side, fill: UInt8(number & 255))
  }

  @Test func `An acknowledged object is read before anything made its file`() async throws {
    let archive = try patient()
    for number in 0..<5 { try archive.store(object(number)) }
    #expect(folder.objectFiles().isEmpty)
    let records = try await archive.instances(study: "1.2.3")
    for (number, record) in records.enumerated() {
      #expect(try Data(contentsOf: URL(filePath: archive.path(of: record))) == Data(object(number)))
    }
    #expect(folder.objectFiles().count == 5)
    try archive.close()
  }

  @Test func `Sixteen readers of one object make one file`() async throws {
    let archive = try patient()
    try archive.store(object(1, side: 300))
    let record = try #require(try await archive.instances(study: "1.2.3").first)
    let read = try atOnce(16) { _ in try Data(contentsOf: URL(filePath: archive.path(of: record))) }
    #expect(read.allSatisfy { $0 == Data(object(1, side: 300)) })
    try archive.close()
  }

  @Test func `When the stream pauses every object gets its file`() throws {
    let archive = try Archive.make(in: folder)
    for number in 0..<5 { try archive.store(object(number)) }
    for _ in 0..<500 where folder.objectFiles().count < 5 { usleep(10_000) }
    #expect(Set(try folder.objectFiles().map { try Data(contentsOf: URL(filePath: $0)) }).count == 5)
    try archive.close()
  }

  @Test func `The same bytes again are a duplicate while they lie in the journal`() throws {
    let archive = try patient()
    let first = try #require(try stored(archive.store(object(1))))
    #expect(try archive.store(object(1)) == .duplicate(first))
    #expect(folder.objectFiles().isEmpty)
    try archive.close()
  }

  @Test func `A crash before any file was made loses nothing`() throws {
    let archive = try patient()
    for number in 0..<5 { try archive.store(object(number)) }
    let crashed = try folder.crashed()
    #expect(crashed.objectFiles().isEmpty)
    let again = try Archive.make(in: crashed)
    #expect(try again.statistics().instances == 5)
    #expect(
      try Set(crashed.objectFiles().map { try Data(contentsOf: URL(filePath: $0)) })
        == Set((0..<5).map { Data(object($0)) }))
    #expect(try again.verify().isClean)
    try archive.close()
  }

  @Test func `Closing makes every file and leaves an empty journal`() throws {
    let archive = try patient()
    for number in 0..<5 { try archive.store(object(number)) }
    try archive.close()
    #expect(folder.objectFiles().count == 5)
    #expect(try JournalReplay(directory: folder.path + "/journal").segments.isEmpty)
  }

  @Test func `A journal that needs its room gives objects their files, oldest first`() throws {
    let archive = try patient(segments: 2)
    // Five times what the journal holds.
    for number in 0..<160 { try archive.store(object(number, side: 500)) }
    #expect(folder.objectFiles().count > 100)
    #expect(try archive.statistics().instances == 160)
    #expect(try archive.verify().isClean)
    try archive.close()
    #expect(folder.objectFiles().count == 160)
  }

  @Test func `Verifying an open archive counts no object as missing`() throws {
    let archive = try patient()
    for number in 0..<5 { try archive.store(object(number)) }
    let report = try archive.verify()
    #expect(report.isClean && report.objectsRead == 5)
    try archive.close()
  }

  @Test func `Bytes that wait in the journal count against the disk reserve`() throws {
    let archive = try patient()
    let bytes = object(1, side: 900)
    try archive.store(bytes)
    #expect(archive.reserve.promised.load(ordering: .relaxed) == bytes.count)
    try archive.placer.placeAll()
    #expect(archive.reserve.promised.load(ordering: .relaxed) == 0)
    try archive.close()
  }

  @Test func `An object that cannot get its file stays in the journal for the next start`() throws {
    let archive = try patient()
    let identity = try #require(try stored(archive.store(object(1))))
    // Where its folder was there is a file: no name can be made in it.
    let place = folder.path + "/objects/" + identity.digest.prefix(2)
    try FileManager.default.removeItem(atPath: place)
    try Data().write(to: URL(filePath: place))
    try archive.close()
    #expect(try JournalReplay(directory: folder.path + "/journal").segments.count == 1)
    try FileManager.default.removeItem(atPath: place)
    let again = try Archive.make(in: folder)
    #expect(try again.found(SearchQuery(.instances)) == ["1.2.3.1.1"])
    #expect(try again.verify().isClean)
    try again.close()
  }
}
