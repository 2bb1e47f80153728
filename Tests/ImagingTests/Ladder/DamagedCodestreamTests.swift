import DICOM
import Foundation
import Testing

@testable import Imaging

/// Damaged main headers and boxes, the same ones in every run. Whole decodes are in `DamagedCorpusTests.swift`.
@Suite struct DamagedCodestreamTests {
  /// Codestreams of ours to be damaged, each with the format of its data set.
  private static let originals: [(format: FrameFormat, codestream: [UInt8])] = [
    LadderFrames.format(96, 80, stored: 12), LadderFrames.format(64, 64, allocated: 16, signed: true),
    LadderFrames.format(50, 61, components: 3, allocated: 8),
  ].map { format in
    let frame = LadderFrames.frame(format, .picture, seed: 1)
    // swift-format-ignore: NeverUseForceTry
    return (format, try! Ladder.encode(frame, layers: [400, 1500]).withUnsafeBytes { Array($0) })
  }

  @Test func `the reader of main headers survives everything, and believes nothing impossible`() {
    var dice = Dice(77)
    for round in 0..<20_000 {
      let bytes = Damage.apply(to: Self.originals[round % Self.originals.count].codestream, &dice)
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
      let damaged = Damage.apply(to: Array(file.prefix(150)), &dice)
      damaged.withUnsafeBytes { _ = try? JPEG2000Codestream($0) }
    }
  }
}
