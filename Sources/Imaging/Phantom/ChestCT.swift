/// A contrast-enhanced CT of the chest, slice by slice, in Hounsfield units.
///
/// Everything is a function of the height `z` (millimetres below the apex of the lungs), so neighbouring slices fit together
/// whatever their distance: 3 slices or 300 show the same invented person.
struct ChestCT {
  /// Millimetres from the first to the last height that is drawn.
  static let extent: Float = 300
  static let fieldOfView: Float = 380
  /// What the scanner writes outside its circle: a stored value, so that padding is tested too.
  static let padding = -2000

  let size: Int
  let seed: UInt64
  private let vessels: [VesselTree.Branch]

  init(size: Int, seed: UInt64) {
    self.size = size
    self.seed = seed
    var random = SplitMix64(seed: seed, purpose: "vessels")
    var branches: [VesselTree.Branch] = []
    for side: Float in [-1, 1] {
      branches +=
        VesselTree(
          root: (x: 34 * side, y: 2, z: 122), toward: side, levels: 7, random: &random,
          inside: { x, y, z in
            let u = (x - 62 * side) / 64
            let v = (y + 2) / 76
            let w = (z - 130) / 124
            return u * u + v * v + w * w < 1.02
          }
        ).branches
    }
    vessels = branches
  }

  /// One slice as stored values: signed 16-bit little endian, Hounsfield + 1024, `padding` outside the circle.
  func slice(at z: Float) -> [UInt8] {
    let canvas = PhantomCanvas(width: size, height: size, spacing: Self.fieldOfView / Float(size), filledWith: -1000)
    draw(on: canvas, z: z)
    canvas.soften()
    var random = SplitMix64(seed: seed, purpose: "grain \(Int((z * 16).rounded()))")
    canvas.addGrain(13, &random)
    let limit = Self.fieldOfView / 2
    canvas.each { x, y, p in
      p.pointee = x * x + y * y > limit * limit ? Float(Self.padding) : max(p.pointee, -1024) + 1024
    }
    return canvas.samples16(from: Self.padding, to: 4095)
  }

  private func draw(on canvas: PhantomCanvas, z: Float) {
    let trunk = Trunk(z: z)
    drawTable(on: canvas)
    drawWall(on: canvas, trunk, z)
    drawLungs(on: canvas, trunk, z)
    drawMediastinum(on: canvas, trunk, z)
    drawHeart(on: canvas, z)
    drawGreatVessels(on: canvas, z)
    drawAirways(on: canvas, z)
    drawAbdomen(on: canvas, trunk, z)
    drawBones(on: canvas, trunk, z)
  }

  /// The outlines that every organ is placed in.
  struct Trunk {
    let skin: PhantomEllipse
    let muscle: PhantomEllipse
    let cavity: PhantomEllipse

    init(z: Float) {
      let shoulder = PhantomMath.bump(z, at: -20, radius: 120)
      let w = 158 + 14 * shoulder + 6 * PhantomMath.smoothStep(z, from: 120, to: 260)
      let h = 96 + 16 * PhantomMath.smoothStep(z, from: 0, to: 120)
      skin = PhantomEllipse(0, 4, w, h, squareness: 0.45)
      muscle = PhantomEllipse(0, 6, w - 17, h - 12, squareness: 0.45)
      let s = 0.42 + 0.58 * PhantomMath.smoothStep(z, from: -50, to: 110)
      cavity = PhantomEllipse(0, 4, 126 * s, (h - 27) * (0.3 + 0.7 * s), squareness: 0.3)
    }
  }

  private func drawTable(on canvas: PhantomCanvas) {
    let outer = PhantomEllipse(0, 68, 228, 68)
    let inner = PhantomEllipse(0, 66, 224, 66)
    canvas.each(around: 0, 120, 228, 24) { x, y, p in
      let k = outer.coverage(x, y, edge: 1) - 0.85 * inner.coverage(x, y, edge: 1)
      p.pointee += 640 * k * PhantomMath.smoothStep(y, from: 96, to: 100)
    }
  }

