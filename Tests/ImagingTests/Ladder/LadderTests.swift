import DICOM
import Foundation
import Testing

@testable import Imaging

@Suite struct LadderTests {
  @Test(arguments: [8, 16], [false, true])
  func `every depth and sign comes back exactly, grey and colour`(allocated: Int, signed: Bool) throws {
    for stored in 1...allocated {
      for components in [1, 3] {
        for (number, content) in LadderFrames.Content.allCases.enumerated() {
          let format = LadderFrames.format(
            37 + stored, 41, components: components, allocated: allocated, stored: stored, signed: signed)
          try expectExact(LadderFrames.frame(format, content, seed: UInt64(stored * 8 + number)))
        }
      }
    }
  }

  @Test func `every shape comes back exactly, from one pixel on`() throws {
    for (width, height) in [
      (1, 1), (1, 2), (2, 1), (3, 3), (1, 65), (513, 1), (64, 64), (65, 63), (129, 300), (2049, 17),
    ] {
      for components in [1, 3] {
        let format = LadderFrames.format(width, height, components: components, allocated: 8)
        try expectExact(LadderFrames.frame(format, .picture, seed: 7))
      }
    }
  }

  @Test func `random formats come back exactly`() throws {
    var dice = Dice(2026)
    for seed in 0..<400 {
      let allocated = [8, 16].randomElement(using: &dice)!
      let stored = Int.random(in: 1...allocated, using: &dice)
      let format = LadderFrames.format(
        .random(in: 1...160, using: &dice), .random(in: 1...160, using: &dice),
        components: [1, 3].randomElement(using: &dice)!, allocated: allocated, stored: stored,
        highBit: .random(in: stored - 1..<allocated, using: &dice), signed: .random(using: &dice))
      let layers = [[], [300], [200, 900, 5000], Ladder.standardLayers].randomElement(using: &dice)!
      try expectExact(
        LadderFrames.frame(format, .allCases.randomElement(using: &dice)!, seed: UInt64(seed)), layers: layers)
    }
  }

  @Test func `overlays in unused high bits are kept, by coding all bits`() throws {
    let format = LadderFrames.format(64, 48, stored: 12)
    var bytes = LadderFrames.frame(format, .picture, seed: 3).bytes
    for pixel in stride(from: 1, to: bytes.count, by: 10) { bytes[pixel] |= 0x80 }
    try expectExact(DecodedFrame(format: format, bytes: bytes))
  }

