import DICOM
import Foundation
import GRDB
import Imaging
import Synchronization
import Testing

@testable import Archive

/// Stops between the steps of a replacement, as a kill or a power cut would, and opens what is left.
@Suite struct ReplacementTests {
  let folder: TestFolder
  let archive: Archive
  let sample: ImagePreparationSample

  init() throws {
    folder = try TestFolder()
    archive = try Archive.make(in: folder)
    sample = try .slice()
    try archive.store(sample.bytes)
  }

  /// Replaces the one object, and copies the archive's folder at each step.
  private func replaceCopying(keepReceived: Bool = false) throws -> [Replacement.Step: TestFolder] {
    let copies = Mutex<[Replacement.Step: TestFolder]>([:])
    let (job, path, entry, facts) = try archive.work(keepReceived: keepReceived)
    var replacement = archive.replacement
    replacement.reached = { [folder] step in
      let copy = try? folder.crashed()
      copies.withLock { $0[step] = copy }
    }
    let outcome = try replacement.replace(job.id, with: path, entry, facts)
    guard case .replaced(let superseded) = outcome else { throw ArchiveError("not replaced") }
    #expect((superseded == nil) == keepReceived)
    if let superseded {
      let removal = try archive.replacement.remove([superseded]) { _ in true }
      #expect(removal.read.isEmpty && removal.restored == 0 && removal.bytes == sample.bytes.count)
    }
    return copies.withLock { $0 }
  }

