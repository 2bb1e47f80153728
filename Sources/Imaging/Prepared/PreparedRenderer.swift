import DICOM
import Foundation

/// Renders and decodes prepared objects, in this process: our own, or in a worker those of others. Blocks (disk and processor time): for
/// threads of its own.
struct PreparedRenderer: Sendable {
  let headers: PictureHeaders

  /// - Parameters:
  ///   - grade: how good the picture must be, when it is smaller than the image.
  ///   - threads: processors for a large frame.
  func drawing(
    _ request: RenderRequest, of source: PictureSource, _ table: LayerTable, grade: PrefixChoice.Grade, threads: Int = 1
  ) throws(RenderFailure) -> Drawing {
    try drawing(
      request, of: source, table.format, try Self.entry(request.frame, table), grade: grade, threads: threads)
  }

  /// - Parameters:
  ///   - format: of every frame.
  ///   - entry: of the request's frame.
  func drawing(
    _ request: RenderRequest, of source: PictureSource, _ format: FrameFormat, _ entry: LayerTable.Frame,
    grade: PrefixChoice.Grade, threads: Int = 1
  ) throws(RenderFailure) -> Drawing {
    let header = try headers.header(of: source, frame: request.frame)
    let attributes = header.attributes ?? ImageAttributes()
    guard
      let geometry = PictureGeometry(
        columns: format.columns, rows: format.rows, aspect: attributes.aspect, viewport: request.viewport)
    else { throw .emptyRegion }
    func choice(_ contrast: Double) -> PrefixChoice {
      // Who asks for 16 bits wants values, not a picture.
      if request.format.depth == 16 { return .whole }
      return PrefixChoice(entry, format, attributes, geometry, grade: grade, contrast: contrast)
    }
    let known = request.window == nil ? headers.contrast(of: source, frame: request.frame) : nil
    var chosen = choice(known ?? 1)
    var (frame, levels) = try decode(source, format, entry, chosen, threads: threads)
    if chosen != .whole, known == nil {
      // Only now is it known how much of the values' spread the window shows.
      let contrast = PrefixChoice.contrast(of: frame, attributes, window: request.window)
      if request.window == nil { headers.setContrast(contrast, of: source, frame: request.frame) }
      let better = choice(contrast)
      if better.layers > chosen.layers {
        chosen = better
        (frame, levels) = try decode(source, format, entry, chosen, threads: threads)
      }
    }
    let reduction = FrameReduction(columns: format.columns, rows: format.rows, levels: levels)
    return Drawing(
      frame: frame, attributes: attributes,
      geometry: geometry.reduced(reduction, columns: frame.format.columns, rows: frame.format.rows), whole: geometry,
      wishes: try wishes(request, of: source, format),
      profile: request.embedsProfile && format.isColour ? header.profile : nil)
  }

  /// - Parameter format: of the whole frame.
  func wishes(
    _ request: RenderRequest, of source: PictureSource, _ format: FrameFormat
  ) throws(RenderFailure) -> Renderer.Wishes {
    var wishes = Renderer.Wishes(window: request.window, depth: request.format.depth)
    if request.overlays {
      // Planes inside the pixels' words are none: such objects are not prepared.
      let object = try PictureHeaders.object(of: source)
      wishes.overlay = OverlayMask(object.dataSet, format, number: request.frame, frame: nil)
    }
    return wishes
  }

  /// Whether the picture takes much longer than a thumbnail.
  func isLong(_ request: RenderRequest, _ table: LayerTable) -> Bool {
    guard
      let geometry = PictureGeometry(
        columns: table.format.columns, rows: table.format.rows, aspect: 1, viewport: request.viewport)
    else { return false }
    let levels = FrameReduction.levels(for: geometry)
    return FrameReduction.halved(table.format.columns, levels) * FrameReduction.halved(table.format.rows, levels)
      > Self.shortPixels
  }

  /// Whether a picture is sooner drawn from the received file, where that is still there: from the codestream it would be decoded, at full
  /// size or at one that has not many fewer samples. It is the better picture, too: averages instead of a low band.
  func prefersReceived(_ request: RenderRequest, _ table: LayerTable, grade: PrefixChoice.Grade) -> Bool {
    if request.format.depth == 16 { return true }
    guard
      let geometry = PictureGeometry(
        columns: table.format.columns, rows: table.format.rows, aspect: 1, viewport: request.viewport)
    else { return false }
    return FrameReduction.levels(for: geometry, slack: grade.slack) <= grade.mostLevelsOfReceived
  }

  /// A picture of so many pixels is decoded in some ten milliseconds.
  private static let shortPixels = 1 << 17

  /// The stored values of one frame, little endian, colour by pixel.
  func decodedFrame(_ number: Int, of source: PictureSource, _ table: LayerTable) throws(RenderFailure) -> [UInt8] {
    try wholeFrame(number, of: source, table).bytes
  }

  /// One frame at full size, exact: from the received file, where that is still there and uncompressed, because then nothing has to be
  /// decoded; its samples are proven to be the same.
  func wholeFrame(_ number: Int, of source: PictureSource, _ table: LayerTable) throws(RenderFailure) -> DecodedFrame {
    let entry = try Self.entry(number, table)
    if let received = ReceivedFrames(source, table), let frame = received.frame(number) { return frame }
    return try decode(source, table.format, entry, .whole, threads: 1).frame
  }

  static func entry(_ number: Int, _ table: LayerTable) throws(RenderFailure) -> LayerTable.Frame {
    guard table.frames.indices.contains(number) else { throw .frameOutOfRange(count: table.frames.count) }
    return table.frames[number]
  }

  private func decode(
    _ source: PictureSource, _ format: FrameFormat, _ entry: LayerTable.Frame, _ choice: PrefixChoice, threads: Int
  ) throws(RenderFailure) -> (frame: DecodedFrame, levels: Int) {
    do throws(FrameFailure) {
      return try Ladder.decodePrefix(
        path: source.path, format: format, entry: entry, layers: choice.layers, reduce: choice.levels, threads: threads)
    } catch {
      // Told from a damaged file only now, when it has failed: the file was replaced meanwhile.
      if case .unreadable = error, access(source.path, F_OK) != 0, errno == ENOENT { throw .missing }
      throw RenderFailure(error)
    }
  }
}
