import DICOM
import Testing

@testable import Imaging

@Suite struct OverlayTests {
  private let yellow: [UInt8] = [255, 216, 0]

  private func tag(_ group: UInt16, _ element: UInt16) -> DICOM.Tag { DICOM.Tag(group, element) }

  /// Adds a plane whose set pixels are `bits`, from the first on.
  private func overlay(
    _ object: inout TestObject, group: UInt16 = 0x6000, rows: Int, columns: Int, origin: [Int16] = [1, 1],
    bits: [Bool], frames: (count: Int, first: Int)? = nil, vr: VR = .ow
  ) {
    object.writer.uint16(tag(group, 0x0010), [UInt16(rows)])
    object.writer.uint16(tag(group, 0x0011), [UInt16(columns)])
    object.writer.string(tag(group, 0x0040), .cs, "G")
    object.writer.int16(tag(group, 0x0050), origin)
    object.writer.uint16(tag(group, 0x0100), [1])
    object.writer.uint16(tag(group, 0x0102), [0])
    if let frames {
      object.writer.string(tag(group, 0x0015), .is, String(frames.count))
      object.writer.uint16(tag(group, 0x0051), [UInt16(frames.first)])
    }
    var packed = [UInt8](repeating: 0, count: (bits.count + 15) / 16 * 2)
    for (index, bit) in bits.enumerated() where bit { packed[index / 8] |= 1 << UInt8(index % 8) }
    object.writer.bytes(tag(group, 0x3000), vr, packed)
  }

  private func pixels(
    _ object: TestObject, frame: Int = 0, viewport: Viewport? = nil, _ change: (inout RenderRequest) -> Void = { _ in }
  ) throws -> [UInt8] {
    try object.picture(frame: frame, viewport: viewport) {
      $0.overlays = true
      change(&$0)
    }.pixels
  }

  @Test func `overlays are drawn only when they are asked for`() throws {
    var object = TestObject.grey([10, 20, 30, 40], columns: 2, allocated: 8)
    overlay(&object, rows: 2, columns: 2, bits: [false, true, false, false])
    #expect(try object.pixels() == [10, 20, 30, 40])
    #expect(try pixels(object) == [10, 10, 10] + yellow + [30, 30, 30, 40, 40, 40])
  }

  @Test func `a plane that sets nothing leaves the picture grey`() throws {
    var object = TestObject.grey([10, 20], allocated: 8)
    overlay(&object, rows: 1, columns: 2, bits: [false, false])
    #expect(try pixels(object) == [10, 20])
  }

  @Test(arguments: [VR.ow, .ob]) func `an origin may lie outside the image`(vr: VR) throws {
    var object = TestObject.grey([1, 2, 3, 4, 5, 6], columns: 3, allocated: 8)
    // Rows -1 to 1 and columns 2 to 4 of the image: of nine set pixels one lies inside.
    overlay(&object, rows: 3, columns: 3, origin: [-1, 3], bits: Array(repeating: true, count: 9), vr: vr)
    #expect(try pixels(object) == [1, 1, 1, 2, 2, 2] + yellow + [4, 4, 4, 5, 5, 5, 6, 6, 6])
  }

  @Test func `all sixteen groups are drawn`() throws {
    var object = TestObject.grey(Array(repeating: 0, count: 16), allocated: 8)
    for number in 0..<16 {
      overlay(
        &object, group: 0x6000 + UInt16(number) * 2, rows: 1, columns: 1, origin: [1, Int16(number + 1)], bits: [true])
    }
    #expect(try pixels(object) == (0..<16).flatMap { _ in yellow })
  }

  @Test func `the retired form lies in the bits that the pixels leave`() throws {
    // 12 bits stored; group 6000 in bit 15, 6002 in bit 12.
    var object = TestObject.grey([0x8000, 0x1000, 0x0fff, 0x0000], stored: 12)
    object.window(2047.5, 4095, "LINEAR_EXACT")
    for (group, position) in [(UInt16(0x6000), UInt16(15)), (0x6002, 12)] {
      object.writer.uint16(tag(group, 0x0010), [1])
      object.writer.uint16(tag(group, 0x0011), [4])
      object.writer.int16(tag(group, 0x0050), [1, 1])
      object.writer.uint16(tag(group, 0x0100), [16])
      object.writer.uint16(tag(group, 0x0102), [position])
    }
    #expect(try pixels(object) == yellow + yellow + [255, 255, 255, 0, 0, 0])
    #expect(try object.pixels() == [0, 0, 255, 0])
  }

