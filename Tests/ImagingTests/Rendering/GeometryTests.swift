import DICOM
import Testing

@testable import Imaging

@Suite struct GeometryTests {
  @Test func `a picture fits into the viewport and keeps its shape`() throws {
    let wide = try #require(geometry(400, 200, Viewport(width: 100, height: 100)))
    #expect(wide.outWidth == 100 && wide.outHeight == 50)
    let larger = try #require(geometry(40, 20, Viewport(width: 100, height: 100)))
    #expect(larger.outWidth == 100 && larger.outHeight == 50)
  }

  @Test func `a thumbnail of a small image stays small`() throws {
    let small = try #require(geometry(40, 20, Viewport(width: 100, height: 100, enlarges: false)))
    #expect(small.outWidth == 40 && small.outHeight == 20)
  }

  @Test func `a source region is cut at the image's edge, and negative sizes mirror`() throws {
    let region = Viewport(width: 50, height: 50, sourceX: 80, sourceY: 10, sourceWidth: -50, sourceHeight: 20)
    let cut = try #require(geometry(100, 100, region))
    #expect((cut.x, cut.y, cut.width, cut.height) == (80, 10, 20, 20))
    #expect(cut.mirrored && !cut.upsideDown)
  }

  @Test func `a region outside the image, or no number, is refused`() {
    #expect(geometry(10, 10, Viewport(width: 5, height: 5, sourceX: 10)) == nil)
    #expect(geometry(10, 10, Viewport(width: 5, height: 5, sourceX: .nan)) == nil)
    #expect(geometry(10, 10, Viewport(width: 5, height: 5, sourceWidth: .infinity)) == nil)
    #expect(geometry(10, 10, Viewport(width: 0, height: 5)) == nil)
  }

  @Test func `a viewport of any size makes a picture that JPEG can hold`() throws {
    let huge = try #require(geometry(10, 10, Viewport(width: .max, height: .max)))
    #expect(huge.outWidth * huge.outHeight <= PictureGeometry.mostEnlarged + huge.outWidth)
    let thin = try #require(geometry(65_535, 1, Viewport(width: 1_000_000, height: 1_000_000)))
    #expect(thin.outWidth <= PictureGeometry.longestSide)
  }

  @Test func `pixels that are not square are shown in their true shape`() throws {
    var object = TestObject.grey([0, 0, 0, 0], columns: 2, allocated: 8)
    object.writer.string(.pixelSpacing, .ds, "1.0\\0.5")
    let picture = try object.picture()
    #expect(picture.width == 2 && picture.height == 4)
    object.writer.string(.pixelSpacing, .ds, "0.5\\1.0")
    #expect(try object.picture().width == 4)
    object.writer.remove(.pixelSpacing)
    object.writer.string(.pixelAspectRatio, .is, "2\\1")
    #expect(try object.picture().height == 4)
  }

  @Test func `pixels of 8 to 5 stretch the picture, and the viewport fits afterwards`() throws {
    var object = TestObject.grey(Array(repeating: 0, count: 100 * 40), columns: 100, allocated: 8)
    object.writer.string(.pixelAspectRatio, .is, "8\\5")
    var picture = try object.picture()
    #expect(picture.width == 100 && picture.height == 64)
    picture = try object.picture(viewport: Viewport(width: 50, height: 50))
    #expect(picture.width == 50 && picture.height == 32)
    // Wider than high: the columns are stretched.
    object.writer.string(.pixelAspectRatio, .is, "5\\8")
    picture = try object.picture()
    #expect(picture.width == 160 && picture.height == 40)
    // Spacing goes before the ratio, that of the pixels before that of the imager.
    object.writer.string(.imagerPixelSpacing, .ds, "0.16\\0.1")
    #expect(try object.picture().height == 64)
    object.writer.string(.pixelSpacing, .ds, "0.1\\0.1")
    #expect(try object.picture().height == 40)
  }

  @Test func `shrinking averages what a pixel covers`() throws {
    let object = TestObject.grey([0, 100, 200, 100, 50, 50, 250, 250], columns: 4, allocated: 8)
    #expect(try object.pixels(viewport: Viewport(width: 2, height: 1)) == [50, 200])
    // Three pixels from four: 0·¾+100·¼, … with the rows averaged.
    #expect(try object.pixels(viewport: Viewport(width: 4, height: 1)).count == 2)
  }

  @Test func `12-bit values are averaged before they are windowed`() throws {
    var object = TestObject.grey([-2000, 2000, 0, 0], columns: 2, stored: 12, signed: true)
    object.window(0, 4095, "LINEAR_EXACT")
    #expect(try object.pixels(viewport: Viewport(width: 1, height: 1)) == [128])
  }

  @Test func `growing is bilinear`() throws {
    let object = TestObject.grey([0, 200], allocated: 8)
    #expect(try object.pixels(viewport: Viewport(width: 4, height: 2)) == [0, 50, 150, 200, 0, 50, 150, 200])
  }

  @Test func `flips turn the picture over`() throws {
    let object = TestObject.grey([1, 2, 3, 4, 5, 6], columns: 3, allocated: 8)
    let across = Viewport(width: 3, height: 2, sourceWidth: -3)
    #expect(try object.pixels(viewport: across) == [3, 2, 1, 6, 5, 4])
    let down = Viewport(width: 3, height: 2, sourceHeight: -2)
    #expect(try object.pixels(viewport: down) == [4, 5, 6, 1, 2, 3])
  }

  private func geometry(_ columns: Int, _ rows: Int, _ viewport: Viewport) -> PictureGeometry? {
    PictureGeometry(columns: columns, rows: rows, aspect: 1, viewport: viewport)
  }
}
