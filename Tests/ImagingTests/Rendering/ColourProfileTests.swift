import DICOM
import Testing

@testable import Imaging

@Suite struct ColourProfileTests {
  /// The least that readers take for a profile: a header, and a table of no tags.
  private static func profile(length: Int = 256, space: String = "RGB ") -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: length)
    for index in 0..<4 { bytes[index] = UInt8(truncatingIfNeeded: length >> (24 - 8 * index)) }
    bytes.replaceSubrange(8..<12, with: [4, 0x20, 0, 0])
    bytes.replaceSubrange(12..<16, with: Array("mntr".utf8))
    bytes.replaceSubrange(16..<20, with: Array(space.utf8))
    bytes.replaceSubrange(20..<24, with: Array("XYZ ".utf8))
    bytes.replaceSubrange(36..<40, with: Array("acsp".utf8))
    // D50, the white of the connection space.
    bytes.replaceSubrange(68..<80, with: [0, 0, 0xf6, 0xd6, 0, 1, 0, 0, 0, 0, 0xd3, 0x2d])
    return bytes
  }

  private func rendered(
    _ object: TestObject, _ format: PictureFormat, embeds: Bool = true
  ) throws -> [UInt8] {
    try object.withFile { path in
      var request = RenderRequest(path: path, format: format)
      request.embedsProfile = embeds
      return try ObjectRenderer().render(request).bytes
    }
  }

  /// The joined pieces of the APP2 segments.
  private func profile(inJPEG jpeg: [UInt8]) -> [UInt8] {
    var (at, out) = (2, [UInt8]())
    while at + 4 < jpeg.count, jpeg[at] == 0xff, jpeg[at + 1] != 0xda {
      let length = Int(jpeg[at + 2]) << 8 | Int(jpeg[at + 3])
      if jpeg[at + 1] == 0xe2 { out += jpeg[at + 18..<at + 2 + length] }
      at += 2 + length
    }
    return out
  }

  @Test func `a colour picture carries the object's profile, its samples stay as they are`() throws {
    var object = TestObject.colour([250, 10, 20], columns: 1, photometric: "RGB")
    let bytes = Self.profile()
    object.writer.bytes(.iccProfile, .ob, bytes)
    #expect(try profile(inJPEG: rendered(object, .jpeg(quality: 90))) == bytes)
    let png = try rendered(object, .png)
    #expect(
      png.split(separator: UInt8(ascii: "i"), omittingEmptySubsequences: false).contains {
        $0.starts(with: Array("CCP".utf8))
      })
    #expect(try object.pixels() == [250, 10, 20])
    #expect(try profile(inJPEG: rendered(object, .jpeg(quality: 90), embeds: false)).isEmpty)
  }

  @Test func `a long profile is divided among segments`() throws {
    var object = TestObject.colour([250, 10, 20], columns: 1, photometric: "RGB")
    let bytes = Self.profile(length: 200_001)
    object.writer.bytes(.iccProfile, .ob, bytes)
    #expect(try profile(inJPEG: rendered(object, .jpeg(quality: 90))) == bytes)
  }

  @Test func `the profile of the optical path counts, and that of a palette`() throws {
    var slide = TestObject.colour([250, 10, 20], columns: 1, photometric: "RGB")
    slide.writer.sequence(.opticalPathSequence) { $0.bytes(.iccProfile, .ob, Self.profile()) }
    #expect(try profile(inJPEG: rendered(slide, .jpeg(quality: 90))) == Self.profile())
    var palette = TestObject.palette([0, 1], descriptor: [2, 0, 8])
    for tag: DICOM.Tag in [
      .redPaletteColorLookupTableData, .greenPaletteColorLookupTableData, .bluePaletteColorLookupTableData,
    ] { palette.writer.bytes(tag, .ow, [1, 2]) }
    palette.writer.bytes(.iccProfile, .ob, Self.profile())
    #expect(try profile(inJPEG: rendered(palette, .jpeg(quality: 90))) == Self.profile())
  }

  @Test func `what is no profile of RGB is left out, and grey has none`() throws {
    for bytes in [[], [1, 2, 3], Self.profile(space: "CMYK"), Array(Self.profile().prefix(130))] {
      var object = TestObject.colour([250, 10, 20], columns: 1, photometric: "RGB")
      object.writer.bytes(.iccProfile, .ob, bytes)
      #expect(try profile(inJPEG: rendered(object, .jpeg(quality: 90))).isEmpty)
      #expect(try !rendered(object, .png).isEmpty)
    }
    var grey = TestObject.grey([1, 2], allocated: 8)
    grey.writer.bytes(.iccProfile, .ob, Self.profile())
    #expect(try profile(inJPEG: rendered(grey, .jpeg(quality: 90))).isEmpty)
  }
}
