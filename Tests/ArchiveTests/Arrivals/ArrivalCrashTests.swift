import DICOM
import Foundation
import Synchronization
import Testing

@testable import Archive

/// Stops between the steps of an arrival, as a kill or a power cut would, and opens what is left.
@Suite struct ArrivalCrashTests {
  let folder: TestFolder
  let archive: Archive
  let sample: ArrivalSample
  var arrivals: Arrivals { archive.arrivals }

  init() throws {
    folder = try TestFolder()
    archive = try Archive.make(in: folder)
    sample = try .slice(5)
  }

  /// Copies the archive's folder at every step of `body`: the last copy of each.
  private func copying(_ body: () throws -> Void) throws -> [Arrivals.Step: TestFolder] {
    let copies = Mutex<[Arrivals.Step: TestFolder]>([:])
    arrivals.steps.withLock {
      $0 = { [folder] step in
        let copy = try? folder.crashed()
        copies.withLock { $0[step] = copy }
      }
    }
    try body()
    arrivals.steps.withLock { $0 = nil }
    return copies.withLock { $0 }
  }

  /// Opens a folder, has the site send what is missing, and looks at what came of it.
  ///
  /// - Parameter atLeast: bytes that the hub has said to have, so that they are never asked for again.
  private func finish(_ folder: TestFolder, atLeast: ByteRanges = ByteRanges(), _ comment: Comment) async throws {
    let archive = try Archive.make(in: folder)
    let answer = try #require(try archive.arrivals.announce([sample.object], from: "MIDELT").first, comment)
    if answer.state != .whole {
      let have = try #require(answer.have, comment)
      for range in atLeast.ranges { #expect(have.contains(range), comment) }
      // A row that is not whole is shown as such, or not at all.
      let records = try await archive.instances(study: sample.study)
      #expect(records.allSatisfy { $0.arrival != nil }, comment)
      #expect(try archive.statistics().instances == 0, comment)
      #expect(try archive.arrivals.take(sample, have.missing(upTo: sample.bytes.count)).state == .whole, comment)
    }
    #expect(try await archive.file(sample) == sample.bytes, comment)
    #expect(try await archive.record(sample).arrival == nil, comment)
    #expect(try archive.statistics().instances == 1, comment)
    #expect(try archive.statistics().bytes == sample.bytes.count, comment)
    #expect(try archive.arrivals.progress(study: sample.study)?.whole == 1, comment)
    let report = try archive.verify()
    #expect(report.isClean && report.leftovers == 0 && report.strangers == 0, "\(comment) \(report)")
    #expect(try archive.quarantined().isEmpty, comment)
    try archive.close()
    #expect(try Folder.names(folder.path + "/arrivals") == ["previews"], comment)
    let again = try Archive.make(in: folder)
    #expect(try await again.record(sample).digest == sample.digest, comment)
    try again.close()
  }

  @Test func `A crash at any step loses no byte that was acknowledged, and ends in the identical file`() async throws {
    let segments = sample.segments()
    let half = Array(segments.prefix(3))
    let first = try copying { _ = try arrivals.take(sample, half) }
    #expect(Set(first.keys) == [.announced, .written, .dataFlushed, .noted, .noteFlushed])
    let acknowledged = try #require(try arrivals.announce([sample.object], from: "MIDELT").first?.have)
    #expect(acknowledged.count == half.reduce(0) { $0 + $1.count })
    for (step, copy) in first {
      let atLeast = step == .noteFlushed ? acknowledged : ByteRanges()
      try await finish(copy, atLeast: atLeast, "\(step), first half")
    }
    let second = try copying {
      let answer = try arrivals.take(sample)
      #expect(answer.state == .whole)
    }
    #expect(Set(second.keys) == Set(Arrivals.Step.allCases))
    for (step, copy) in second { try await finish(copy, atLeast: acknowledged, "\(step), second half") }
    try archive.close()
    try await finish(folder, "closed")
  }

  /// Puts the index of one folder in the place of another's: what a power cut takes of what was not flushed.
  private func putIndex(of before: TestFolder, into after: TestFolder) {
    for suffix in ["", "-wal", "-shm"] {
      let target = after.path + "/index.sqlite" + suffix
      try? FileManager.default.removeItem(atPath: target)
      try? FileManager.default.copyItem(atPath: before.path + "/index.sqlite" + suffix, toPath: target)
    }
  }

  @Test func `A power cut that takes what was noted leaves bytes that are asked for again`() async throws {
    let segments = sample.segments()
    try arrivals.take(sample, Array(segments.prefix(1)))
    let before = try folder.crashed()
    let copies = try copying { _ = try arrivals.take(sample, Array(segments.prefix(4))) }
    let cut = try #require(copies[.noted])
    putIndex(of: before, into: cut)
    try await finish(cut, atLeast: ByteRanges(0..<sample.object.header), "noted")
  }

  @Test func `A power cut that takes the switched row leaves an object that joins at the next start`() async throws {
    try arrivals.take(sample, Array(sample.segments().dropLast()))
    let copies = try copying { _ = try arrivals.take(sample) }
    let (proven, switched) = (try #require(copies[.proven]), try #require(copies[.switched]))
    putIndex(of: proven, into: switched)
    let archive = try Archive.make(in: switched)
    // Before anybody announces anything.
    #expect(try await archive.record(sample).arrival == nil)
    #expect(try await archive.file(sample) == sample.bytes)
    try archive.close()
    try await finish(switched, "switched")
  }

  @Test func `Bytes that somebody took away are asked for again`() async throws {
    try arrivals.take(sample, Array(sample.segments().prefix(3)))
    let part = "/arrivals/\(sample.digest).part"
    let gone = try folder.crashed()
    try FileManager.default.removeItem(atPath: gone.path + part)
    try await finish(gone, "no file")
    let short = try folder.crashed()
    #expect(truncate(short.path + part, 100) == 0)
    try await finish(short, "short file")
    // And a file of which the index knows nothing goes.
    let strange = try folder.crashed()
    try Data([1, 2, 3]).write(to: URL(filePath: strange.path + "/arrivals/\(String(repeating: "a", count: 64)).part"))
    try await finish(strange, atLeast: ByteRanges(0..<sample.object.header), "strange file")
  }

  @Test func `An object that was thrown away is not there after a crash either`() async throws {
    var bytes = sample.bytes
    bytes[bytes.count - 9] ^= 4
    _ = try arrivals.announce([sample.object], from: "MIDELT")
    try bytes.withUnsafeBytes { try arrivals.write($0, at: 0, of: sample.digest, from: "MIDELT") }
    let part = folder.path + "/arrivals/\(sample.digest).part"
    let before = try Data(contentsOf: URL(filePath: part))
    #expect(try arrivals.flush([sample.digest], from: "MIDELT").first?.state == .damaged)
    #expect(!FileManager.default.fileExists(atPath: part))
    // As if the file had not gone yet.
    let crashed = try folder.crashed()
    try before.write(to: URL(filePath: crashed.path + "/arrivals/\(sample.digest).part"))
    try await finish(crashed, "damaged")
  }

  @Test func `A crash while it came whole by another door ends with the whole object`() async throws {
    for bytes in [sample.received, sample.bytes] {
      let folder = try TestFolder()
      let archive = try Archive.make(in: folder)
      try archive.arrivals.take(sample, Array(sample.segments().prefix(3)))
      let before = try folder.crashed()
      #expect(stored(try archive.store(bytes)) != nil)
      let after = try folder.crashed()
      putIndex(of: before, into: after)
      try FileManager.default.copyItem(
        atPath: before.path + "/arrivals/\(sample.digest).part", toPath: after.path + "/arrivals/\(sample.digest).part")
      let again = try Archive.make(in: after)
      let record = try await again.record(sample)
      #expect(record.arrival == nil)
      #expect(try Array(Data(contentsOf: URL(filePath: again.path(of: record)))) == bytes)
      #expect(try again.arrivals.announce([sample.object], from: "MIDELT").first?.state == .whole)
      #expect(try again.statistics().instances == 1)
      #expect(try again.verify().isClean)
      #expect(try Folder.names(after.path + "/arrivals") == ["previews"])
      try again.close()
    }
  }
}
