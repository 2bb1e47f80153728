import DICOM
import Foundation
import Testing

@testable import Archive

@Suite struct ArrivalLimitTests {
  let folder: TestFolder
  let sample: ArrivalSample

  init() throws {
    folder = try TestFolder()
    sample = try .slice(7)
  }

  private static let lies: [@Sendable (inout ArrivingObject) -> Void] = [
    { $0.digest = $0.digest.uppercased() }, { $0.digest = "" }, { $0.receivedDigest.removeLast() },
    { $0.study = "" }, { $0.series = "../x" }, { $0.instance = "1.2/3" }, { $0.sopClass = "1 2" },
    { $0.transferSyntax = "1.2.3" }, { $0.size = 0 }, { $0.size = -5 }, { $0.size = .max }, { $0.header = 0 },
    { $0.header = -1 }, { $0.header = $0.size + 1 }, { $0.frames = [] }, { $0.frames = [[]] }, { $0.frames = [[3000]] },
    { $0.frames[0][1] = 0 }, { $0.frames[0][1] = -1 }, { $0.frames[0].swapAt(1, 2) }, { $0.frames[0][4] = .max },
    { $0.frames[0][0] = .max }, { $0.frames[0][0] = -1 }, { $0.frames[0][0] = $0.header - 1 },
    { $0.frames[0] = [$0.header] + Array(1...65) }, { $0.transferSyntax = "1.2.840.10008.1.2.1" },
    { $0.frames = Array(repeating: $0.frames[0], count: 3) },
  ]

