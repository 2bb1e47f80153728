import DICOM
import Testing

@testable import Imaging

@Suite struct ColourRenderingTests {
  private let red: [UInt8] = [255, 0, 0]
  private let green: [UInt8] = [0, 255, 0]

  @Test func `RGB by pixel and by plane give the same picture`() throws {
    #expect(try TestObject.colour(red + green, columns: 2, photometric: "RGB").pixels() == red + green)
    #expect(
      try TestObject.colour([255, 0, 0, 255, 0, 0], columns: 2, photometric: "RGB", planar: 1).pixels() == red + green)
  }

  // BT.601 values of white, black, pure red and pure green.
  @Test func `YBR_FULL becomes RGB`() throws {
    let pixels = try TestObject.colour(
      [255, 128, 128, 0, 128, 128, 76, 85, 255, 150, 44, 21], columns: 4, photometric: "YBR_FULL"
    ).pixels()
    #expect(near(pixels, [255, 255, 255, 0, 0, 0] + red + green))
  }

  @Test func `YBR_FULL_422 shares its chroma between two pixels`() throws {
    let pixels = try TestObject.colour([76, 76, 85, 255, 255, 0, 128, 128], columns: 4, photometric: "YBR_FULL_422")
      .pixels()
    #expect(near(pixels, red + red + [255, 255, 255, 0, 0, 0]))
  }

  @Test func `YBR_PARTIAL_422 has black at 16 and white at 235`() throws {
    let pixels = try TestObject.colour([16, 235, 128, 128], columns: 2, photometric: "YBR_PARTIAL_422").pixels()
    #expect(pixels == [0, 0, 0, 255, 255, 255])
  }

  @Test func `16-bit colour keeps its upper half`() throws {
    var object = TestObject()
    object.describe(
      rows: 1, columns: 1, samples: 3, allocated: 16, stored: 16, high: nil, signed: false, photometric: "RGB")
    object.writer.uint16(.planarConfiguration, [0])
    object.writer.uint16(.pixelData, [0xff00, 0x8012, 0x00ff], vr: .ow)
    #expect(try object.pixels() == [255, 128, 0])
  }

  @Test func `a palette of 16-bit entries shows their high bytes, and indices outside take the ends`() throws {
    var object = TestObject.palette([9, 10, 11, 12, 200], descriptor: [3, 10, 16])
    object.writer.uint16(.redPaletteColorLookupTableData, [0xff00, 0, 0x8000], vr: .ow)
    object.writer.uint16(.greenPaletteColorLookupTableData, [0, 0xff00, 0x8000], vr: .ow)
    object.writer.uint16(.bluePaletteColorLookupTableData, [0, 0, 0x8000], vr: .ow)
    let grey: [UInt8] = [128, 128, 128]
    #expect(try object.pixels() == red + red + green + grey + grey)
  }

  @Test func `a palette of 8-bit entries has two to a word`() throws {
    var object = TestObject.palette([0, 1, 2], descriptor: [4, 0, 8])
    object.writer.bytes(.redPaletteColorLookupTableData, .ow, [1, 2, 3, 4])
    object.writer.bytes(.greenPaletteColorLookupTableData, .ow, [5, 6, 7, 8])
    object.writer.bytes(.bluePaletteColorLookupTableData, .ow, [9, 10, 11, 12])
    #expect(try object.pixels() == [1, 5, 9, 2, 6, 10, 3, 7, 11])
  }

  @Test func `16-bit indices and words that hold 8-bit colours work`() throws {
    var object = TestObject.palette([1000, 1001], allocated: 16, descriptor: [2, 1000, 16])
    object.writer.uint16(.redPaletteColorLookupTableData, [200, 10], vr: .ow)
    object.writer.uint16(.greenPaletteColorLookupTableData, [100, 20], vr: .ow)
    object.writer.uint16(.bluePaletteColorLookupTableData, [50, 30], vr: .ow)
    #expect(try object.pixels() == [200, 100, 50, 10, 20, 30])
  }

  @Test func `a segmented palette is spelled out`() throws {
    var object = TestObject.palette([0, 1, 2, 3, 4, 5, 6, 7], descriptor: [8, 0, 16])
    // Discrete 2 entries (0x1000, 0x2000), linear 2 up to 0x4000, then both once more by reference.
    let segments: [UInt16] = [0, 2, 0x1000, 0x2000, 1, 2, 0x4000, 2, 2, 0, 0]
    for tag in [Tag(0x0028, 0x1221), Tag(0x0028, 0x1222), Tag(0x0028, 0x1223)] {
      object.writer.uint16(tag, segments, vr: .ow)
    }
    let ramp: [UInt8] = [0x10, 0x20, 0x30, 0x40]
    #expect(try object.pixels() == (ramp + ramp).flatMap { [$0, $0, $0] })
  }

  @Test(arguments: [VR.ow, .ob]) func `segments of 8-bit entries are bytes, whatever holds them`(vr: VR) throws {
    var object = TestObject.palette(Array(0..<8), descriptor: [8, 0, 8])
    // Discrete 2 entries (10, 20), linear 2 up to 40, then both once more by reference (offset of four bytes).
    let segments: [UInt8] = [0, 2, 10, 20, 1, 2, 40, 2, 2, 0, 0, 0, 0, 0]
    for tag in [DICOM.Tag(0x0028, 0x1221), DICOM.Tag(0x0028, 0x1222), DICOM.Tag(0x0028, 0x1223)] {
      object.writer.bytes(tag, vr, segments)
    }
    let ramp: [UInt8] = [10, 20, 30, 40]
    #expect(try object.pixels() == (ramp + ramp).flatMap { [$0, $0, $0] })
  }

  @Test func `an image without its palette is an error, not a black picture`() throws {
    let object = TestObject.palette([0, 1], descriptor: [2, 0, 16])
    #expect(throws: RenderFailure.undecodable("palette missing or damaged")) { try object.pixels() }
  }

  private func near(_ a: [UInt8], _ b: [UInt8]) -> Bool {
    a.count == b.count && zip(a, b).allSatisfy { abs(Int($0) - Int($1)) <= 1 }
  }
}
