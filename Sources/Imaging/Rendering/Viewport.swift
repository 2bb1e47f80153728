/// The size a picture must fit into, and the part of the image it shows (PS3.18 §8.3.5.1.3).
public struct Viewport: Sendable, Codable, Hashable {
  /// Greatest width and height of the picture in pixels.
  public var width: Int
  public var height: Int
  /// Left and top edge of the shown part, in image pixels.
  public var sourceX: Double
  public var sourceY: Double
  /// Size of the shown part; nil means up to the edge. A negative size mirrors the picture along that axis.
  public var sourceWidth: Double?
  public var sourceHeight: Double?
  /// Whether an image smaller than the viewport grows to fill it, as PS3.18 says. Thumbnails need not.
  public var enlarges: Bool

  public init(
    width: Int, height: Int, sourceX: Double = 0, sourceY: Double = 0, sourceWidth: Double? = nil,
    sourceHeight: Double? = nil, enlarges: Bool = true
  ) {
    self.width = width
    self.height = height
    self.sourceX = sourceX
    self.sourceY = sourceY
    self.sourceWidth = sourceWidth
    self.sourceHeight = sourceHeight
    self.enlarges = enlarges
  }
}

/// Which pixels of an image become a picture of which size.
struct PictureGeometry: Equatable {
  var x, y, width, height: Int
  var outWidth, outHeight: Int
  var mirrored = false
  var upsideDown = false
  /// What of these pixels is shown, in fractions of pixels; nil: all. Frames that were decoded smaller need it.
  var part: Part?

  /// A rectangle whose edges may lie inside pixels, or a little outside the first and last.
  struct Part: Equatable {
    var left, top, width, height: Double
  }

  /// No side longer than JPEG can hold, whatever a client asks for.
  static let longestSide = 65_500
  /// No picture has more pixels than this, and none is enlarged beyond `mostEnlarged`.
  static let mostPixels = 1 << 28
  static let mostEnlarged = 1 << 25

  /// - Parameter aspect: height of a pixel divided by its width.
  /// - Returns: nil when nothing of the image is inside the viewport's source region.
  init?(columns: Int, rows: Int, aspect: Double, viewport: Viewport?) {
    x = 0
    y = 0
    width = columns
    height = rows
    if let viewport {
      guard viewport.width >= 1, viewport.height >= 1 else { return nil }
      guard
        let across = Self.span(from: viewport.sourceX, size: viewport.sourceWidth, limit: columns),
        let down = Self.span(from: viewport.sourceY, size: viewport.sourceHeight, limit: rows)
      else { return nil }
      (x, width) = (across.lowerBound, across.count)
      (y, height) = (down.lowerBound, down.count)
      mirrored = (viewport.sourceWidth ?? 0) < 0
      upsideDown = (viewport.sourceHeight ?? 0) < 0
    }
    // The sparser axis is stretched, so that no pixel of the image is lost.
    var naturalWidth = Double(width)
    var naturalHeight = Double(height)
    if aspect > 1 { naturalHeight *= aspect } else { naturalWidth /= aspect }
    var factor = 1.0
    if let viewport {
      factor = min(Double(viewport.width) / naturalWidth, Double(viewport.height) / naturalHeight)
      if !viewport.enlarges { factor = min(factor, 1) }
    }
    factor = min(factor, Double(Self.longestSide) / max(naturalWidth, naturalHeight))
    let natural = naturalWidth * naturalHeight
    let most = min(Double(Self.mostPixels), max(Double(Self.mostEnlarged), natural))
    factor = min(factor, (most / natural).squareRoot())
    outWidth = max(1, min(Self.longestSide, Int((naturalWidth * factor).rounded())))
    outHeight = max(1, min(Self.longestSide, Int((naturalHeight * factor).rounded())))
  }

  private static func span(from start: Double, size: Double?, limit: Int) -> Range<Int>? {
    let length = size.map(abs) ?? Double(limit) - start
    guard start.isFinite, length.isFinite, length > 0, abs(start) < 1e9, length < 1e9 else { return nil }
    let first = max(0, Int(start.rounded()))
    let end = min(limit, Int((start + length).rounded()))
    return first < end ? first..<end : nil
  }
}
