import DICOM
import Testing

@testable import Imaging

/// A JPEG straight from a frame's words is the one that would be made of the picture.
@Suite struct DrawingTests {
  private func drawing(_ object: TestObject, viewport: Viewport? = nil, window: Window? = nil) throws -> Drawing {
    try object.withFile { path in
      try #require(try NativeRenderer.drawing(RenderRequest(path: path, viewport: viewport, window: window)))
    }
  }

  private static func values(_ columns: Int, _ rows: Int) -> [Int] {
    (0..<columns * rows).map { $0 % columns * 7 + $0 / columns * 13 + $0 * $0 % 31 }
  }

  @Test func `words of every kind give the bytes of the picture, in any number of threads`() throws {
    let values = Self.values(45, 37)
    var windowed = TestObject.grey(values.map { $0 - 400 }, columns: 45, stored: 12, signed: true)
    windowed.window(40, 300)
    windowed.writer.string(.rescaleIntercept, .ds, "-100")
    var sigmoid = TestObject.grey(values, columns: 45)
    sigmoid.window(300, 200, "SIGMOID")
    var inverse = TestObject.grey(values, columns: 45, allocated: 8)
    inverse.writer.string(.presentationLUTShape, .cs, "INVERSE")
    let raised: [Int] = values.map { $0 << 4 }
    let overlaid: [Int] = values.map { $0 | 0xF000 }
    let samples: [UInt8] = (0..<300).map { UInt8($0 % 251) }
    let objects: [TestObject] = [
      windowed, sigmoid, inverse,
      .grey(raised, columns: 45, stored: 12, high: 15),
      .grey(overlaid, columns: 45, stored: 12),
      .grey(values, columns: 45, allocated: 8, stored: 6, photometric: "MONOCHROME1"),
      .colour(samples, columns: 100, photometric: "RGB"),
      .colour(samples, columns: 100, photometric: "RGB", planar: 1),
      .colour(samples, columns: 100, photometric: "YBR_FULL"),
    ]
    let line = Viewport(width: 20, height: 1, sourceX: 5, sourceWidth: 20, sourceHeight: 1)
    for object in objects {
      for region in [nil, line] {
        let drawing = try drawing(object, viewport: region)
        let picture = try drawing.picture()
        for quality in [80, 90] {
          let image = try drawing.image(as: .jpeg(quality: quality), within: nil, threads: 3)
          #expect(try picture.encoded(as: .jpeg(quality: quality)).bytes == image.bytes)
          #expect(image.width == picture.width && image.height == picture.height)
        }
      }
    }
  }

  @Test func `so do large frames, cut into strips`() throws {
    var grey = TestObject.grey(Self.values(1100, 1000), columns: 1100, stored: 15)
    grey.window(9000, 12_000)
    var dice = Dice(9)
    var colour = TestObject()
    colour.describe(
      rows: 1000, columns: 1100, samples: 3, allocated: 8, stored: 8, high: nil, signed: false, photometric: "RGB")
    colour.writer.uint16(.planarConfiguration, [0])
    let noise: [UInt8] = (0..<3_300_000).map { UInt8(truncatingIfNeeded: $0 / 3300) ^ UInt8(dice.next() >> 60) }
    colour.writer.bytes(.pixelData, .ob, noise)
    for object in [grey, colour] {
      let drawing = try drawing(object)
      let picture = try drawing.picture().encoded(as: .jpeg(quality: 90))
      for threads in [1, 2, 5] {
        #expect(try drawing.image(as: .jpeg(quality: 90), within: nil, threads: threads).bytes == picture.bytes)
      }
    }
  }

  @Test func `mirrored, scaled and painted pictures are drawn first`() throws {
    let object = TestObject.grey(Self.values(60, 40), columns: 60, stored: 12)
    for viewport in [
      Viewport(width: 60, height: 40, sourceWidth: -60), Viewport(width: 30, height: 30),
      Viewport(width: 120, height: 100),
    ] {
      let drawing = try drawing(object, viewport: viewport, window: Window(center: 300, width: 500))
      let image = try drawing.image(as: .jpeg(quality: 90), within: nil)
      #expect(try drawing.picture().encoded(as: .jpeg(quality: 90)).bytes == image.bytes)
    }
    let small = try drawing(object).image(as: .jpeg(quality: 90), within: 900)
    #expect(small.bytes.count <= 900)
  }
}
