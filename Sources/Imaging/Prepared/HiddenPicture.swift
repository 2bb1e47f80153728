/// The neutral picture that stands where a thumbnail would show burned-in text: an eye, struck through, on grey. No word in it is
/// in any language, and nothing of the image.
enum HiddenPicture {
  static let background = 56.0
  static let ink = 168.0

  /// - Parameters:
  ///   - width: of the picture.
  ///   - height: of the picture.
  static func draw(width: Int, height: Int) -> Picture {
    let scale = Double(min(width, height))
    var pixels = [UInt8](repeating: 0, count: width * height)
    for y in 0..<height {
      for x in 0..<width {
        // Coordinates from the centre, in parts of the shorter side.
        let ink = coverage(
          (Double(x) + 0.5 - Double(width) / 2) / scale, (Double(y) + 0.5 - Double(height) / 2) / scale,
          pixel: 1 / scale)
        pixels[y * width + x] = UInt8(background + (Self.ink - background) * ink)
      }
    }
    return Picture(width: width, height: height, channels: 1, pixels: pixels)
  }

  /// How much of a pixel is ink, 0…1.
  private static func coverage(_ x: Double, _ y: Double, pixel: Double) -> Double {
    /// From a distance to an edge, inside negative, to a smooth step of one pixel.
    func filled(_ distance: Double) -> Double { min(1, max(0, 0.5 - distance / pixel)) }
    let stroke = 0.02
    // The lids are arcs of two circles whose centres lie below and above the eye.
    let radius = 0.38
    let shift = 0.23
    func distance(_ cx: Double, _ cy: Double) -> Double { ((x - cx) * (x - cx) + (y - cy) * (y - cy)).squareRoot() }
    let lids = max(distance(0, shift), distance(0, -shift)) - radius
    let outline = filled(abs(lids) - stroke)
    let pupil = filled(distance(0, 0) - 0.075)
    // The line from top right to bottom left, with a gap of background along it.
    let along = (x - y) / 2.0.squareRoot()
    let across = abs(x + y) / 2.0.squareRoot()
    let ends = max(0, abs(along) - 0.36)
    let line = (across * across + ends * ends).squareRoot() - stroke
    return max(max(outline, pupil) * (1 - filled(line - 0.03)), filled(line))
  }
}
