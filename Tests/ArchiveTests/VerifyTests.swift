import DICOM
import Foundation
import Testing

@testable import Archive

@Suite struct VerifyTests {
  let folder: TestFolder
  let objects: [[UInt8]]

  init() throws {
    folder = try TestFolder()
    objects = (0..<4).map { (number: Int) in
      TestObject.make(instance: UID(rawValue: "1.2.3.1.\(number)"), number: number)
    }
    let archive = try Archive.make(in: folder)
    for bytes in objects { try archive.store(bytes) }
    try archive.close()
  }

  @Test func `A good archive is found good, and progress is told`() throws {
    let archive = try Archive.make(in: folder)
    var steps: [Int] = []
    let report = try archive.verify { steps.append($0.objectsRead) }
    #expect(report.isClean && report.objectsRead == 4)
    #expect(report.bytesRead == objects.reduce(0) { $0 + $1.count })
    #expect(steps == [1, 2, 3, 4])
  }

  @Test func `A lost index is made again from the objects alone`() async throws {
    for suffix in ["", "-wal", "-shm"] {
      try? FileManager.default.removeItem(atPath: folder.path + "/index.sqlite" + suffix)
    }
    let archive = try Archive.make(in: folder)
    #expect(try archive.statistics().instances == 0)
    #expect(try archive.verify().rowsAdded == 4)
    #expect(try archive.found(SearchQuery(.instances)) == (0..<4).map { "1.2.3.1.\($0)" })
    #expect(try await archive.metadata(study: "1.2.3").count == 4)
    #expect(try archive.verify().isClean)
  }

  @Test func `A corrupt object goes to the quarantine, and the good one can be sent again`() throws {
    let path = try #require(folder.objectFiles().first)
    var bytes = try Data(contentsOf: URL(filePath: path))
    bytes[bytes.count - 5] ^= 1
    try FileManager.default.removeItem(atPath: path)
    try bytes.write(to: URL(filePath: path))
    let archive = try Archive.make(in: folder)
    let report = try archive.verify()
    #expect(report.corrupt == 1 && report.missing == 0)
    #expect(try archive.statistics().instances == 3)
    let entry = try #require(try archive.quarantined().first)
    #expect(entry.reason == .corrupt && entry.size == bytes.count)
    let copy = folder.path + "/copy.dcm"
    try archive.exportQuarantined(entry.id, to: copy)
    #expect(try Data(contentsOf: URL(filePath: copy)) == bytes)
    for bytes in objects { try archive.store(bytes) }
    #expect(try archive.statistics().instances == 4)
  }

  @Test func `A row whose object is nowhere is taken out`() throws {
    let path = try #require(folder.objectFiles().first)
    try FileManager.default.removeItem(atPath: path)
    let archive = try Archive.make(in: folder)
    #expect(try archive.verify().missing == 1)
    #expect(try archive.statistics().instances == 3)
    let row = try #require(try archive.rows(SearchQuery(.studies)).first)
    #expect(row["00201208"].flatMap(number) == 3)
  }

  @Test func `With its last instance a study is gone from the index`() throws {
    for path in folder.objectFiles() { try FileManager.default.removeItem(atPath: path) }
    let archive = try Archive.make(in: folder)
    #expect(try archive.verify().missing == 4)
    let statistics = try archive.statistics()
    #expect(statistics.studies == 0 && statistics.series == 0 && statistics.instances == 0 && statistics.bytes == 0)
  }

  @Test func `A file that is no object is counted and left alone`() throws {
    let stranger = folder.path + "/objects/ab/notes.txt"
    try Data("hello".utf8).write(to: URL(filePath: stranger))
    let archive = try Archive.make(in: folder)
    let report = try archive.verify()
    #expect(report.isClean && report.strangers == 1)
    #expect(FileManager.default.fileExists(atPath: stranger))
  }

  @Test func `An object whose name belongs to another goes to the quarantine`() throws {
    let archive = try Archive.make(in: folder)
    let hash = SHA256()
    let other = TestObject.make(instance: "1.2.3.1.0", fill: 99)
    other.withUnsafeBytes { hash.update($0) }
    let digest = try #require(Digest(hash.finish()))
    try Data(other).write(to: URL(filePath: folder.path + "/objects/\(digest.hex.prefix(2))/\(digest).dcm"))
    let report = try archive.verify()
    #expect(report.conflicting == 1)
    #expect(try archive.quarantined().first?.reason == .conflict)
    #expect(try archive.verify().isClean)
  }
}

func number(_ attribute: Any) -> Int? { ((attribute as? [String: Any])?["Value"] as? [Int])?.first }
