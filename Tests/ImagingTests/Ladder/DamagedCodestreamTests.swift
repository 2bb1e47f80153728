import DICOM
import Foundation
import Testing

@testable import Imaging

/// Thousands of damaged codestreams, the same ones in every run.
@Suite struct DamagedCodestreamTests {
  /// Codestreams of ours to be damaged, each with the format of its data set.
  fileprivate static let originals: [(format: FrameFormat, codestream: [UInt8])] = [
    LadderFrames.format(96, 80, stored: 12), LadderFrames.format(64, 64, allocated: 16, signed: true),
    LadderFrames.format(50, 61, components: 3, allocated: 8),
  ].map { format in
    let frame = LadderFrames.frame(format, .picture, seed: 1)
    // swift-format-ignore: NeverUseForceTry
    return (format, try! Ladder.encode(frame, layers: [400, 1500]).withUnsafeBytes { Array($0) })
  }

  fileprivate static func damage(_ bytes: [UInt8], _ dice: inout Dice) -> [UInt8] {
    var bytes = bytes
    switch Int.random(in: 0..<6, using: &dice) {
    case 0:  // the main header, where sizes are
      for _ in 0..<Int.random(in: 1...3, using: &dice) {
        bytes[Int.random(in: 2..<120, using: &dice)] = UInt8.random(in: 0...255, using: &dice)
      }
    case 1:  // single bits anywhere
      for _ in 0..<Int.random(in: 1...8, using: &dice) {
        bytes[Int.random(in: 0..<bytes.count, using: &dice)] ^= 1 << UInt8.random(in: 0..<8, using: &dice)
      }
    case 2: bytes.removeLast(Int.random(in: 1..<bytes.count, using: &dice))
    case 3:  // a piece of zeros or ones
      let start = Int.random(in: 0..<bytes.count, using: &dice)
      let value: UInt8 = Bool.random(using: &dice) ? 0 : 0xFF
      for index in start..<min(bytes.count, start + Int.random(in: 1...64, using: &dice)) { bytes[index] = value }
    case 4:  // a piece taken out
      let start = Int.random(in: 0..<bytes.count, using: &dice)
      bytes.removeSubrange(start..<min(bytes.count, start + Int.random(in: 1...200, using: &dice)))
    default:  // a piece doubled
      let start = Int.random(in: 0..<bytes.count - 1, using: &dice)
      let end = min(bytes.count, start + Int.random(in: 1...200, using: &dice))
      bytes.insert(contentsOf: bytes[start..<end], at: end)
    }
    return bytes
  }

  @Test func `the reader of main headers survives everything, and believes nothing impossible`() {
    var dice = Dice(77)
    for round in 0..<20_000 {
      let bytes = Self.damage(Self.originals[round % Self.originals.count].codestream, &dice)
      bytes.withUnsafeBytes { memory in
        guard let info = (try? JPEG2000Codestream(memory))?.info else { return }
        #expect(info.width > 0 && info.height > 0 && info.tiles > 0 && info.components > 0)
        #expect(info.codestream_offset + info.codestream_length <= bytes.count)
      }
    }
  }

  @Test func `boxes around a codestream are opened, and damaged boxes refused`() throws {
    let codestream = Self.originals[0].codestream
    func box(_ type: String, _ content: [UInt8], length: Int? = nil) -> [UInt8] {
      let count = length ?? content.count + 8
      return [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: count >> $0) } + Array(type.utf8) + content
    }
    let signature: [UInt8] = [0, 0, 0, 12, 0x6A, 0x50, 0x20, 0x20, 0x0D, 0x0A, 0x87, 0x0A]
    let header = box("jp2h", box("colr", [1, 0, 0, 0, 0, 0, 17]))
    let file = signature + box("ftyp", Array("jp2 ".utf8)) + header + box("jp2c", codestream, length: 0)
    try file.withUnsafeBytes { memory in
      let opened = try JPEG2000Codestream(memory)
      #expect(opened.info.colour_space == 17)
      let bare = try codestream.withUnsafeBytes { try JPEG2000Codestream($0).decode(as: Self.originals[0].format) }
      #expect(try opened.decode(as: Self.originals[0].format).bytes == bare.bytes)
    }
    var dice = Dice(5)
    for _ in 0..<5000 {
      let damaged = Self.damage(Array(file.prefix(150)), &dice)
      damaged.withUnsafeBytes { _ = try? JPEG2000Codestream($0) }
    }
  }
}

/// Whole decodes happen in real worker processes, as in the service: one that dies or hangs costs one image. Among the pool's tests, because
/// those count the worker processes that there are.
extension RenderPoolTests {
  @Test(.timeLimit(.minutes(3)), .enabled(if: besideTests != nil, "rekkas was not built beside the tests"))
  func `damaged codestreams end as an error or a picture, in bounded time, and the pool goes on`() async throws {
    let pool = RenderPool(
      executable: try #require(Self.besideTests), workers: 2, memoryLimit: 512 << 20, timeLimit: .seconds(2))
    var dice = Dice(4711)
    var pictures = 0
    var errors = 0
    var deaths = 0
    for round in 0..<3000 {
      let original = DamagedCodestreamTests.originals[round % DamagedCodestreamTests.originals.count]
      let bytes = DamagedCodestreamTests.damage(original.codestream, &dice)
      var object = TestObject()
      let format = original.format
      object.describe(
        rows: format.rows, columns: format.columns, samples: format.samplesPerPixel, allocated: format.bitsAllocated,
        stored: format.bitsStored, high: nil, signed: format.isSigned,
        photometric: format.samplesPerPixel == 3 ? "YBR_RCT" : "MONOCHROME2")
      object.writer.encapsulatedPixelData(frames: [bytes])
      object.transferSyntax = .jpeg2000Lossless
      let path = TestObject.temporaryPath()
      try Data(object.writer.file(transferSyntax: object.transferSyntax)).write(to: URL(fileURLWithPath: path))
      defer { unlink(path) }
      do {
        let frame = try await pool.decodeFrame(path: path, frame: 0)
        #expect(frame.count == format.frameLength)
        pictures += 1
      } catch let failure as RenderFailure {
        switch failure {
        case .crashed, .timedOut: deaths += 1
        case .undecodable, .tooLarge: errors += 1
        default: Issue.record("round \(round): \(failure)")
        }
      }
    }
    // Most damage is found; a few hang (2 in 1,000 are known), and none may make the pool useless.
    print("damaged codestreams: \(pictures) pictures, \(errors) errors, \(deaths) workers lost")
    #expect(errors > 300)
    #expect(deaths < 30)
    await pool.shutdown()
  }

  /// `rekkas` beside this test bundle.
  private static let besideTests: String? = {
    let path = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().appendingPathComponent(
      "rekkas"
    ).path
    return FileManager.default.isExecutableFile(atPath: path) ? path : nil
  }()
}
