import DICOM
import Foundation
import Testing

@testable import Imaging

@Suite struct DeepGreyTests {
  @Test func `without a window all that 12 bits can say is spread, not what the image happens to hold`() throws {
    let object = TestObject.grey([0, 1, 2048, 4095], stored: 12)
    #expect(try object.levels() == [0, 16, 32_776, 65_535])
    let signed = TestObject.grey([-2048, 0, 2047], stored: 12, signed: true)
    #expect(try signed.levels() == [0, 32_776, 65_535])
  }

  @Test func `16 bits without a window are the values themselves`() throws {
    let values = [0, 1, 255, 256, 12_345, 65_535]
    #expect(try TestObject.grey(values).levels() == values.map { UInt16($0) })
    #expect(try TestObject.grey(values, photometric: "MONOCHROME1").levels() == values.map { 65_535 - UInt16($0) })
  }

  @Test func `the window is the image's own, else the request's, in output units`() throws {
    var object = TestObject.grey([0, 100, 200, 300])
    object.writer.string(.rescaleIntercept, .ds, "-100")
    object.writer.string(.rescaleSlope, .ds, "1")
    object.window(50, 300, "LINEAR_EXACT")
    #expect(try object.levels() == [0, 21_845, 43_690, 65_535])
    let window = try #require(Window(center: 50, width: 100, function: .linearExact))
    #expect(try object.levels(window: window) == [0, 0, 65_535, 65_535])
  }

  @Test func `LINEAR and SIGMOID follow PS3.3 at 16 bits, too`() throws {
    var object = TestObject.grey([0, 1, 2047, 2048, 4095])
    object.window(2048, 4096)
    // ((x - 2047.5) / 4095 + 0.5) * 65535
    #expect(try object.levels() == [0, 16, 32_759, 32_776, 65_535])
    object.window(2048, 2048, "SIGMOID")
    let expected = [0.0, 1, 2047, 2048, 4095].map { UInt16((65_535 / (1 + exp(-4 * ($0 - 2048) / 2048))).rounded()) }
    #expect(try object.levels() == expected)
  }

  @Test func `tables keep their 16 bits`() throws {
    var object = TestObject.grey([0, 1, 2], allocated: 8)
    object.writer.sequence(.modalityLUTSequence) { item in
      item.uint16(.lutDescriptor, [3, 0, 16])
      item.uint16(.lutData, [7, 30_000, 65_535], vr: .us)
    }
    #expect(try object.levels() == [7, 30_000, 65_535])
    object.writer.remove(.modalityLUTSequence)
    object.writer.sequence(.voilutSequence) { item in
      item.uint16(.lutDescriptor, [3, 0, 12])
      item.uint16(.lutData, [0, 2048, 4095], vr: .us)
    }
    #expect(try object.levels() == [0, 32_776, 65_535])
  }

  @Test func `scaling keeps 16 bits`() throws {
    let object = TestObject.grey([1000, 3001, 5000, 7000], columns: 2)
    #expect(try object.levels(viewport: Viewport(width: 1, height: 1)) == [4000])
    let row = TestObject.grey([0, 60_000])
    #expect(try row.levels(viewport: Viewport(width: 4, height: 2)).prefix(4) == [0, 15_000, 45_000, 60_000])
  }

  @Test func `floats and mirrored pictures have 16 bits, colour has 8`() throws {
    #expect(try TestObject.grey([0, 1 << 20, 1 << 21], allocated: 32).levels() == [0, 32_768, 65_535])
    let mirrored = Viewport(width: 3, height: 1, sourceWidth: -3)
    #expect(try TestObject.grey([1, 2, 3]).levels(viewport: mirrored) == [3, 2, 1])
    let colour = try TestObject.colour([255, 0, 0], columns: 1, photometric: "RGB").picture { $0.format = .png16 }
    #expect(colour.bits == 8 && colour.pixels == [255, 0, 0])
  }

  @Test func `the PNG holds the levels most significant byte first`() throws {
    try TestObject.grey([0, 0x1234]).withFile { path in
      let image = try ObjectRenderer().render(RenderRequest(path: path, format: .png16))
      #expect(image.mediaType == "image/png")
      #expect(Array(image.bytes[16..<26]) == [0, 0, 0, 2, 0, 0, 0, 1, 16, 0])
    }
  }
}
