/// A point in millimetres; the origin is the middle of the picture, x to the right, y downwards.
struct PhantomPoint {
  var x: Float
  var y: Float

  init(_ x: Float, _ y: Float) {
    self.x = x
    self.y = y
  }
}

/// An ellipse in millimetres, turned by `degrees` clockwise, more box-like as `squareness` goes from 0 to 1.
struct PhantomEllipse {
  var x: Float
  var y: Float
  var rx: Float
  var ry: Float
  var squareness: Float
  private let c: Float
  private let s: Float

  init(_ x: Float, _ y: Float, _ rx: Float, _ ry: Float, degrees: Float = 0, squareness: Float = 0) {
    self.x = x
    self.y = y
    self.rx = rx
    self.ry = ry
    self.squareness = squareness
    c = degrees == 0 ? 1 : PhantomMath.cos(PhantomMath.radians(degrees))
    s = degrees == 0 ? 0 : PhantomMath.sin(PhantomMath.radians(degrees))
  }

  var isEmpty: Bool { rx <= 0.05 || ry <= 0.05 }
  /// Half width and half height of the upright box around it.
  var reach: PhantomPoint {
    let w = (rx * c * rx * c + ry * s * ry * s).squareRoot()
    let h = (rx * s * rx * s + ry * c * ry * c).squareRoot()
    return squareness == 0 ? PhantomPoint(w, h) : PhantomPoint(w * 1.2, h * 1.2)
  }

  func inset(_ by: Float) -> PhantomEllipse {
    var copy = self
    copy.rx -= by
    copy.ry -= by
    return copy
  }

  /// 0 in the middle, 1 on the edge.
  @inline(__always)
  func radius(_ px: Float, _ py: Float) -> Float {
    let dx = px - x
    let dy = py - y
    let u = (dx * c + dy * s) / rx
    let v = (dy * c - dx * s) / ry
    let round = (u * u + v * v).squareRoot()
    if squareness == 0 { return round }
    let square = (u * u * u * u + v * v * v * v).squareRoot().squareRoot()
    return PhantomMath.mix(round, square, squareness)
  }

  /// 1 inside, 0 outside, a ramp `edge` millimetres wide between.
  @inline(__always)
  func coverage(_ px: Float, _ py: Float, edge: Float) -> Float {
    let f = radius(px, py)
    if f < 0.05 { return 1 }
    let dx = px - x
    let dy = py - y
    let distance = (dx * dx + dy * dy).squareRoot() * (1 / f - 1)
    return PhantomMath.clamp(0.5 + distance / edge)
  }
}

/// A grey picture in millimetres to draw soft shapes on.
final class PhantomCanvas {
  let width: Int
  let height: Int
  /// Millimetres from one sample to the next.
  let spacing: Float
  /// Row by row; a plain pointer keeps the debug build, which the tests use, fast enough.
  let values: UnsafeMutablePointer<Float>
  /// Column and row of the point (0, 0).
  private let ox: Float
  private let oy: Float

  init(width: Int, height: Int, spacing: Float, filledWith value: Float = 0) {
    self.width = width
    self.height = height
    self.spacing = spacing
    ox = Float(width - 1) / 2
    oy = Float(height - 1) / 2
    values = .allocate(capacity: width * height)
    values.initialize(repeating: value, count: width * height)
  }

  /// An empty canvas over the part of another that the points and a margin around them need, sample on sample.
  private init(width: Int, height: Int, spacing: Float, within points: [PhantomPoint], margin: Float) {
    let fullX = Float(width - 1) / 2
    let fullY = Float(height - 1) / 2
    let xs = points.map(\.x)
    let ys = points.map(\.y)
    let x0 = max(0, Int((fullX + ((xs.min() ?? 0) - margin) / spacing).rounded(.down)))
    let y0 = max(0, Int((fullY + ((ys.min() ?? 0) - margin) / spacing).rounded(.down)))
    let x1 = min(width - 1, Int((fullX + ((xs.max() ?? 0) + margin) / spacing).rounded(.up)))
    let y1 = min(height - 1, Int((fullY + ((ys.max() ?? 0) + margin) / spacing).rounded(.up)))
    self.width = max(0, x1 - x0 + 1)
    self.height = max(0, y1 - y0 + 1)
    self.spacing = spacing
    ox = fullX - Float(x0)
    oy = fullY - Float(y0)
    values = .allocate(capacity: max(1, self.width * self.height))
    values.initialize(repeating: 0, count: self.width * self.height)
  }

  deinit { values.deallocate() }

  var count: Int { width * height }
  /// How soft an edge is that the detector sees as sharp.
  var sharp: Float { spacing * 1.2 }

  /// Visits the samples of an upright box with their place in millimetres.
  @inline(__always)
  func each(
    around x: Float, _ y: Float, _ halfWidth: Float, _ halfHeight: Float,
    _ body: (Float, Float, UnsafeMutablePointer<Float>) -> Void
  ) {
    let x0 = max(0, Int((ox + (x - halfWidth) / spacing).rounded(.down)))
    let x1 = min(width - 1, Int((ox + (x + halfWidth) / spacing).rounded(.up)))
    let y0 = max(0, Int((oy + (y - halfHeight) / spacing).rounded(.down)))
    let y1 = min(height - 1, Int((oy + (y + halfHeight) / spacing).rounded(.up)))
    if x0 > x1 || y0 > y1 { return }
    var row = y0
    while row <= y1 {
      let py = (Float(row) - oy) * spacing
      var pointer = values + (row &* width &+ x0)
      var column = x0
      while column <= x1 {
        body((Float(column) - ox) * spacing, py, pointer)
        pointer += 1
        column &+= 1
      }
      row &+= 1
    }
  }