  @Test func `a coding with too few bits is refused, not cut`() throws {
    let format = LadderFrames.format(16, 16, stored: 12)
    var bytes = LadderFrames.frame(format, .ramp, seed: 3).bytes
    bytes[33] |= 0x10
    let coding = try #require(LadderCoding(format))
    #expect(throws: LadderFailure.needsMoreBits) {
      try Ladder.encode(DecodedFrame(format: format, bytes: bytes), coding: coding)
    }
  }

  @Test func `what has no ladder is refused`() {
    for format in [
      LadderFrames.format(8, 8, allocated: 32), LadderFrames.format(8, 8, allocated: 1),
      LadderFrames.format(8, 8, components: 3, allocated: 8, photometric: .ybrFull422),
    ] {
      #expect(LadderCoding(format) == nil)
    }
  }

  @Test func `each layer is a better picture than the one before, near the length asked for`() throws {
    for format in [
      LadderFrames.format(512, 512, stored: 12, signed: true),
      LadderFrames.format(400, 300, components: 3, allocated: 8),
    ] {
      let frame = LadderFrames.frame(format, .picture, seed: 11)
      let targets = Ladder.standardLayers
      let encoded = try Ladder.encode(frame)
      let ends = encoded.layerEnds
      #expect(ends.count == targets.count + 1)
      #expect(ends.last == encoded.count)
      #expect(zip(ends, ends.dropFirst()).allSatisfy { $0 < $1 })
      for (end, target) in zip(ends, targets) {
        #expect(end <= target * 21 / 20 && end >= target / 2, "\(end) for \(target)")
      }
      var last = 0.0
      for layers in 1...ends.count {
        let error = meanSquare(frame, try encoded.decode(as: format, layers: layers))
        #expect(layers == 1 || error < last, "layer \(layers): \(error) after \(last)")
        last = error
      }
      #expect(last == 0)
    }
  }

  @Test func `layers that the raw frame does not reach are left out`() throws {
    let frame = LadderFrames.frame(LadderFrames.format(32, 32, allocated: 8), .picture, seed: 1)
    #expect(try Ladder.encode(frame).layerEnds.count == 1)
  }

  @Test func `the same frame gives the same codestream`() throws {
    let frame = LadderFrames.frame(LadderFrames.format(200, 200, stored: 12), .picture, seed: 5)
    let once = try Ladder.encode(frame).withUnsafeBytes { Array($0) }
    let again = try Ladder.encode(frame, threads: 2).withUnsafeBytes { Array($0) }
    #expect(once == again)
  }

  @Test func `a prefix decodes at every reduction to a picture like the whole one's`() throws {
    let format = LadderFrames.format(500, 301, stored: 12)
    let frame = LadderFrames.frame(format, .picture, seed: 9)
    let encoded = try Ladder.encode(frame)
    for reduce in 0...5 {
      let whole = try encoded.decode(as: format, reduce: reduce)
      let columns = (500 + (1 << reduce) - 1) >> reduce
      #expect(whole.format.columns == columns && whole.format.rows == (301 + (1 << reduce) - 1) >> reduce)
      let preview = try encoded.decode(as: format, layers: 2, reduce: reduce)
      #expect(preview.format == whole.format)
      #expect(meanSquare(whole, preview).squareRoot() < 4096 * 0.03)
    }
  }

  @Test func `a target size chooses the smallest picture that is not smaller`() throws {
    let format = LadderFrames.format(512, 256, allocated: 8)
    let encoded = try Ladder.encode(LadderFrames.frame(format, .picture, seed: 2))
    try encoded.withUnsafeBytes { bytes in
      let codestream = try JPEG2000Codestream(bytes)
      #expect(codestream.reduction(toFit: (512, 512)) == 0)
      #expect(codestream.reduction(toFit: (257, 512)) == 0)
      #expect(codestream.reduction(toFit: (256, 256)) == 1)
      #expect(codestream.reduction(toFit: (1000, 64)) == 2)
      #expect(codestream.reduction(toFit: (128, 128)) == 2)
      #expect(codestream.reduction(toFit: (1, 1)) == 5)
      #expect(codestream.reduction(toFit: (4000, 4000)) == 0)
    }
  }

  private func expectExact(
    _ frame: DecodedFrame, layers: [Int] = Ladder.standardLayers, location: SourceLocation = #_sourceLocation
  ) throws {
    let encoded = try Ladder.encode(frame, layers: layers)
    let decoded = try encoded.decode(as: frame.format)
    #expect(decoded.bytes == frame.bytes, "\(frame.format)", sourceLocation: location)
    let first = try encoded.decode(as: frame.format, layers: 1)
    #expect(first.format == decoded.format, sourceLocation: location)
  }

  private func meanSquare(_ a: DecodedFrame, _ b: DecodedFrame) -> Double {
    let (left, right) = (values(a), values(b))
    return zip(left, right).reduce(0.0) { $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) } / Double(left.count)
  }

  private func values(_ frame: DecodedFrame) -> [Int] {
    let bytes = frame.bytes
    guard frame.format.bitsAllocated == 16 else {
      return bytes.map { frame.format.isSigned ? Int(Int8(bitPattern: $0)) : Int($0) }
    }
    return stride(from: 0, to: bytes.count, by: 2).map {
      let word = UInt16(bytes[$0]) | UInt16(bytes[$0 + 1]) << 8
      return frame.format.isSigned ? Int(Int16(bitPattern: word)) : Int(word)
    }
  }
}
