/// A frame that was decoded at a half, a quarter, … of its size.
///
/// JPEG 2000 keeps every second sample, not the average of two: sample i of the reduced frame lies where sample i * 2^levels lay. So the
/// centre of its first pixel is that of the first pixel of the whole, and in lengths of reduced pixels the whole begins a little inside:
/// by a quarter after one halving, by three eighths after two. Pictures are cut and scaled with that in mind, or edges would jump by
/// up to half a pixel from one reduction to the next.
struct FrameReduction: Equatable {
  /// Size of the whole frame.
  var columns: Int
  var rows: Int
  /// Halvings.
  var levels: Int

  /// Where a coordinate of the whole frame, in pixel edges, lies in the reduced one.
  func position(_ coordinate: Double) -> Double {
    let scale = Double(1 << levels)
    return (coordinate - 0.5) / scale + 0.5
  }

  /// The most halvings after which the shown part still has as many pixels as its picture.
  ///
  /// - Parameter slack: this part of the picture's pixels, along each side, may be missing.
  static func levels(for geometry: PictureGeometry, slack: Double = 0) -> Int {
    var levels = 0
    let columns = Int((Double(geometry.outWidth) * (1 - slack)).rounded(.up))
    let rows = Int((Double(geometry.outHeight) * (1 - slack)).rounded(.up))
    func suffices(_ levels: Int) -> Bool {
      halved(geometry.width, levels) >= columns && halved(geometry.height, levels) >= rows
    }
    while levels < 30, suffices(levels + 1) { levels += 1 }
    return levels
  }

  static func halved(_ length: Int, _ levels: Int) -> Int { (length + (1 << levels) - 1) >> levels }
}

extension PictureGeometry {
  /// The same picture, taken of a frame that was decoded smaller.
  ///
  /// - Parameters:
  ///   - columns: of the reduced frame.
  ///   - rows: of the reduced frame.
  func reduced(_ reduction: FrameReduction, columns: Int, rows: Int) -> PictureGeometry {
    if reduction.levels == 0 { return self }
    func span(_ start: Int, _ length: Int, _ limit: Int) -> (first: Int, count: Int, from: Double, length: Double) {
      let from = reduction.position(Double(start))
      let to = reduction.position(Double(start + length))
      // Also the pixel before and behind, which weighs in where the part begins and ends inside one.
      let first = max(0, min(limit - 1, Int((from - 0.5).rounded(.down))))
      let end = max(first + 1, min(limit, Int((to + 0.5).rounded(.up))))
      return (first, end - first, from - Double(first), to - from)
    }
    let across = span(x, width, columns)
    let down = span(y, height, rows)
    var geometry = self
    (geometry.x, geometry.width) = (across.first, across.count)
    (geometry.y, geometry.height) = (down.first, down.count)
    geometry.part = Part(left: across.from, top: down.from, width: across.length, height: down.length)
    return geometry
  }
}
