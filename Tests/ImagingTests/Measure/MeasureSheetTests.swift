import DICOM
import Foundation
import Testing

@testable import Imaging

struct MeasureSheetTests {
  private func sheet(_ width: Int, _ height: Int, layers: [Int], _ options: MeasureSheet.Options = .init()) throws
    -> MeasureSheet
  {
    let frame = LadderFrames.frame(LadderFrames.format(width, height, stored: 12), .picture, seed: 4)
    let object = TestObject.grey(
      frame.withUnsafeBytes { bytes in (0..<width * height).map { Int(bytes[2 * $0]) | Int(bytes[2 * $0 + 1]) << 8 } },
      columns: width, stored: 12)
    let (measure, pictures) = try object.withFile { try LadderMeasure.run(path: $0, layers: layers) }
    return MeasureSheet(measure, pictures, options: options)
  }

  @Test func `the sheet is a PNG with room for two pairs a line`() throws {
    let image = try sheet(300, 200, layers: [800, 3000]).png()
    #expect(image.bytes.starts(with: [0x89, 0x50, 0x4E, 0x47]))
    // Three margins of 24, four pictures of 300 and two gaps of 8.
    #expect(image.width == 3 * 24 + 4 * 300 + 2 * 8)
    // Original, two layers, lossless: two lines, each of words (96), a picture and a margin.
    let head = image.height - 2 * (96 + 200 + 24)
    #expect((100...160).contains(head))
    let width = image.bytes[16..<20].reduce(0) { $0 << 8 | Int($1) }
    let height = image.bytes[20..<24].reduce(0) { $0 << 8 | Int($1) }
    #expect((width, height) == (image.width, image.height))
  }

  @Test func `large images are cut to a part, small ones leave room for words`() throws {
    var options = MeasureSheet.Options()
    options.detail = 256
    #expect(try sheet(500, 400, layers: [800], options).drawn().width == 3 * 24 + 4 * 256 + 2 * 8)
    #expect(try sheet(20, 20, layers: [200]).drawn().width > 1000)
  }

  @Test func `differences are amplified around mid-grey`() {
    let original = Picture(width: 4, height: 1, channels: 1, pixels: [100, 100, 100, 255])
    let layer = Picture(width: 4, height: 1, channels: 1, pixels: [100, 103, 98, 0])
    #expect(MeasureSheet.difference(original, layer, 8).pixels == [128, 152, 112, 0])
    #expect(MeasureSheet.amplification(original, original) == 64)
  }

  @Test func `every printable character has ink of its own, and strangers get a box`() {
    let glyphs = (0x21...0x7E).map { SheetFont.pixels(Character(UnicodeScalar(UInt8($0)))) }
    #expect(Set(glyphs).count == glyphs.count)
    #expect(glyphs.allSatisfy { $0.contains { $0.contains(true) } })
    #expect(SheetFont.pixels("é") == SheetFont.pixels("\u{645}"))
  }
}