  @Test(arguments: lies.indices) func `An announcement that makes no sense is refused`(_ index: Int) throws {
    let archive = try Archive.make(in: folder)
    var object = sample.object
    Self.lies[index](&object)
    let answer = try #require(try archive.arrivals.announce([object], from: "MIDELT").first)
    #expect(answer.state == .refused && answer.reason == .unusable && answer.text != nil)
    // Beside a good one.
    #expect(
      try archive.arrivals.announce([object, sample.object], from: "MIDELT").map(\.state) == [.refused, .partial])
  }

  @Test func `Frames of single bits may meet in a byte`() {
    var object = sample.object
    object.isLadder = false
    // 20 bits each: three bytes or four, of which one is the next frame's, too.
    object.frames = (0..<1000).map { [object.header + $0 * 20 / 8, ($0 * 20 % 8 + 20 + 7) / 8] }
    object.size = object.header + 2500
    #expect(object.problem == nil)
  }

  @Test func `Frames whose places one site has the hub keep are counted`() throws {
    let archive = try Archive.make(in: folder)
    let (clip, slice) = (try ArrivalSample.clip(), sample)
    let count = clip.object.frames.count
    #expect(count > 1)
    #expect(try archive.arrivals.announce([clip.object], from: "MIDELT").first?.state == .partial)
    #expect(archive.arrivals.monitor.withLock { $0.frames["MIDELT"] } == count)
    // As if many others were under way.
    archive.arrivals.monitor.withLock { $0.frames["MIDELT"] = Arrivals.mostOpenFrames }
    #expect(try archive.arrivals.announce([slice.object], from: "MIDELT").first?.reason == .tooMany)
    #expect(try archive.arrivals.announce([clip.object], from: "MIDELT").first?.state == .partial)
    #expect(try archive.arrivals.discard(clip.digest))
    #expect(archive.arrivals.monitor.withLock { $0.frames["MIDELT"] } == nil)
    #expect(try archive.arrivals.announce([slice.object], from: "MIDELT").first?.state == .partial)
    // A start counts what is under way.
    try archive.close()
    #expect(try Archive.make(in: folder).arrivals.monitor.withLock { $0.frames["MIDELT"] } == slice.object.frames.count)
  }

  @Test func `Numbers of the index that were damaged on the disk are none`() {
    let step: [UInt8] = [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x40]
    let steps = (0..<40_000).flatMap { _ in step }
    #expect(FrameExtents.ranges(steps) == nil)
    #expect(FrameExtents.decoded([1, 0xC0, 0xB8, 2, 0] + steps) == nil)
    #expect(FrameExtents.decoded([1, 2, 3, 1]) == nil)
  }

  @Test func `A frame that is too long for the memory is not drawn before it is whole`() async throws {
    let archive = try Archive.make(in: folder)
    try archive.arrivals.take(sample, Array(sample.segments().prefix(3)))
    let record = try await archive.record(sample)
    let preview = try #require(try archive.arrivals.preview(of: record, frame: 0))
    #expect(try archive.arrivals.preview(of: record, frame: 0, longest: preview.bytes)?.bytes == preview.bytes)
    #expect(try archive.arrivals.preview(of: record, frame: 0, longest: preview.bytes - 1) == nil)
  }

  @Test func `Bytes outside of the object are not written`() throws {
    let archive = try Archive.make(in: folder)
    let arrivals = archive.arrivals
    _ = try arrivals.announce([sample.object], from: "MIDELT")
    let size = sample.bytes.count
    for (offset, count) in [(-1, 10), (size - 5, 6), (size + 1, 1), (.max, 10), (.max - 3, 10), (.min, 4)] {
      let bytes = [UInt8](repeating: 1, count: count)
      let failure = #expect(throws: ArrivalFailure.self) {
        try bytes.withUnsafeBytes { try arrivals.write($0, at: offset, of: sample.digest, from: "MIDELT") }
      }
      #expect(failure?.code == .outOfRange)
    }
    #expect(try arrivals.flush([sample.digest], from: "MIDELT").first?.have == ByteRanges())
    #expect(!FileManager.default.fileExists(atPath: folder.path + "/arrivals/\(sample.digest).part"))
  }

  @Test func `An object in single bytes is refused before its list grows long`() throws {
    let archive = try Archive.make(in: folder)
    let arrivals = archive.arrivals
    _ = try arrivals.announce([sample.object], from: "MIDELT")
    let failure = #expect(throws: ArrivalFailure.self) {
      for offset in stride(from: 0, to: 4000, by: 2) { try arrivals.write(sample, offset..<offset + 1) }
    }
    #expect(failure?.code == .outOfRange)
    #expect(try arrivals.flush([sample.digest], from: "MIDELT").first?.have?.pieces == 1026)
  }

  @Test func `With no room above the reserve nothing is promised and nothing is written`() throws {
    let archive = try Archive.make(in: folder)
    try archive.arrivals.take(sample, Array(sample.segments().prefix(1)))
    try archive.close()
    let full = try Archive.make(in: folder) { $0.diskReserve = .max / 4 }
    let other = try ArrivalSample.slice(8)
    let answer = try #require(try full.arrivals.announce([other.object], from: "MIDELT").first)
    #expect(answer.state == .refused && answer.reason == .hubFull)
    // What was promised before is remembered, but has to wait.
    #expect(try full.arrivals.announce([sample.object], from: "MIDELT").first?.state == .partial)
    let failure = #expect(throws: ArrivalFailure.self) { try full.arrivals.write(sample, sample.segments()[1]) }
    #expect(failure?.code == .hubFull)
    // It is no affair of an administrator that a disk is full at the moment.
    #expect(try full.arrivals.refusals().isEmpty)
    try full.close()
    let again = try Archive.make(in: folder)
    #expect(try again.arrivals.take(sample).state == .whole)
  }

  @Test func `Room that was promised to one object is not promised to another`() throws {
    let archive = try Archive.make(in: folder)
    var object = sample.object
    let left = try archive.statistics().reserveLeft
    guard left < ArrivingObject.largestSize, left > 1 << 20 else { return }
    object.size = left - (1 << 19)
    #expect(try archive.arrivals.announce([object], from: "MIDELT").first?.state == .partial)
    var other = try ArrivalSample.slice(8).object
    other.size = 1 << 21
    #expect(try archive.arrivals.announce([other], from: "MIDELT").first?.reason == .hubFull)
    #expect(try archive.arrivals.discard(object.digest))
    #expect(try archive.arrivals.announce([other], from: "MIDELT").first?.state == .partial)
  }

  @Test func `Header bytes of any kind are no danger`() async throws {
    let archive = try Archive.make(in: folder)
    var numbers = SeededNumbers(seed: 3)
    for round in 0..<60 {
      var bytes = sample.bytes
      for _ in 0..<(round % 6 + 1) {
        bytes[Int.random(in: 132..<sample.object.header, using: &numbers)] = .random(in: 0 ... .max, using: &numbers)
      }
      _ = try archive.arrivals.announce([sample.object], from: "MIDELT")
      try bytes.withUnsafeBytes {
        try archive.arrivals.write(
          UnsafeRawBufferPointer(rebasing: $0[..<sample.object.header]), at: 0, of: sample.digest, from: "MIDELT")
      }
      let answer = try #require(try archive.arrivals.flush([sample.digest], from: "MIDELT").first)
      #expect([.partial, .refused].contains(answer.state))
      _ = try archive.arrivals.discard(sample.digest)
    }
    #expect(try archive.arrivals.take(sample).state == .whole)
    #expect(try await archive.file(sample) == sample.bytes)
  }

  @Test func `A closed archive takes nothing`() throws {
    let archive = try Archive.make(in: folder)
    try archive.close()
    let failure = #expect(throws: ArrivalFailure.self) {
      try archive.arrivals.announce([sample.object], from: "MIDELT")
    }
    #expect(failure?.code == .unavailable)
  }
}
