/// A radiograph of a hand from a storage phosphor plate: few structures, fine edges, bone dark (MONOCHROME1).
struct HandRadiograph {
  /// Width of the plate in millimetres.
  static let fieldOfView: Float = 200

  let columns: Int
  let rows: Int
  let seed: UInt64

  /// One finger: where its joints lie, from the wrist to the tip, and how thick its bones are.
  private struct Ray {
    let joints: [PhantomPoint]
    let radii: [Float]
  }

  /// Joints of a left hand, palm on the plate, thumb on the right.
  private static let rays: [Ray] = [
    Ray(
      joints: [PhantomPoint(20, 44), PhantomPoint(42, 12), PhantomPoint(56, -14), PhantomPoint(63, -36)],
      radii: [5.2, 4.6, 4.2]),
    Ray(
      joints: [
        PhantomPoint(12, 34), PhantomPoint(23, -20), PhantomPoint(29, -58), PhantomPoint(32, -81),
        PhantomPoint(33.5, -98),
      ], radii: [4.6, 4.4, 3.6, 3]),
    Ray(
      joints: [
        PhantomPoint(2, 33), PhantomPoint(3, -24), PhantomPoint(4, -67), PhantomPoint(4.5, -94), PhantomPoint(5, -112),
      ], radii: [4.6, 4.5, 3.7, 3.1]),
    Ray(
      joints: [
        PhantomPoint(-7, 35), PhantomPoint(-15, -17), PhantomPoint(-21, -57), PhantomPoint(-24, -82),
        PhantomPoint(-26, -99),
      ], radii: [4.2, 4.2, 3.4, 2.9]),
    Ray(
      joints: [
        PhantomPoint(-15, 39), PhantomPoint(-31, -6), PhantomPoint(-43, -38), PhantomPoint(-49, -56),
        PhantomPoint(-53, -71),
      ], radii: [4, 3.7, 3, 2.6]),
  ]

  /// Stored values of 12 bits, 16-bit little endian; the unexposed bone is dark, so the display turns it (MONOCHROME1).
  func pixels() -> [UInt8] {
    let canvas = PhantomCanvas(width: columns, height: rows, spacing: Self.fieldOfView / Float(columns))
    drawSkin(on: canvas)
    drawBones(on: canvas)
    canvas.soften()
    var random = SplitMix64(seed: seed, purpose: "quanta")
    let grain = PhantomCanvas(width: columns, height: rows, spacing: canvas.spacing)
    grain.addGrain(16, &random)
    let seed = seed
    canvas.each { x, y, p in
      let mottle = 10 * PhantomMath.noise(x / 2, y / 2, 0, seed: seed ^ 61)
      let t = p.pointee / (p.pointee + 3.4)
      p.pointee = 3720 - 4300 * t + mottle + grain.values[p - canvas.values] * (0.7 + t)
    }
    return canvas.samples16(from: 0, to: 4095)
  }

  private func drawSkin(on canvas: PhantomCanvas) {
    let layer = PhantomCanvas(width: columns, height: rows, spacing: canvas.spacing)
    for ray in Self.rays {
      var path = Array(ray.joints.dropFirst())
      let tip = path[path.count - 1]
      let before = path[path.count - 2]
      path[path.count - 1] = PhantomPoint(tip.x + (tip.x - before.x) * 0.14, tip.y + (tip.y - before.y) * 0.14)
      let radii = (0..<path.count).map { 11 - 3.2 * Float($0) / Float(path.count - 1) }
      layer.tube(path, radii: radii, wall: 0, shell: 0, core: 0.1)
    }
    // Palm and wrist are flat: a steep edge, even inside.
    let parts = [
      PhantomEllipse(-2, 14, 37, 44, squareness: 0.5), PhantomEllipse(24, 26, 20, 32, degrees: 32),
      PhantomEllipse(2, 92, 28, 62, squareness: 0.6),
    ]
    layer.each { x, y, p in
      for part in parts { p.pointee = max(p.pointee, 1.5 * PhantomMath.chord(part.radius(x, y)).squareRoot()) }
    }
    layer.soften(canvas.spacing < 0.3 ? 8 : 3)
    canvas.add(canvas: layer)
  }

  private func drawBones(on canvas: PhantomCanvas) {
    let layer = PhantomCanvas(width: columns, height: rows, spacing: canvas.spacing)
    for ray in Self.rays {
      for i in 1..<ray.joints.count {
        bone(
          from: ray.joints[i - 1], to: ray.joints[i], radius: ray.radii[i - 1], tip: i == ray.joints.count - 1,
          on: layer)
      }
    }
    let carpals: [PhantomEllipse] = [
      PhantomEllipse(13, 42, 7, 6, degrees: 20), PhantomEllipse(4, 43, 6, 8.5), PhantomEllipse(-7, 45, 7, 7),
      PhantomEllipse(18, 50, 6, 6), PhantomEllipse(13, 57, 6, 9.5, degrees: 40),
      PhantomEllipse(1, 57, 7.5, 6, degrees: -10),
      PhantomEllipse(-9, 55, 6, 5.5), PhantomEllipse(-14, 50, 5, 5),
    ]
    for shape in carpals {
      layer.add(shape, 0.55, edge: 1)
      layer.add(shape.inset(1.2), -0.22, edge: 1)
    }
    bone(from: PhantomPoint(9, 66), to: PhantomPoint(13, 190), radius: 8, tip: false, on: layer)
    bone(from: PhantomPoint(-14, 66), to: PhantomPoint(-13, 190), radius: 5.5, tip: false, on: layer)
    let seed = seed
    layer.each { x, y, p in
      // Trabeculae.
      if p.pointee > 0 { p.pointee *= 1 + 0.16 * PhantomMath.noise(x / 0.9, y / 1.6, 0, seed: seed ^ 62) }
    }
    canvas.add(canvas: layer, times: 2.1)
  }

  /// A long bone: a thin-waisted shaft with walls, flared at its ends, a gap for the joint.
  private func bone(from a: PhantomPoint, to b: PhantomPoint, radius: Float, tip: Bool, on layer: PhantomCanvas) {
    func at(_ t: Float) -> PhantomPoint { PhantomPoint(a.x + (b.x - a.x) * t, a.y + (b.y - a.y) * t) }
    var path: [PhantomPoint] = []
    var radii: [Float] = []
    for step in 0...14 {
      let t = 0.08 + 0.84 * Float(step) / 14
      let head: Float = tip ? 0.2 : 0.5
      let flare = 0.5 * PhantomMath.bump(t, at: 0.06, radius: 0.4) + head * PhantomMath.bump(t, at: 0.94, radius: 0.34)
      path.append(at(t))
      radii.append(radius * (0.72 + flare))
    }
    layer.tube(path, radii: radii, wall: 0.3, shell: 0.2, core: 0.07)
  }
}