  @Test func `a bit of the pixels themselves is no overlay`() throws {
    var object = TestObject.grey([0x0800, 0], stored: 12)
    object.window(2047.5, 4095, "LINEAR_EXACT")
    object.writer.uint16(tag(0x6000, 0x0010), [1])
    object.writer.uint16(tag(0x6000, 0x0011), [2])
    object.writer.uint16(tag(0x6000, 0x0100), [16])
    object.writer.uint16(tag(0x6000, 0x0102), [11])
    #expect(try pixels(object) == [128, 0])
  }

  @Test func `frames of a plane belong to the frames that it says`() throws {
    var object = TestObject.grey([1, 2, 3, 4, 5, 6, 7, 8], columns: 2, allocated: 8, frames: 4)
    // Two frames of the plane for the image's second and third.
    overlay(&object, rows: 1, columns: 2, bits: [true, false, false, true], frames: (2, 2))
    #expect(try pixels(object) == [1, 2])
    #expect(try pixels(object, frame: 1) == yellow + [4, 4, 4])
    #expect(try pixels(object, frame: 2) == [5, 5, 5] + yellow)
    #expect(try pixels(object, frame: 3) == [7, 8])
    // Without numbers the plane belongs to every frame.
    object.writer.remove(tag(0x6000, 0x0015))
    object.writer.remove(tag(0x6000, 0x0051))
    for frame in 0..<4 { #expect(try pixels(object, frame: frame).starts(with: yellow)) }
  }

  @Test func `lines survive shrinking, and edges stay sharp where the picture grows`() throws {
    var object = TestObject.grey(Array(repeating: 0, count: 64), columns: 8, allocated: 8)
    overlay(&object, rows: 8, columns: 8, bits: (0..<64).map { $0 % 8 == 3 })
    #expect(
      try pixels(object, viewport: Viewport(width: 2, height: 2)) == yellow + [0, 0, 0] + yellow + [0, 0, 0])
    let part = Viewport(width: 4, height: 4, sourceX: 3, sourceWidth: 2, sourceHeight: 2)
    let row = yellow + yellow + [0, 0, 0, 0, 0, 0]
    #expect(try pixels(object, viewport: part) == row + row + row + row)
    let mirrored = Viewport(width: 8, height: 8, sourceWidth: -8)
    #expect(try Array(pixels(object, viewport: mirrored)[12..<15]) == yellow)
  }

  @Test func `on 16 bits of grey they are white, on colour they are yellow`() throws {
    var object = TestObject.grey([5, 6])
    overlay(&object, rows: 1, columns: 2, bits: [false, true])
    let deep = try pixels(object) { $0.format = .png16 }
    #expect(deep == [5, 0, 255, 255])
    var colour = TestObject.colour([9, 9, 9, 8, 8, 8], columns: 2, photometric: "RGB")
    overlay(&colour, rows: 1, columns: 2, bits: [true, false])
    #expect(try pixels(colour) == yellow + [8, 8, 8])
  }

  @Test func `planes that promise more than they hold are cut`() throws {
    var object = TestObject.grey([1, 2], allocated: 8)
    overlay(&object, rows: 60_000, columns: 60_000, bits: [true, false])
    #expect(try pixels(object) == yellow + [2, 2, 2])
  }

  @Test(.enabled(if: TestData.root != nil, "no test data: set REKKAS_TEST_DATA"))
  func `real overlays are drawn`() throws {
    for (name, least) in [
      ("modalities/SC/overlay_planes.dcm", 1000), ("modalities/MG/mg_overlay_out_of_bounds.dcm", 100),
    ] {
      var request = RenderRequest(path: TestData.path(name))
      request.overlays = true
      let picture = try ObjectRenderer().picture(request)
      #expect(picture.channels == 3)
      let drawn = stride(from: 0, to: picture.pixels.count, by: 3).count {
        Array(picture.pixels[$0..<$0 + 3]) == yellow
      }
      #expect(drawn > least, "\(name)")
    }
  }
}