  /// Visits every sample with its place in millimetres.
  @inline(__always)
  func each(_ body: (Float, Float, UnsafeMutablePointer<Float>) -> Void) {
    let wide = Float(width) * spacing
    let high = Float(height) * spacing
    each(around: (Float(width) / 2 - ox) * spacing, (Float(height) / 2 - oy) * spacing, wide, high, body)
  }

  /// The sample nearest to a place, if it lies in the picture.
  @inline(__always)
  private func pointer(_ x: Float, _ y: Float) -> UnsafeMutablePointer<Float>? {
    let column = Int((ox + x / spacing).rounded())
    let row = Int((oy + y / spacing).rounded())
    guard column >= 0, column < width, row >= 0, row < height else { return nil }
    return values + (row &* width &+ column)
  }

  /// Replaces what is there by `value` inside the ellipse.
  func paint(_ shape: PhantomEllipse, _ value: Float, edge: Float? = nil, clip: PhantomEllipse? = nil) {
    if shape.isEmpty { return }
    let edge = edge ?? sharp
    let reach = shape.reach
    each(around: shape.x, shape.y, reach.x + edge, reach.y + edge) { x, y, p in
      var k = shape.coverage(x, y, edge: edge)
      if k > 0, let clip { k *= clip.coverage(x, y, edge: edge) }
      if k > 0 { p.pointee += (value - p.pointee) * k }
    }
  }

  /// Adds `value` inside the ellipse.
  func add(_ shape: PhantomEllipse, _ value: Float, edge: Float? = nil) {
    if shape.isEmpty { return }
    let edge = edge ?? sharp
    let reach = shape.reach
    each(around: shape.x, shape.y, reach.x + edge, reach.y + edge) { x, y, p in
      p.pointee += value * shape.coverage(x, y, edge: edge)
    }
  }

  /// Adds the shadow of a solid ellipsoid: `thickness` in its middle, nothing at its rim.
  func addSolid(_ shape: PhantomEllipse, _ thickness: Float) {
    if shape.isEmpty { return }
    let reach = shape.reach
    each(around: shape.x, shape.y, reach.x, reach.y) { x, y, p in
      p.pointee += thickness * PhantomMath.chord(shape.radius(x, y))
    }
  }

  /// Replaces what is there along a line of `radius` millimetres.
  func stroke(_ points: [PhantomPoint], radius: Float, _ value: Float, edge: Float? = nil) {
    let edge = edge ?? sharp
    along(points, reach: radius + edge) { distance, _, p in
      let k = PhantomMath.clamp(0.5 + (radius - distance) / edge)
      if k > 0 { p.pointee += (value - p.pointee) * k }
    }
  }

  /// The shadow of a tube with walls along a line, kept where it is greater than what is there.
  ///
  /// Draw on an empty canvas, so that crossing tubes do not count twice, then `add(canvas:)`.
  ///
  /// - Parameters:
  ///   - radii: one for each point; between points the tube tapers.
  ///   - wall: the share of the radius that is wall, 0...1.
  ///   - shell: what a millimetre of wall adds; `core`: what a millimetre inside adds.
  func tube(_ points: [PhantomPoint], radii: [Float], wall: Float, shell: Float, core: Float) {
    // Nearest part of the line first, then one profile: end caps inside the line would show as rings.
    let nearest = PhantomCanvas(
      width: width, height: height, spacing: spacing, within: points, margin: radii.max() ?? 0)
    for i in 1..<points.count {
      let reach = max(radii[i - 1], radii[i])
      nearest.along([points[i - 1], points[i]], reach: reach) { distance, t, p in
        let radius = PhantomMath.mix(radii[i - 1], radii[i], t)
        p.pointee = max(p.pointee, 1 - distance / radius)
      }
    }
    let inner = max(1 - wall, 0.01)
    let middle = radii.reduce(0, +) / Float(radii.count)
    nearest.each { x, y, q in
      if q.pointee <= 0 { return }
      let outside = PhantomMath.chord(1 - q.pointee)
      let inside = inner * PhantomMath.chord((1 - q.pointee) / inner)
      let value = middle * ((outside - inside) * shell + inside * core)
      guard let p = pointer(x, y) else { return }
      if value > p.pointee { p.pointee = value }
    }
  }

  func tube(_ points: [PhantomPoint], radius: Float, wall: Float, shell: Float, core: Float) {
    tube(points, radii: points.map { _ in radius }, wall: wall / radius, shell: shell, core: core)
  }

  private func along(
    _ points: [PhantomPoint], reach: Float, _ body: (Float, Float, UnsafeMutablePointer<Float>) -> Void
  ) {
    for i in 1..<max(points.count, 1) {
      let a = points[i - 1]
      let b = points[i]
      let dx = b.x - a.x
      let dy = b.y - a.y
      let length2 = max(dx * dx + dy * dy, 1e-6)
      each(
        around: (a.x + b.x) / 2, (a.y + b.y) / 2, (dx < 0 ? -dx : dx) / 2 + reach, (dy < 0 ? -dy : dy) / 2 + reach
      ) { x, y, p in
        let t = PhantomMath.clamp(((x - a.x) * dx + (y - a.y) * dy) / length2)
        let ex = x - a.x - dx * t
        let ey = y - a.y - dy * t
        let distance2 = ex * ex + ey * ey
        if distance2 < reach * reach { body(distance2.squareRoot(), t, p) }
      }
    }
  }
}
