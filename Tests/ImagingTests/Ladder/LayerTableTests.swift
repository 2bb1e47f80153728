import DICOM
import Testing

@testable import Imaging

@Suite struct LayerTableTests {
  private func table(frames: Int) -> LayerTable {
    var offset = 1500
    return LayerTable(
      format: LadderFrames.format(512, 512, stored: 12, signed: true),
      frames: (0..<frames).map { number in
        let ends = [3900, 11_800, 40_001, 119_000, 190_001 + number]
        defer { offset += ends[4] + 9 }
        return LayerTable.Frame(offset: offset, layerEnds: ends)
      })
  }

  @Test func `the compact form comes back, in a few bytes a layer`() {
    for frames in [1, 2, 300] {
      let original = table(frames: frames)
      let encoded = original.encoded()
      #expect(LayerTable(encoded: encoded) == original)
      #expect(encoded.count <= 32 + frames * 17)
    }
  }

  @Test func `anything else is no table`() {
    let encoded = table(frames: 3).encoded()
    for count in 0..<encoded.count { #expect(LayerTable(encoded: Array(encoded[..<count])) == nil) }
    #expect(LayerTable(encoded: encoded + [0]) == nil)
    var dice = Dice(1)
    // Read without a crash, whatever comes out.
    for _ in 0..<5000 {
      var damaged = encoded
      for _ in 0..<Int.random(in: 1...4, using: &dice) {
        damaged[Int.random(in: 0..<damaged.count, using: &dice)] = UInt8.random(in: 0...255, using: &dice)
      }
      if let table = LayerTable(encoded: damaged) { _ = table.encoded() }
    }
  }

  @Test func `the range of some layers begins with the codestream`() {
    let frame = table(frames: 1).frames[0]
    #expect(frame.range(layers: 1) == 1500..<5400)
    #expect(frame.range(layers: 9) == 1500..<191_501)
    #expect(frame.range(layers: 0) == 1500..<5400)
  }
}