  private func expectWhole(_ folder: TestFolder, isPrepared: Bool?, files: Int? = nil) async throws {
    let archive = try Archive.make(in: folder) { $0.preparation = .removing() }
    try await archive.waitUntilRemoved()
    let record = try await archive.onlyRecord()
    if let isPrepared { #expect((record.layers != nil) == isPrepared) }
    #expect((record.layers != nil) == (record.transferSyntax == .jpeg2000Lossless))
    #expect(record.receivedDigest == Digest(ObjectBytes(sample.bytes).sha256())?.hex)
    #expect(try archive.frames(of: record).map { $0.withUnsafeBytes { Array($0) } } == sample.frames())
    #expect(try Data(contentsOf: URL(filePath: archive.path(of: record))).count == record.size)
    #expect(try archive.statistics().bytes == record.size)
    #expect(stored(try archive.store(sample.bytes)) == nil)
    let report = try archive.verify()
    #expect(report.isClean, "\(report)")
    #expect(try archive.quarantined().isEmpty)
    if let files { #expect(folder.objectFiles().count == files) }
    try archive.close()
    // And once more: what was mended stays so.
    let again = try Archive.make(in: folder)
    let later = try await again.onlyRecord()
    #expect(later.digest == record.digest)
    #expect(try again.verify().leftovers == 0)
    try again.close()
  }

  @Test func `A crash at any step leaves the received file or the prepared one`() async throws {
    let copies = try replaceCopying()
    #expect(copies.count == Replacement.Step.allCases.count)
    for step in Replacement.Step.allCases {
      let copy = try #require(copies[step])
      let isSwitched = step == .switched || step == .indexFlushed
      try await expectWhole(copy, isPrepared: isSwitched, files: 1)
    }
    try await expectWhole(folder.crashed(), isPrepared: true, files: 1)
    try archive.close()
    try await expectWhole(folder, isPrepared: true, files: 1)
  }

  @Test func `A power cut that takes the switched row leaves the received file`() async throws {
    // The index as it was before; the prepared file and its name had reached the disk.
    let before = try folder.crashed()
    let copies = try replaceCopying()
    let after = try #require(copies[.switched])
    for suffix in ["", "-wal", "-shm"] {
      try? FileManager.default.removeItem(atPath: after.path + "/index.sqlite" + suffix)
      try? FileManager.default.copyItem(
        atPath: before.path + "/index.sqlite" + suffix, toPath: after.path + "/index.sqlite" + suffix)
    }
    try await expectWhole(after, isPrepared: false, files: 1)
  }

  @Test func `A thumbnail is kept with the prepared file, and goes with it`() async throws {
    _ = try replaceCopying()
    let record = try await archive.onlyRecord()
    let thumbnail = try #require(try await archive.thumbnail(of: record))
    #expect(thumbnail.jpeg.starts(with: [0xFF, 0xD8]) && thumbnail.jpeg.count < 12 << 10 && thumbnail.width == 128)
    try FileManager.default.removeItem(atPath: archive.path(of: record))
    try archive.store(sample.bytes)
    #expect(try await archive.onlyRecord().layers == nil)
    #expect(try await archive.thumbnail(of: record) == nil)
    #expect(try await archive.index.pool.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM thumbnail") } == 0)
  }

  @Test func `The journal does not bring a replaced object back`() async throws {
    _ = try replaceCopying()
    let crashed = try folder.crashed()
    #expect(try !JournalReplay(directory: crashed.path + "/journal").segments.isEmpty)
    let archive = try Archive.make(in: crashed)
    #expect(crashed.objectFiles().count == 1)
    #expect(try await archive.onlyRecord().layers != nil)
    #expect(try archive.verify().leftovers == 0)
  }

  @Test func `The journal brings the received file back when the prepared one is lost`() async throws {
    _ = try replaceCopying()
    let crashed = try folder.crashed()
    try FileManager.default.removeItem(atPath: try #require(crashed.objectFiles().first))
    try await expectWhole(crashed, isPrepared: false, files: 1)
  }

  @Test func `Received and prepared bytes are duplicates, others a conflict`() async throws {
    _ = try replaceCopying()
    let record = try await archive.onlyRecord()
    #expect(stored(try archive.store(sample.bytes)) == nil)
    #expect(stored(try archive.store(Array(Data(contentsOf: URL(filePath: archive.path(of: record)))))) == nil)
    var other = sample.bytes
    other[other.count - 1] ^= 1
    let failure = try #require(throws: StoreFailure.self) { try archive.store(other) }
    guard case .conflict = failure.code else { return #expect(Bool(false), "\(failure)") }
    #expect(folder.objectFiles().count == 1)
    #expect(try archive.statistics().instances == 1)
  }

  @Test func `Sent again, either bytes make good for a lost prepared file`() async throws {
    _ = try replaceCopying()
    let prepared = try #require(folder.objectFiles().first)
    let bytes = try Data(contentsOf: URL(filePath: prepared))
    try FileManager.default.removeItem(atPath: prepared)
    #expect(stored(try archive.store(Array(bytes))) == nil)
    #expect(folder.objectFiles() == [prepared])
    try FileManager.default.removeItem(atPath: prepared)
    #expect(stored(try archive.store(sample.bytes)) == nil)
    let record = try await archive.onlyRecord()
    #expect(record.layers == nil && record.digest == record.receivedDigest && record.size == sample.bytes.count)
    #expect(try archive.verify().isClean)
    // What came back waits to be prepared again.
    _ = try replaceCopying()
    #expect(try archive.verify().isClean)
    try await expectWhole(folder.crashed(), isPrepared: true, files: 1)
  }

  @Test func `A kept received file stays, is verified, and takes a damaged prepared one's place`() async throws {
    _ = try replaceCopying(keepReceived: true)
    #expect(folder.objectFiles().count == 2)
    #expect(try archive.verify().isClean)
    #expect(folder.objectFiles().count == 2)
    let path = try await archive.path(of: archive.onlyRecord())
    var bytes = try Data(contentsOf: URL(filePath: path))
    bytes[bytes.count - 20] ^= 1
    try FileManager.default.removeItem(atPath: path)
    try bytes.write(to: URL(filePath: path))
    let report = try archive.verify()
    #expect(report.corrupt == 1 && report.restored == 1 && report.missing == 0)
    #expect(try await archive.onlyRecord().layers == nil)
    #expect(try archive.verify().isClean)
  }

  @Test func `A lost index is made again with received digests and layers from the files alone`() async throws {
    _ = try replaceCopying()
    let before = try await archive.onlyRecord()
    try archive.close()
    for suffix in ["", "-wal", "-shm"] {
      try? FileManager.default.removeItem(atPath: folder.path + "/index.sqlite" + suffix)
    }
    let again = try Archive.make(in: folder)
    #expect(try again.verify().rowsAdded == 1)
    let after = try await again.onlyRecord()
    #expect(after.layers == before.layers && after.receivedDigest == before.receivedDigest)
    #expect(after.digest == before.digest)
    #expect(stored(try again.store(sample.bytes)) == nil)
    #expect(try again.verify().isClean)
    // Who prepared it, the files do not tell.
    #expect(before.decodedIn == .process && after.decodedIn == .worker)
  }

  @Test func `Without flushes preparation is as safe`() async throws {
    let folder = try TestFolder()
    let archive = try Archive.make(in: folder, durable: false)
    try archive.store(sample.bytes)
    let (job, path, entry, facts) = try archive.work()
    let outcome = try archive.replacement.replace(job.id, with: path, entry, facts)
    guard case .replaced(.some(let superseded)) = outcome else { return #expect(Bool(false)) }
    let early = try folder.crashed()
    _ = try archive.replacement.remove([superseded])
    for crashed in [early, try folder.crashed()] {
      let again = try Archive.make(in: crashed, durable: false) { $0.preparation = .removing() }
      try await again.waitUntilRemoved()
      #expect(try await again.onlyRecord().layers != nil)
      #expect(crashed.objectFiles().count == 1)
      #expect(try again.verify().isClean)
    }
  }

  @Test func `A row that changed meanwhile is left alone`() async throws {
    let (job, path, entry, facts) = try archive.work()
    try await archive.index.pool.write { try $0.execute(sql: "UPDATE instance SET preparation = 3") }
    guard case .obsolete = try archive.replacement.replace(job.id, with: path, entry, facts) else {
      return #expect(Bool(false))
    }
    #expect(folder.objectFiles().count == 1)
    #expect(try await archive.onlyRecord().layers == nil)
  }
}
