import DICOM

/// A contact sheet: every layer of a measured frame, one screen pixel for one image pixel, and beside it how it differs from the
/// original, amplified.
public struct MeasureSheet: Sendable {
  public struct Options: Sendable {
    /// Words above the pictures; no patient's name.
    public var title = ""
    /// Longest side of the part of the image that is shown; more does not fit on a screen.
    public var detail = 640
    /// The upper left corner of that part; nil takes the middle of the image.
    public var corner: (x: Int, y: Int)?
    /// What differences are multiplied with, the same for all layers; nil takes what suits the middle one.
    public var amplification: Int?

    public init() {}
  }

  private let measure: LadderMeasure
  private let pictures: MeasuredPictures
  private let options: Options
  /// The part shown, in image pixels.
  private let part: (x: Int, y: Int, width: Int, height: Int)
  private let window: Window?
  private let attributes: ImageAttributes

  public init(_ measure: LadderMeasure, _ pictures: MeasuredPictures, options: Options = Options()) {
    self.measure = measure
    self.pictures = pictures
    self.options = options
    let format = measure.format
    let width = min(format.columns, max(32, options.detail))
    let height = min(format.rows, max(32, options.detail))
    let corner = options.corner ?? ((format.columns - width) / 2, (format.rows - height) / 2)
    part = (
      max(0, min(corner.x, format.columns - width)), max(0, min(corner.y, format.rows - height)), width, height
    )
    var attributes = pictures.attributes
    // Pixel for pixel, whatever shape they have.
    attributes.aspect = 1
    self.attributes = attributes
    // All layers are shown through the original's window, or they could not be compared.
    let isGrey = format.samplesPerPixel == 1 && format.photometricInterpretation != .paletteColor
    window =
      isGrey && attributes.window == nil && attributes.voiLUT == nil
      ? pictures.original.withUnsafeBytes { AutomaticWindow.window($0, format, attributes) } : nil
  }

  /// The sheet as a PNG file. Blocks (processor time).
  public func png() throws -> RenderedImage { try drawn().encoded(as: .png) }

  private struct Cell {
    var heading: String
    var lines: [String]
    var left: Picture
    var right: Picture?
    var rightLabel = ""
  }

  private static let margin = 24
  private static let gap = 8
  private static let background: UInt8 = 28
  private static let bright: (UInt8, UInt8, UInt8) = (236, 236, 236)
  private static let dim: (UInt8, UInt8, UInt8) = (168, 176, 184)
  private static let accent: (UInt8, UInt8, UInt8) = (255, 196, 92)

  func drawn() throws(RenderFailure) -> Picture {
    let original = try shown(pictures.original)
    let overview = try overviewPicture()
    var layers: [(step: LadderMeasure.Step, picture: Picture)] = []
    for step in measure.steps {
      let count: Int
      switch step.kind {
      case .layers(let layer): count = layer
      case .lossless: count = pictures.ladder.layerEnds.count
      default: continue
      }
      let decoded: DecodedFrame
      do throws(FrameFailure) {
        decoded = try pictures.ladder.decode(as: measure.format, layers: count)
      } catch {
        throw .undecodable(error.description)
      }
      layers.append((step, try shown(decoded)))
    }
    let factor = max(
      1, options.amplification ?? Self.amplification(original, layers[(layers.count - 1) / 2].picture))
    var cells = [
      Cell(heading: "ORIGINAL", lines: originalLines, left: original, right: overview, rightLabel: overviewLabel)
    ]
    for (step, picture) in layers {
      cells.append(
        Cell(
          heading: heading(step), lines: lines(step), left: picture,
          right: Self.difference(original, picture, factor), rightLabel: "difference ×\(factor)"))
    }
    return laidOut(cells, factor)
  }

  // MARK: Pictures

  private func shown(_ frame: DecodedFrame) throws(RenderFailure) -> Picture {
    let viewport = Viewport(
      width: part.width, height: part.height, sourceX: Double(part.x), sourceY: Double(part.y),
      sourceWidth: Double(part.width), sourceHeight: Double(part.height))
    return try Renderer.picture(of: frame, attributes, viewport: viewport, wishes: Renderer.Wishes(window: window))
  }

  private var isWhole: Bool { part.width == measure.format.columns && part.height == measure.format.rows }

  /// The whole image with the part marked; nil when the part is the whole.
  private func overviewPicture() throws(RenderFailure) -> Picture? {
    guard !isWhole else { return nil }
    let viewport = Viewport(width: part.width, height: part.height, enlarges: false)
    let picture = try Renderer.picture(
      of: pictures.original, attributes, viewport: viewport, wishes: Renderer.Wishes(window: window))
    var canvas = SheetCanvas(width: picture.width, height: picture.height, grey: 0)
    canvas.draw(picture, x: 0, y: 0)
    let scale = Double(picture.width) / Double(measure.format.columns)
    func scaled(_ value: Int) -> Int { Int((Double(value) * scale).rounded()) }
    canvas.outline(
      x: scaled(part.x), y: scaled(part.y), width: scaled(part.width), height: scaled(part.height), color: Self.accent)
    return canvas.picture
  }

  /// Mid-grey where nothing differs; brighter where the layer is brighter than the original.
  static func difference(_ original: Picture, _ layer: Picture, _ factor: Int) -> Picture {
    var result = original
    for index in original.pixels.indices {
      let difference = Int(layer.pixels[index]) - Int(original.pixels[index])
      result.pixels[index] = UInt8(clamping: 128 + difference * factor)
    }
    return result
  }

