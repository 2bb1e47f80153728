import DICOM
import Testing

@testable import Imaging

@Suite struct GreyRenderingTests {
  @Test func `8-bit values without a window are shown as they are`() throws {
    #expect(try TestObject.grey([0, 1, 127, 255], allocated: 8).pixels() == [0, 1, 127, 255])
  }

  @Test func `fewer than 8 stored bits are stretched to white`() throws {
    #expect(try TestObject.grey([0, 5, 10, 15], allocated: 8, stored: 4).pixels() == [0, 85, 170, 255])
  }

  @Test func `MONOCHROME1 shows the least value white`() throws {
    #expect(
      try TestObject.grey([0, 1, 127, 255], allocated: 8, photometric: "MONOCHROME1").pixels() == [255, 254, 128, 0])
  }

  @Test func `Presentation LUT Shape INVERSE inverts once, also together with MONOCHROME1`() throws {
    for photometric in ["MONOCHROME1", "MONOCHROME2"] {
      var object = TestObject.grey([0, 255], allocated: 8, photometric: photometric)
      object.writer.string(Tag(0x2050, 0x0020), .cs, "INVERSE")
      #expect(try object.pixels() == [255, 0])
    }
  }

  // PS3.3 C.11.2.1.2.1: center 2048 and width 4096 spread 0…4095 evenly; the examples of the standard.
  @Test func `the LINEAR window follows the formula of PS3.3`() throws {
    var object = TestObject.grey([0, 1, 2047, 2048, 4094, 4095, 5000], stored: 16)
    object.window(2048, 4096)
    #expect(try object.pixels() == [0, 0, 127, 128, 255, 255, 255])
  }

  @Test func `a LINEAR window of width 1 is a threshold`() throws {
    var object = TestObject.grey([2047, 2048, 2049])
    object.window(2048.5, 1)
    #expect(try object.pixels() == [0, 0, 255])
  }

  @Test func `LINEAR_EXACT and SIGMOID follow PS3.3 C.11.2.1.3`() throws {
    var object = TestObject.grey([0, 1024, 2048, 3072, 4096])
    object.window(2048, 4096, "LINEAR_EXACT")
    #expect(try object.pixels() == [0, 64, 128, 191, 255])
    object.window(2048, 2048, "SIGMOID")
    // 255 / (1 + exp(-4 (x - c) / w)): 4.6, 30.4, 127.5, 224.6, 250.4
    #expect(try object.pixels() == [5, 30, 128, 225, 250])
  }

  @Test func `the request's window goes before the image's`() throws {
    var object = TestObject.grey([0, 100, 200, 300])
    object.window(5000, 10)
    let window = try #require(Window(center: 150, width: 300, function: .linearExact))
    #expect(try object.pixels(window: window) == [0, 85, 170, 255])
  }

  @Test func `of several windows the first is taken`() throws {
    var object = TestObject.grey([0, 100, 200, 300])
    object.writer.string(.windowCenter, .ds, "150\\40")
    object.writer.string(.windowWidth, .ds, "300\\400")
    object.writer.string(.voilutFunction, .cs, "LINEAR_EXACT")
    #expect(try object.pixels() == [0, 85, 170, 255])
  }

  @Test func `rescale comes before the window, and signed values below zero are dark`() throws {
    var object = TestObject.grey([-1024, 0, 1024, 2048], signed: true)
    object.writer.string(.rescaleIntercept, .ds, "-1024")
    object.writer.string(.rescaleSlope, .ds, "2")
    // Outputs -3072, -1024, 1024, 3072
    object.window(0, 6144, "LINEAR_EXACT")
    #expect(try object.pixels() == [0, 85, 170, 255])
  }

  @Test func `12-bit signed values and overlay bits above them are told apart`() throws {
    // Value in bits 0…11, an overlay in bit 12.
    var object = TestObject.grey([0x1800, 0x0800, 0x1000, 0x17ff], stored: 12, signed: true)
    object.window(0, 4095, "LINEAR_EXACT")
    let pixels = try object.pixels()
    #expect(pixels[0] == pixels[1])
    #expect(pixels == [0, 0, 128, 255])
  }

  @Test func `a high bit above the stored bits is honoured`() throws {
    // 12 bits in the upper part of the word.
    var object = TestObject.grey([0x0000, 0x8000, 0xfff0], stored: 12, high: 15)
    object.window(2047.5, 4095, "LINEAR_EXACT")
    #expect(try object.pixels() == [0, 128, 255])
  }

  @Test func `a Modality LUT Sequence is looked up before the window`() throws {
    var object = TestObject.grey([9, 10, 11, 12, 99], allocated: 8)
    object.writer.sequence(.modalityLUTSequence) { item in
      item.uint16(.lutDescriptor, [3, 10, 16])
      item.uint16(.lutData, [0, 3000, 1000], vr: .us)
    }
    object.window(1500, 3000, "LINEAR_EXACT")
    #expect(try object.pixels() == [0, 0, 255, 85, 85])
  }

  @Test func `a VOI LUT Sequence goes before the window, with entries of its own depth`() throws {
    var object = TestObject.grey([0, 1, 2, 3])
    object.writer.sequence(.voilutSequence) { item in
      item.uint16(.lutDescriptor, [4, 0, 10])
      item.uint16(.lutData, [1023, 512, 0, 1023], vr: .us)
    }
    object.window(1, 2)
    #expect(try object.pixels() == [255, 128, 0, 255])
  }

  @Test func `a VOI LUT after a negative intercept has a signed first value`() throws {
    var object = TestObject.grey([0, 10, 20])
    object.writer.string(.rescaleIntercept, .ds, "-10")
    object.writer.string(.rescaleSlope, .ds, "1")
    object.writer.sequence(.voilutSequence) { item in
      item.int16(.lutDescriptor, [21, -10, 8])
      item.uint16(.lutData, (0...20).map { $0 * 12 }, vr: .us)
    }
    #expect(try object.pixels() == [0, 120, 240])
  }

  @Test func `without a window percentiles are spread and padding is left out`() throws {
    var values = (0..<10_000).map { 1000 + $0 % 1000 }
    for index in stride(from: 0, to: 2000, by: 2) { values[index] = -2000 }
    var object = TestObject.grey(values, columns: 100, signed: true)
    object.writer.int16(.pixelPaddingValue, [-2000])
    let pixels = try object.pixels()
    #expect(pixels[0] == 0)
    // The middle of what is no padding lies near the middle of the grey scale.
    let index = try #require(values.firstIndex(of: 1501))
    #expect(abs(Int(pixels[index]) - 128) <= 2)
  }

  @Test func `a range of padding values is left out, whichever end is named first`() throws {
    for (value, limit) in [(Int16(-2000), Int16(-1000)), (-1000, -2000)] {
      var values = (0..<10_000).map { 1000 + $0 % 1000 }
      for index in stride(from: 0, to: 4000, by: 2) { values[index] = -2000 + index % 1000 }
      var object = TestObject.grey(values, columns: 100, signed: true)
      object.writer.int16(.pixelPaddingValue, [value])
      object.writer.int16(.pixelPaddingRangeLimit, [limit])
      let pixels = try object.pixels()
      #expect(pixels[0] == 0)
      let index = try #require(values.firstIndex(of: 1501))
      #expect(abs(Int(pixels[index]) - 128) <= 2)
    }
  }

  @Test func `hot pixels do not darken the rest`() throws {
    var values = (0..<10_000).map { $0 % 100 }
    for index in 0..<20 { values[index * 7] = 60_000 }
    let pixels = try TestObject.grey(values, columns: 100).pixels()
    #expect(abs(Int(pixels[50 + 9000]) - 129) <= 3)
    #expect(pixels[0] == 255)
  }

  @Test func `a flat image is mid-grey, not a division by zero`() throws {
    #expect(try TestObject.grey([7, 7, 7, 7]).pixels() == [128, 128, 128, 128])
  }

  @Test func `32-bit integers and floats are spread from least to greatest`() throws {
    #expect(try TestObject.grey([0, 1 << 20, 1 << 21], allocated: 32).pixels() == [0, 128, 255])
    var object = TestObject()
    object.describe(
      rows: 1, columns: 4, samples: 1, allocated: 32, stored: 32, high: nil, signed: false, photometric: "MONOCHROME2")
    object.writer.bytes(
      .floatPixelData, .of, [Float(-1), 0, 1, .nan].flatMap { withUnsafeBytes(of: $0.bitPattern) { Array($0) } })
    #expect(try object.pixels() == [0, 128, 255, 0])
  }

  @Test func `one-bit pixels are black and white`() throws {
    var object = TestObject()
    object.describe(
      rows: 2, columns: 5, samples: 1, allocated: 1, stored: 1, high: nil, signed: false, photometric: "MONOCHROME2")
    object.writer.string(.numberOfFrames, .is, "2")
    // Frame 1: 10101 01010, frame 2 begins at bit 10: 11111 00000.
    object.writer.bytes(.pixelData, .ob, [0b0101_0101, 0b0111_1101, 0b0000_0000])
    #expect(try object.pixels() == [255, 0, 255, 0, 255, 0, 255, 0, 255, 0])
    #expect(try object.pixels(frame: 1) == [255, 255, 255, 255, 255, 0, 0, 0, 0, 0])
  }

  @Test func `the window of an enhanced object is the frame's, else the shared one`() throws {
    var object = TestObject.grey([0, 100, 200, 300, 0, 100, 200, 300], columns: 4, frames: 2)
    func voi(_ writer: inout DataSetWriter, _ center: Double, _ width: Double) {
      writer.sequence(Tag(0x0028, 0x9132)) { item in
        item.string(.windowCenter, .ds, String(center))
        item.string(.windowWidth, .ds, String(width))
        item.string(.voilutFunction, .cs, "LINEAR_EXACT")
      }
    }
    object.writer.sequence(.sharedFunctionalGroupsSequence) { voi(&$0, 150, 300) }
    object.writer.sequence(.perFrameFunctionalGroupsSequence) { $0.string(.imageComments, .lt, "no window here") }
    object.writer.sequence(.perFrameFunctionalGroupsSequence) { voi(&$0, 150, 100) }
    #expect(try object.pixels() == [0, 85, 170, 255])
    #expect(try object.pixels(frame: 1) == [0, 0, 255, 255])
  }

  @Test func `rescale and VOI LUT of an enhanced object are the frame's`() throws {
    var object = TestObject.grey([0, 1, 0, 1], columns: 2, frames: 2)
    func groups(_ writer: inout DataSetWriter, _ slope: String, _ entries: [UInt16]) {
      writer.sequence(.pixelValueTransformationSequence) { item in
        item.string(.rescaleIntercept, .ds, "0")
        item.string(.rescaleSlope, .ds, slope)
      }
      writer.sequence(.frameVOILUTSequence) { item in
        item.sequence(.voilutSequence) { table in
          table.uint16(.lutDescriptor, [4, 0, 8])
          table.uint16(.lutData, entries, vr: .us)
        }
      }
    }
    object.writer.sequence(.perFrameFunctionalGroupsSequence) { groups(&$0, "1", [10, 20, 30, 40]) }
    object.writer.sequence(.perFrameFunctionalGroupsSequence) { groups(&$0, "3", [50, 60, 70, 80]) }
    #expect(try object.pixels() == [10, 20])
    #expect(try object.pixels(frame: 1) == [50, 80])
  }

  @Test func `32-bit integers and floats have their image's window`() throws {
    var object = TestObject.grey([0, 1 << 19, 1 << 20, 1 << 21], allocated: 32)
    object.window(Double(1 << 19), Double(1 << 20), "LINEAR_EXACT")
    #expect(try object.pixels() == [0, 128, 255, 255])
  }

  @Test func `a supplemental palette leaves grey as it is`() throws {
    var object = TestObject.grey([0, 100, 255], allocated: 8)
    for tag: DICOM.Tag in [
      .redPaletteColorLookupTableDescriptor, .greenPaletteColorLookupTableDescriptor,
      .bluePaletteColorLookupTableDescriptor,
    ] { object.writer.uint16(tag, [2, 200, 16]) }
    for tag: DICOM.Tag in [
      .redPaletteColorLookupTableData, .greenPaletteColorLookupTableData, .bluePaletteColorLookupTableData,
    ] { object.writer.uint16(tag, [0xff00, 0xff00], vr: .ow) }
    let picture = try object.picture()
    #expect(picture.channels == 1 && picture.pixels == [0, 100, 255])
  }

  @Test func `big endian words are read`() throws {
    var object = TestObject.grey([0, 256, 512])
    object.window(256, 512, "LINEAR_EXACT")
    object.transferSyntax = .explicitVRBigEndian
    #expect(try object.pixels() == [0, 128, 255])
  }

  @Test func `a deflated data set is read`() throws {
    var object = TestObject.grey([0, 256, 512])
    object.window(256, 512, "LINEAR_EXACT")
    object.transferSyntax = .deflatedExplicitVRLittleEndian
    #expect(try object.pixels() == [0, 128, 255])
  }
}
