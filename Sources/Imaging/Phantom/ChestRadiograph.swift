/// A frontal radiograph of the chest, drawn as what X-rays see: thicknesses added along the ray.
struct ChestRadiograph {
  /// Width of the detector in millimetres.
  static let fieldOfView: Float = 350

  let columns: Int
  let rows: Int
  let seed: UInt64

  /// Stored values of 12 bits, 16-bit little endian, bright where bone is (MONOCHROME2).
  func pixels() -> [UInt8] {
    let spacing = Self.fieldOfView / Float(columns)
    let canvas = PhantomCanvas(width: columns, height: rows, spacing: spacing)
    drawSoftTissue(on: canvas)
    drawLungs(on: canvas)
    drawBones(on: canvas)
    canvas.soften(spacing < 0.3 ? 2 : 1)
    expose(canvas)
    return canvas.samples16(from: 0, to: 4095)
  }

  /// Thicknesses are in centimetres of water from here on.
  private func drawSoftTissue(on canvas: PhantomCanvas) {
    let trunk = PhantomEllipse(0, 110, 168, 330, squareness: 0.35)
    let neck = PhantomEllipse(0, -190, 58, 90, squareness: 0.3)
    let shoulders = [-1, 1].map { PhantomEllipse(118 * $0, -108, 92, 42, degrees: 24 * $0) }
    let arms = [-1, 1].map { PhantomEllipse(182 * $0, 30, 36, 190) }
    let seed = seed
    canvas.each { x, y, p in
      var depth = 21 * PhantomMath.chord(trunk.radius(x, y))
      depth = max(depth, 13 * PhantomMath.chord(neck.radius(x, y)))
      for shoulder in shoulders { depth = max(depth, 14 * PhantomMath.chord(shoulder.radius(x, y))) }
      for arm in arms { depth = max(depth, 9 * PhantomMath.chord(arm.radius(x, y))) }
      if depth > 0 { depth += 0.35 * PhantomMath.noise(x / 30, y / 30, 0, seed: seed ^ 1) }
      p.pointee = depth
    }
    for side: Float in [-1, 1] {
      canvas.addSolid(PhantomEllipse(82 * side, 72, 62, 62), 1.3)
    }
  }

  private func drawLungs(on canvas: PhantomCanvas) {
    let lungs = PhantomCanvas(width: columns, height: rows, spacing: canvas.spacing)
    let sides: [(lung: PhantomEllipse, dome: PhantomEllipse)] = [
      (PhantomEllipse(-70, 18, 62, 152, degrees: 5, squareness: 0.22), PhantomEllipse(-74, 172, 82, 84)),
      (PhantomEllipse(74, 20, 60, 154, degrees: -5, squareness: 0.22), PhantomEllipse(86, 180, 80, 82)),
    ]
    let seed = seed
    for (lung, dome) in sides {
      lungs.each(around: lung.x, lung.y, lung.reach.x, lung.reach.y) { x, y, p in
        let r = lung.radius(x, y)
        if r >= 1 { return }
        // Steep walls: the lung is deep almost to its rim.
        let depth = 14.5 * PhantomMath.chord(r).squareRoot() * (1 - 0.98 * dome.coverage(x, y, edge: 3.5))
        p.pointee = max(p.pointee, depth * (1 + 0.03 * PhantomMath.noise(x / 9, y / 9, 0, seed: seed ^ 2)))
      }
    }
    let heart = PhantomEllipse(20, 62, 72, 56, degrees: 38)
    let shadows: [(shape: PhantomEllipse, share: Float)] = [
      (heart, 0.99), (PhantomEllipse(-18, 62, 36, 48), 0.9), (PhantomEllipse(2, -60, 25, 130, squareness: 0.3), 0.9),
      (PhantomEllipse(24, -50, 17, 18), 0.8), (PhantomEllipse(29, -14, 13, 20), 0.7),
      (PhantomEllipse(-14, -40, 24, 84), 0.6),
    ]
    lungs.each { x, y, p in
      if p.pointee == 0 { return }
      for (shape, share) in shadows {
        // Deep parts have steep edges, shallow ones (veins along the spine) fade.
        let chord = PhantomMath.chord(shape.radius(x, y))
        if chord > 0 { p.pointee *= 1 - share * (share > 0.8 ? chord.squareRoot() : chord) }
      }
    }
    canvas.add(canvas: lungs, times: -0.94)
    drawVessels(on: canvas, lungs)
    // The airway, and gas in the stomach.
    let gas = PhantomCanvas(width: columns, height: rows, spacing: canvas.spacing)
    gas.tube(
      [PhantomPoint(0, -200), PhantomPoint(-2, -60), PhantomPoint(-3, -44)], radius: 9, wall: 0, shell: 0, core: 0.16)
    gas.tube([PhantomPoint(-3, -46), PhantomPoint(-30, -8)], radius: 7, wall: 0, shell: 0, core: 0.14)
    gas.tube([PhantomPoint(-3, -46), PhantomPoint(38, -12)], radius: 6.4, wall: 0, shell: 0, core: 0.14)
    canvas.add(canvas: gas, times: -1)
    canvas.addSolid(PhantomEllipse(64, 132, 30, 17, degrees: -10), -3.4)
    canvas.addSolid(PhantomEllipse(-60, 190, 110, 70), 2.5)
  }

  private func drawVessels(on canvas: PhantomCanvas, _ lungs: PhantomCanvas) {
    let net = PhantomCanvas(width: columns, height: rows, spacing: canvas.spacing)
    var random = SplitMix64(seed: seed, purpose: "vessels")
    for side: Float in [-1, 1] {
      let tree = VesselTree(
        root: (x: 30 * side, y: side < 0 ? -4 : -12, z: 0), toward: side, levels: 7, random: &random,
        inside: { x, y, z in
          let u = (x - 72 * side) / 62
          let v = (y - 8) / 140
          return u * u + v * v < 1.05 && z * z < 75 * 75
        })
      for branch in tree.branches {
        let path = [PhantomPoint(branch.from.x, branch.from.y), PhantomPoint(branch.to.x, branch.to.y)]
        net.tube(path, radius: branch.radius, wall: 0, shell: 0, core: 0.55)
      }
      net.tube(
        [PhantomPoint(28 * side, -16), PhantomPoint(38 * side, 6), PhantomPoint(46 * side, 44)], radius: 7.5, wall: 0,
        shell: 0, core: 0.3)
    }
    net.soften()
    canvas.each { _, _, p in
      let at = p - canvas.values
      // Seen only where there is air around them.
      p.pointee += net.values[at] * PhantomMath.clamp(lungs.values[at] / 6)
    }
  }

  /// Output of the detector: contrast falls off in dense parts, grain grows where few quanta arrive.
  private func expose(_ canvas: PhantomCanvas) {
    var random = SplitMix64(seed: seed, purpose: "quanta")
    canvas.each { _, _, p in
      let depth = PhantomMath.clamp(p.pointee, 0, 60)
      let t = depth / (depth + 15)
      let grain = (5 + 16 * t) * random.normal()
      p.pointee = 60 + 5200 * t + grain
    }
  }
}
