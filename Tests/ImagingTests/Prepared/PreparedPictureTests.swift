import DICOM
import Foundation
import Testing

@testable import Imaging

@Suite struct PreparedPictureTests {
  /// A test object, and how it is kept now.
  private struct Kept {
    let received: String
    let source: PictureSource
    let table: LayerTable
    let renderer = PreparedRenderer(headers: PictureHeaders())

    func picture(_ viewport: Viewport? = nil, window: Window? = nil, grade: PrefixChoice.Grade = .view) throws
      -> Picture
    {
      try renderer.drawing(
        RenderRequest(path: source.path, viewport: viewport, window: window), of: source, table, grade: grade
      ).picture()
    }

    func receivedPicture(_ viewport: Viewport? = nil, window: Window? = nil) throws -> Picture {
      try ObjectRenderer().picture(RenderRequest(path: received, viewport: viewport, window: window))
    }
  }

  private func keep(_ object: TestObject, _ body: (Kept) throws -> Void) throws {
    try object.withFile { path in
      let output = path + ".prepared"
      defer { unlink(output) }
      guard case .proven(let prepared) = try LadderFile.prepare(path: path, output: output) else {
        Issue.record("not prepared")
        return
      }
      let source = PictureSource(path: output, digest: path, layers: prepared.layers)
      try body(Kept(received: path, source: source, table: prepared.layers))
    }
  }

  private static func values(_ columns: Int, _ rows: Int, _ value: (Int, Int) -> Int) -> [Int] {
    (0..<rows).flatMap { y in (0..<columns).map { x in value(x, y) } }
  }

  private static func palette(_ columns: Int, _ indices: [Int], _ colour: (Int) -> UInt8) -> TestObject {
    var object = TestObject.grey(indices, columns: columns, allocated: 8, photometric: "PALETTE COLOR")
    for (descriptor, data) in [
      (DICOM.Tag.redPaletteColorLookupTableDescriptor, DICOM.Tag.redPaletteColorLookupTableData),
      (.greenPaletteColorLookupTableDescriptor, .greenPaletteColorLookupTableData),
      (.bluePaletteColorLookupTableDescriptor, .bluePaletteColorLookupTableData),
    ] {
      object.writer.uint16(descriptor, [256, 0, 8])
      object.writer.bytes(data, .ow, (0..<256).map(colour))
    }
    return object
  }

  private func greatestDifference(_ a: Picture, _ b: Picture) -> Int {
    guard a.width == b.width, a.height == b.height, a.channels == b.channels else { return .max }
    return zip(a.pixels, b.pixels).reduce(0) { max($0, abs(Int($1.0) - Int($1.1))) }
  }

  // MARK: Full size

  @Test func `at full size the picture is that of the received object, in every photometric interpretation`() throws {
    var windowed = TestObject.grey(Self.values(37, 29) { $0 * 90 - $1 * 60 }, columns: 37, signed: true)
    windowed.window(40, 400)
    windowed.writer.string(.rescaleIntercept, .ds, "-1024")
    let palette = Self.palette(16, Self.values(16, 16) { x, y in y * 16 + x }) { UInt8(truncatingIfNeeded: $0 * 77) }
    for object in [
      windowed, palette,
      .grey(Self.values(33, 47) { $0 * 60 + $1 }, columns: 33, stored: 12),
      .grey(Self.values(33, 20) { $0 * 7 + $1 }, columns: 33, allocated: 8, photometric: "MONOCHROME1"),
      .colour((0..<300).map { UInt8($0 % 251) }, columns: 100, photometric: "RGB"),
      .colour((0..<300).map { UInt8($0 % 251) }, columns: 100, photometric: "YBR_FULL"),
    ] {
      try keep(object) { kept in
        let (picture, received) = (try kept.picture(), try kept.receivedPicture())
        #expect(picture.pixels == received.pixels)
      }
    }
  }

  @Test func `a palette is looked up in the whole image, however small the picture`() throws {
    // Between the indices 0 and 255 lie those of other colours: averaged indices would show them.
    let object = Self.palette(256, Self.values(256, 256) { x, y in (x + y) % 2 * 255 }) {
      $0 == 0 || $0 == 255 ? 100 : 0
    }
    try keep(object) { kept in
      let small = try kept.picture(Viewport(width: 32, height: 32))
      #expect(small.width == 32 && small.pixels.allSatisfy { $0 == 100 })
    }
  }

  // MARK: Reduced