  /// The power of two up to 64 at which all but a hundredth of a layer's differences stay within the scale.
  static func amplification(_ original: Picture, _ layer: Picture) -> Int {
    var counts = [Int](repeating: 0, count: 256)
    for index in original.pixels.indices {
      counts[abs(Int(layer.pixels[index]) - Int(original.pixels[index]))] += 1
    }
    var (greatest, above) = (255, 0)
    while greatest > 1 {
      above += counts[greatest]
      if above > original.pixels.count / 100 { break }
      greatest -= 1
    }
    var factor = 1
    while factor < 64, factor * 2 * greatest <= 127 { factor *= 2 }
    return factor
  }

  // MARK: Words

  private var originalLines: [String] {
    let format = measure.format
    let sign = format.isSigned ? "signed" : "unsigned"
    let frame = measure.frameCount > 1 ? ", frame \(measure.frame + 1) of \(measure.frameCount)" : ""
    return [
      "\(format.columns) × \(format.rows)\(frame)",
      "\(format.samplesPerPixel > 1 ? "3 × " : "")\(format.bitsStored) bits \(sign), range \(measure.range)",
      "\(MeasureText.grouped(format.frameLength)) bytes uncompressed",
    ]
  }

  private var overviewLabel: String {
    isWhole ? "" : "shown 1:1: \(part.width) × \(part.height) at \(part.x), \(part.y)"
  }

  private func heading(_ step: LadderMeasure.Step) -> String {
    let name =
      if case .layers(let layer) = step.kind { "LAYER \(layer)" } else { "LOSSLESS" }
    let ratio = MeasureText.decimals(Double(measure.format.frameLength) / Double(step.bytes), 1)
    return "\(name) · \(MeasureText.grouped(step.bytes)) bytes · \(ratio):1"
  }

  private func lines(_ step: LadderMeasure.Step) -> [String] {
    guard let comparison = step.comparison else { return [] }
    let seconds = MeasureText.seconds(LadderMeasure.seconds(bytes: step.bytes, kilobitsPerSecond: 512))
    let arrival = "here after \(seconds) s at 512 kbit/s"
    if comparison.differing == 0 { return ["every sample equals the original", "no error", arrival] }
    return [
      "PSNR \(MeasureText.decimals(comparison.psnr, 1)) dB · SSIM \(MeasureText.decimals(comparison.ssim, 4))",
      "greatest error \(comparison.greatestError) of \(measure.range)", arrival,
    ]
  }

  // MARK: Layout

  /// Two cells a line: a heading, three lines of words, then the picture and what stands beside it.
  private func laidOut(_ cells: [Cell], _ factor: Int) -> Picture {
    // Words must fit where pictures are narrow.
    let half = max(part.width, 250)
    let cellWidth = 2 * half + Self.gap
    let textHeight = 4 * SheetFont.lineHeight + 8
    let cellHeight = textHeight + part.height
    let explanation = [
      "Pictures at 1:1, all through the window of the original. Beside each layer: its difference from the original as shown,",
      "multiplied by \(factor). Mid-grey: no difference; lighter or darker: the layer is lighter or darker there.",
      "A layer is a preview; only the lossless end is the original.",
    ]
    let room = (2 * cellWidth + Self.margin) / SheetFont.advance
    let words = explanation.joined(separator: " ").wrapped(to: room)
    let top = Self.margin + SheetFont.lineHeight * (words.count + 1) + 8 + Self.margin
    let lineCount = (cells.count + 1) / 2
    var canvas = SheetCanvas(
      width: 3 * Self.margin + 2 * cellWidth, height: top + lineCount * (cellHeight + Self.margin),
      grey: Self.background)
    let title = options.title.isEmpty ? "Quality layers" : options.title
    canvas.write(String(title.prefix(room)), x: Self.margin, y: Self.margin, color: Self.bright)
    for (index, line) in words.enumerated() {
      canvas.write(
        line, x: Self.margin, y: Self.margin + 8 + (index + 1) * SheetFont.lineHeight, color: Self.dim)
    }
    for (index, cell) in cells.enumerated() {
      let x = Self.margin + (index % 2) * (cellWidth + Self.margin)
      let y = top + (index / 2) * (cellHeight + Self.margin)
      canvas.write(cell.heading, x: x, y: y, color: Self.accent)
      for (line, text) in cell.lines.enumerated() {
        canvas.write(text, x: x, y: y + (line + 1) * SheetFont.lineHeight, color: Self.bright)
      }
      canvas.draw(cell.left, x: x, y: y + textHeight)
      guard let right = cell.right else { continue }
      let across = x + half + Self.gap
      canvas.write(cell.rightLabel, x: across, y: y + 3 * SheetFont.lineHeight, color: Self.dim)
      canvas.draw(right, x: across, y: y + textHeight)
    }
    return canvas.picture
  }
}

extension String {
  /// Lines of at most so many characters, broken between words.
  func wrapped(to width: Int) -> [String] {
    var lines: [String] = []
    for word in split(separator: " ") {
      if let last = lines.last, last.count + 1 + word.count <= width {
        lines[lines.count - 1] = last + " " + word
      } else {
        lines.append(String(word))
      }
    }
    return lines
  }
}