  private func drawWall(on canvas: PhantomCanvas, _ trunk: Trunk, _ z: Float) {
    canvas.paint(trunk.skin, 5)
    canvas.paint(trunk.skin.inset(2.2), -104)
    let shape = trunk.muscle
    let seed = seed
    let reach = shape.reach
    canvas.each(around: shape.x, shape.y, reach.x, reach.y) { x, y, p in
      let k = shape.coverage(x, y, edge: 1.5)
      if k == 0 { return }
      // Muscles lie in sheets: noise stretched along the wall, thresholded, leaves the fat between them.
      let n = PhantomMath.noise(x / 15, y / 10, z / 30, seed: seed ^ 11)
      let sheet = PhantomMath.noise(x / 26, y / 7 + 40, z / 40, seed: seed ^ 12)
      let fat = PhantomMath.smoothStep(n * 0.6 + sheet, from: 0.5, to: 0.75)
      p.pointee += (PhantomMath.mix(58 + 6 * n, -95, fat) - p.pointee) * k
    }
    canvas.paint(trunk.cavity.inset(-5), 52, edge: 2)
  }

  private func drawLungs(on canvas: PhantomCanvas, _ trunk: Trunk, _ z: Float) {
    let shape = trunk.cavity
    let reach = shape.reach
    let seed = seed
    canvas.each(around: shape.x, shape.y, reach.x, reach.y) { x, y, p in
      let k = shape.coverage(x, y, edge: 1.2)
      if k == 0 { return }
      let coarse = PhantomMath.noise(x / 18, y / 18, z / 18, seed: seed ^ 21)
      let fine = PhantomMath.noise(x / 3, y / 3, z / 3, seed: seed ^ 22)
      let value = -872 + 0.42 * (y + 60) + 14 * coarse + 20 * fine
      p.pointee += (value - p.pointee) * k
    }
    for branch in vessels { draw(branch, on: canvas, z) }
    drawNodule(on: canvas, z)
  }

  private func draw(_ branch: VesselTree.Branch, on canvas: PhantomCanvas, _ z: Float) {
    let a = branch.from
    let b = branch.to
    let r = branch.radius
    if min(a.z, b.z) > z + r || max(a.z, b.z) < z - r { return }
    let d = (x: b.x - a.x, y: b.y - a.y, z: b.z - a.z)
    let length2 = d.x * d.x + d.y * d.y + d.z * d.z
    let edge = canvas.sharp
    // Only the part of the branch near the plane can be seen.
    var low: Float = 0
    var high: Float = 1
    if d.z > 0.01 || d.z < -0.01 {
      let t0 = (z - a.z - r * 3) / d.z
      let t1 = (z - a.z + r * 3) / d.z
      low = PhantomMath.clamp(min(t0, t1))
      high = PhantomMath.clamp(max(t0, t1))
    }
    let x0 = a.x + d.x * low
    let x1 = a.x + d.x * high
    let y0 = a.y + d.y * low
    let y1 = a.y + d.y * high
    let margin = r + edge
    canvas.each(
      around: (x0 + x1) / 2, (y0 + y1) / 2, (x1 > x0 ? x1 - x0 : x0 - x1) / 2 + margin,
      (y1 > y0 ? y1 - y0 : y0 - y1) / 2 + margin
    ) { x, y, p in
      guard p.pointee < -300 else { return }
      let t = PhantomMath.clamp(((x - a.x) * d.x + (y - a.y) * d.y + (z - a.z) * d.z) / length2)
      let ex = x - a.x - d.x * t
      let ey = y - a.y - d.y * t
      let ez = z - a.z - d.z * t
      let k = PhantomMath.clamp(0.5 + (r - (ex * ex + ey * ey + ez * ez).squareRoot()) / edge)
      if k > 0 { p.pointee += (60 - p.pointee) * k }
    }
  }

  /// What the reader is to find: 14 mm, lightly spiculated, in the right lung.
  private func drawNodule(on canvas: PhantomCanvas, _ z: Float) {
    let k = PhantomMath.chord((z - 147) / 7.5)
    if k == 0 { return }
    let seed = seed
    canvas.each(around: -84, -24, 12, 12) { x, y, p in
      let dx = x + 84
      let dy = y + 24
      let ragged = 7 * k + 1.6 * PhantomMath.noise(dx / 2.5, dy / 2.5, z / 3, seed: seed ^ 31)
      let inside = PhantomMath.clamp(0.5 + (ragged - (dx * dx + dy * dy).squareRoot()) / 1.4)
      p.pointee += (38 - p.pointee) * inside
    }
  }
}