  /// On a slope the wavelet's halves are exact samples, so a picture of them must be that of the whole, wherever it begins.
  @Test(arguments: [(512, 512), (511, 509), (640, 333)], [32, 50, 64, 100, 128, 200])
  func `a reduced frame shows every place where the whole shows it`(size: (Int, Int), side: Int) throws {
    var object = TestObject.grey(Self.values(size.0, size.1) { $0 * 40 + $1 * 20 }, columns: size.0)
    object.window(15_000, 30_000)
    try keep(object) { kept in
      for viewport in [
        Viewport(width: side, height: side),
        Viewport(width: side, height: side, sourceX: 101, sourceY: 33, sourceWidth: 250, sourceHeight: 222),
        Viewport(width: side, height: side, sourceX: 3, sourceY: 7, sourceWidth: -301, sourceHeight: 255),
      ] {
        let reduced = try kept.picture(viewport)
        let whole = try kept.receivedPicture(viewport)
        // One level of rounding at each end, and what the prefix leaves out.
        #expect(greatestDifference(reduced, whole) <= 3)
      }
    }
  }

  @Test func `a picture smaller than the image reads a prefix, one of its size reads everything`() {
    let format = LadderFrames.format(512, 512, signed: true)
    let frame = LayerTable.Frame(offset: 0, layerEnds: [4096, 12288, 40_960, 122_880, 170_000])
    func choice(_ side: Int, _ grade: PrefixChoice.Grade, contrast: Double = 1) -> PrefixChoice {
      let geometry = PictureGeometry(
        columns: 512, rows: 512, aspect: 1, viewport: Viewport(width: side, height: side))!
      return PrefixChoice(frame, format, ImageAttributes(), geometry, grade: grade, contrast: contrast)
    }
    #expect(choice(128, .thumbnail, contrast: 11).layers == 1)
    #expect(choice(128, .thumbnail).levels == 2)
    #expect(choice(256, .view, contrast: 11).layers == 3)
    #expect(choice(300, .view).levels == 0)
    #expect(choice(512, .view) == .whole)
    #expect(choice(900, .thumbnail) == .whole)
  }

  @Test(arguments: [(512, 512), (400, 512)])
  func `the first layer of a CT slice is enough for its thumbnail in a soft tissue window`(_ rows: Int, _ columns: Int)
    throws
  {
    var facts = ImageFacts()
    facts.words[.modality] = "CT"
    let layers = CompressionProfile.standard.decide(facts).rule.action.layers
    // An encoder ends a layer a little before what was asked for.
    let frame = LayerTable.Frame(offset: 0, layerEnds: layers.map { $0 * 98 / 100 } + [170_000])
    let geometry = PictureGeometry(
      columns: columns, rows: rows, aspect: 1, viewport: Viewport(width: 128, height: 128))!
    func layersRead(_ window: Double) -> Int {
      // Air to metal is 4,400 wide.
      PrefixChoice(
        frame, LadderFrames.format(columns, rows, signed: true), ImageAttributes(), geometry, grade: .thumbnail,
        contrast: 4400 / window
      ).layers
    }
    #expect(layersRead(400) == 1 && layersRead(350) == 1)
    #expect(layersRead(80) == 2)
  }

  @Test func `a window that shows a small part of the values takes more layers`() throws {
    var dice = Dice(7)
    let noisy = Self.values(256, 256) { x, y in x * 100 + y * 30 + Int(dice.next() % 200) }
    try keep(.grey(noisy, columns: 256)) { kept in
      let viewport = Viewport(width: 128, height: 128)
      let narrow = Window(center: 10_000, width: 600)!
      let all = try kept.renderer.drawing(
        RenderRequest(path: kept.source.path, viewport: viewport, window: narrow), of: kept.source,
        LayerTable(
          format: kept.table.format,
          frames: [.init(offset: kept.table.frames[0].offset, layerEnds: [kept.table.frames[0].layerEnds.last!])]),
        grade: .view
      ).picture()
      let chosen = try kept.picture(viewport, window: narrow)
      let square = zip(all.pixels, chosen.pixels).reduce(0) { $0 + pow(Double($1.0) - Double($1.1), 2) }
      #expect(square / Double(all.pixels.count) < 65_025 / pow(10, 2.6), "26 dB of what all layers show")
    }
  }

  // MARK: Failures

  @Test func `a frame that is not there and a file that is gone are told apart`() throws {
    try keep(.grey([1, 2, 3, 4], columns: 2)) { kept in
      #expect(throws: RenderFailure.frameOutOfRange(count: 1)) {
        try kept.renderer.drawing(RenderRequest(path: "", frame: 1), of: kept.source, kept.table, grade: .view)
      }
      _ = try kept.picture()
      unlink(kept.source.path)
      #expect(throws: RenderFailure.missing) { try kept.picture() }
      let fresh = PreparedRenderer(headers: PictureHeaders())
      #expect(throws: RenderFailure.missing) {
        try fresh.drawing(RenderRequest(path: ""), of: kept.source, kept.table, grade: .view)
      }
    }
  }
}
