import DICOM
import Foundation
import GRDB
import Testing

@testable import Archive

/// Each test stores, copies the folder as a crash would leave it, damages the copy, and opens it.
@Suite struct RecoveryTests {
  let folder: TestFolder
  let archive: Archive
  let objects: [[UInt8]]

  init() throws {
    folder = try TestFolder()
    archive = try Archive.make(in: folder)
    objects = (0..<5).map { (number: Int) in
      TestObject.make(instance: UID(rawValue: "1.2.3.1.\(number)"), number: number, side: 40)
    }
    for bytes in objects { try archive.store(bytes, receipt: Receipt(channel: .dimse, callingAETitle: "CT7")) }
    // The crashes here are of an archive whose objects have their files; others are in PlacerTests.
    try archive.placer.placeAll()
  }

  private func expectWhole(_ crashed: TestFolder, count: Int = 5) throws {
    let archive = try Archive.make(in: crashed)
    #expect(try archive.found(SearchQuery(.instances)) == (0..<count).map { "1.2.3.1.\($0)" })
    #expect(try archive.statistics().instances == count)
    let kept = Set(try crashed.objectFiles().map { try Data(contentsOf: URL(filePath: $0)) })
    #expect(kept.isSuperset(of: objects.prefix(count).map { Data($0) }))
    #expect(try archive.verify().isClean)
    for bytes in objects.prefix(count) { #expect(stored(try archive.store(bytes)) == nil) }
    try archive.close()
  }

  @Test func `A crash right after the answers loses nothing`() throws { try expectWhole(folder.crashed()) }

  @Test func `Rows that the power cut took come back from the journal with their receipts`() throws {
    let crashed = try folder.crashed()
    for suffix in ["", "-wal", "-shm"] {
      try? FileManager.default.removeItem(atPath: crashed.path + "/index.sqlite" + suffix)
    }
    try expectWhole(crashed)
    let database = try DatabaseQueue(path: crashed.path + "/index.sqlite")
    #expect(try database.read { try String.fetchAll($0, sql: "SELECT calling_ae_title FROM source") } == ["CT7"])
  }

  @Test func `Missing, short, empty and zeroed object files are put back`() throws {
    let crashed = try folder.crashed()
    let files = crashed.objectFiles()
    try FileManager.default.removeItem(atPath: files[0])
    for (path, bytes) in [
      (files[1], Data(repeating: 1, count: 100)), (files[2], Data()),
      (files[3], Data(count: try Data(contentsOf: URL(filePath: files[3])).count)),
    ] {
      try FileManager.default.removeItem(atPath: path)
      try bytes.write(to: URL(filePath: path))
    }
    try expectWhole(crashed)
  }

  @Test func `A file that was being written at the crash is not in the way of putting objects back`() throws {
    let crashed = try folder.crashed()
    for path in crashed.objectFiles() { try FileManager.default.removeItem(atPath: path) }
    for number in 1...9 { try Data(count: 100).write(to: URL(filePath: crashed.path + "/incoming/put-\(number)")) }
    try expectWhole(crashed)
  }

  @Test func `A torn record ends the replay, and what came before it is kept`() throws {
    let crashed = try folder.crashed()
    try withSegment(crashed) { segment in
      let spaces = objects.map { JournalRecord.space(.inline, objectSize: $0.count) }
      // Half of the last object's bytes did not arrive.
      let start = spaces.dropLast().reduce(0, +) + JournalRecord.headerSize
      segment.replaceSubrange(
        start + 800..<start + spaces[4] - JournalRecord.headerSize,
        with: Data(count: spaces[4] - JournalRecord.headerSize - 800))
    }
    try removeEverythingBut("journal", in: crashed)
    try expectWhole(crashed, count: 4)
  }

  @Test func `A record head that is not whole ends the replay`() throws {
    let crashed = try folder.crashed()
    try withSegment(crashed) { segment in
      let start = objects.prefix(3).reduce(0) { $0 + JournalRecord.space(.inline, objectSize: $1.count) }
      segment[start + 40] ^= 0xFF
    }
    try removeEverythingBut("journal", in: crashed)
    try expectWhole(crashed, count: 3)
  }

  @Test func `Records of an earlier use of a segment are never replayed`() throws {
    try archive.close()
    // The second use writes one record; the four behind it are of the first use.
    let second = try Archive.make(in: folder)
    try second.store(TestObject.make(instance: "1.2.3.1.9", number: 9, side: 40))
    let crashed = try folder.crashed()
    try removeEverythingBut("journal", in: crashed)
    let recovered = try Archive.make(in: crashed)
    #expect(try recovered.found(SearchQuery(.instances)) == ["1.2.3.1.9"])
  }

  @Test func `A journal that has lost a segment replays the others`() throws {
    for number in 0..<40 {
      try archive.store(
        TestObject.make(instance: UID(rawValue: "1.7.\(number)"), number: number, side: 400, fill: UInt8(number)))
    }
    try archive.placer.placeAll()
    let crashed = try folder.crashed()
    try FileManager.default.removeItem(atPath: crashed.path + "/journal/0.log")
    let recovered = try Archive.make(in: crashed)
    // The rows and files were there: only the journal's own bytes are gone.
    #expect(try recovered.statistics().instances == 45)
    #expect(try recovered.verify().isClean)
  }

  @Test func `A journal with a gap in its numbers never writes over a segment in use`() throws {
    for number in 0..<60 {
      try archive.store(
        TestObject.make(instance: UID(rawValue: "1.7.\(number)"), number: number, side: 500, fill: UInt8(number)))
    }
    try archive.close()
    try FileManager.default.removeItem(atPath: folder.path + "/journal/0.log")
    let again = try Archive.make(in: folder)
    for number in 60..<120 {
      try again.store(
        TestObject.make(instance: UID(rawValue: "1.7.\(number)"), number: number, side: 500, fill: UInt8(number)))
    }
    try again.placer.placeAll()
    let crashed = try folder.crashed()
    #expect(try Archive.make(in: crashed).statistics().instances == 125)
    #expect(Set(try FileManager.default.contentsOfDirectory(atPath: folder.path + "/journal")).count >= 2)
  }

  @Test func `A journal that is gone altogether is made again`() throws {
    let crashed = try folder.crashed()
    try FileManager.default.removeItem(atPath: crashed.path + "/journal")
    try expectWhole(crashed)
  }

  @Test func `A half-made segment and strays of interrupted arrivals are removed`() throws {
    let crashed = try folder.crashed()
    try Data(count: 5000).write(to: URL(filePath: crashed.path + "/journal/3.log.new"))
    try Data(count: 5000).write(to: URL(filePath: crashed.path + "/incoming/spool-abc"))
    try expectWhole(crashed)
    #expect(!FileManager.default.fileExists(atPath: crashed.path + "/journal/3.log.new"))
    #expect(try FileManager.default.contentsOfDirectory(atPath: crashed.path + "/incoming").isEmpty)
  }

  @Test func `A large object is found again by the small record of its file`() throws {
    let otherFolder = try TestFolder()
    let archive = try Archive.make(in: otherFolder) { $0.spoolMemoryLimit = 16 << 10 }
    let bytes = TestObject.make(instance: "1.5", side: 300)
    try archive.store(bytes)
    let crashed = try TestFolder()
    try FileManager.default.removeItem(atPath: crashed.path)
    try FileManager.default.copyItem(atPath: archive.options.directory, toPath: crashed.path)
    for suffix in ["", "-wal", "-shm"] {
      try? FileManager.default.removeItem(atPath: crashed.path + "/index.sqlite" + suffix)
    }
    let recovered = try Archive.make(in: crashed)
    #expect(try recovered.found(SearchQuery(.instances)) == ["1.5"])
    try archive.close()
  }

  @Test func `Many uses of few segments leave a journal that replays only the last`() throws {
    for number in 0..<120 {
      try archive.store(
        TestObject.make(instance: UID(rawValue: "1.8.\(number)"), number: number, side: 500, fill: UInt8(number)))
    }
    try archive.placer.placeAll()
    let crashed = try folder.crashed()
    for suffix in ["", "-wal", "-shm"] {
      try? FileManager.default.removeItem(atPath: crashed.path + "/index.sqlite" + suffix)
    }
    let recovered = try Archive.make(in: crashed)
    // What a checkpoint had covered is no longer in the journal: that is for verify.
    let instances = try recovered.statistics().instances
    #expect(instances > 0 && instances < 125)
  }

  @Test func `A large file whose new name the power cut took gets it again`() throws {
    let otherFolder = try TestFolder()
    let archive = try Archive.make(in: otherFolder) { $0.spoolMemoryLimit = 16 << 10 }
    let bytes = TestObject.make(instance: "1.5", side: 300)
    try archive.store(bytes)
    let crashed = try otherFolder.crashed()
    let incoming = crashed.path + "/incoming/"
    try FileManager.default.moveItem(atPath: crashed.objectFiles()[0], toPath: incoming + "spool-abc123")
    // Of the same length, and of an arrival that had not ended.
    try Data(count: bytes.count).write(to: URL(filePath: incoming + "spool-abc122"))
    let recovered = try Archive.make(in: crashed)
    #expect(try crashed.objectFiles().map { try [UInt8](Data(contentsOf: URL(filePath: $0))) } == [bytes])
    #expect(try FileManager.default.contentsOfDirectory(atPath: incoming).isEmpty)
    #expect(try recovered.verify().isClean)
    #expect(stored(try recovered.store(bytes)) == nil)
    try archive.close()
  }

  @Test func `Without flushes the end of the process loses nothing, and files that are missing come back`() throws {
    let folder = try TestFolder()
    let archive = try Archive.make(in: folder, durable: false)
    for bytes in objects { try archive.store(bytes) }
    try archive.placer.placeAll()
    let crashed = try folder.crashed()
    let files = crashed.objectFiles()
    try FileManager.default.removeItem(atPath: files[0])
    try FileManager.default.removeItem(atPath: files[1])
    try Data().write(to: URL(filePath: files[1]))
    let recovered = try Archive.make(in: crashed, durable: false)
    #expect(try recovered.statistics().instances == 5)
    #expect(crashed.objectFiles().count == 5)
    #expect(try recovered.verify().isClean)
    try recovered.close()
    try archive.close()
    #expect(try Archive.make(in: folder).statistics().instances == 5)
  }

  @Test func `Without flushes a power cut takes objects, and their rows go with them`() throws {
    let folder = try TestFolder()
    let archive = try Archive.make(in: folder, durable: false)
    for bytes in objects { try archive.store(bytes) }
    let crashed = try folder.crashed()
    // The journal reached the disk up to the third record only, and no file did.
    try withSegment(crashed) { segment in
      let start = objects.prefix(3).reduce(0) { $0 + JournalRecord.space(.inline, objectSize: $1.count) }
      segment.replaceSubrange(start..<segment.count, with: Data(count: segment.count - start))
    }
    for file in crashed.objectFiles() { try FileManager.default.removeItem(atPath: file) }
    let recovered = try Archive.make(in: crashed, durable: false)
    #expect(try recovered.statistics().instances == 3)
    #expect(try recovered.verify().isClean)
    for bytes in objects { try recovered.store(bytes) }
    #expect(try recovered.statistics().instances == 5)
    try recovered.close()
    try archive.close()
    #expect(try Archive.make(in: folder).statistics().instances == 5)
  }

  private func withSegment(_ folder: TestFolder, _ change: (inout Data) -> Void) throws {
    let url = URL(filePath: folder.path + "/journal/0.log")
    var bytes = try Data(contentsOf: url)
    change(&bytes)
    try bytes.write(to: url)
  }

  private func removeEverythingBut(_ name: String, in folder: TestFolder) throws {
    for other in try FileManager.default.contentsOfDirectory(atPath: folder.path) where other != name {
      try FileManager.default.removeItem(atPath: folder.path + "/" + other)
    }
  }
}
