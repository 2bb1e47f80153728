/// A T1-like MR of the head in transverse slices: unsigned values of 12 bits.
///
/// `z` is in millimetres above the middle of the brain.
struct BrainMR {
  static let fieldOfView: Float = 230

  let size: Int
  let seed: UInt64

  /// One slice as stored values, 16-bit little endian.
  func slice(at z: Float) -> [UInt8] {
    let canvas = PhantomCanvas(width: size, height: size, spacing: Self.fieldOfView / Float(size))
    drawTissue(on: canvas, z: z)
    canvas.soften()
    finish(canvas, z)
    return canvas.samples16(from: 0, to: 4095)
  }

  /// The tissue alone, without coil shading and noise: the perfusion map starts from it too.
  func drawTissue(on canvas: PhantomCanvas, z: Float) {
    drawScalp(on: canvas, z)
    drawBrain(on: canvas, z)
    drawDeepParts(on: canvas, z)
  }

  func outline(_ z: Float) -> PhantomEllipse {
    let k = PhantomMath.chord(z / 72)
    return PhantomEllipse(0, -2, 67 * k, 84 * k, squareness: 0.16)
  }

  private func drawScalp(on canvas: PhantomCanvas, _ z: Float) {
    let k = PhantomMath.chord(z / 86)
    let head = PhantomEllipse(0, -2, 79 * k, 97 * k, squareness: 0.14)
    canvas.paint(head, 620)
    canvas.paint(head.inset(1.6), 1900)
    let skull = head.inset(6)
    canvas.paint(skull, 130)
    // Marrow in the skull.
    canvas.paint(skull.inset(2), 720)
    canvas.paint(skull.inset(3.6), 110)
    canvas.paint(outline(z).inset(-2.2), 250)
  }

  private func drawBrain(on canvas: PhantomCanvas, _ z: Float) {
    let brain = outline(z)
    if brain.isEmpty { return }
    let seed = seed
    let reach = brain.reach
    canvas.each(around: brain.x, brain.y, reach.x, reach.y) { x, y, p in
      let r = brain.radius(x, y)
      if r >= 1.02 { return }
      let depth = (1 - r) * 70
      // Folds: a smooth field warped by another; where it crosses zero there is a sulcus, around it cortex.
      let wx = x + 7 * PhantomMath.noise(x / 17, y / 17, z / 20, seed: seed ^ 1)
      let wy = y + 7 * PhantomMath.noise(x / 17 + 50, y / 17, z / 20, seed: seed ^ 2)
      let fold = PhantomMath.noise(wx / 8.2, wy / 8.2, z / 15, seed: seed ^ 3)
      let ridge = (fold < 0 ? -fold : fold) * 12.5 + max(0, depth - 15) * 0.5
      let fissure = (x < 0 ? -x : x) + 0.9 * PhantomMath.noise(y / 9, z / 9, 3, seed: seed ^ 4)
      let midline = fissure - 1.1 + 30 * PhantomMath.smoothStep(depth, from: 26, to: 42)
      let surface = min(min(depth, ridge), midline)
      let fluid = 1 - PhantomMath.smoothStep(surface, from: 0, to: 1.15)
      let grey = 1 - PhantomMath.smoothStep(surface, from: 2.9, to: 4.3)
      let shade = 22 * PhantomMath.noise(x / 22, y / 22, z / 22, seed: seed ^ 5)
      var value = PhantomMath.mix(1330 + shade, 940 + shade, grey)
      value = PhantomMath.mix(value, 270, fluid)
      p.pointee += (value - p.pointee) * PhantomMath.clamp(0.5 + depth / 1.4)
    }
  }

  private func drawDeepParts(on canvas: PhantomCanvas, _ z: Float) {
    let open = PhantomMath.bump(z, at: 8, radius: 34)
    let core = PhantomMath.bump(z, at: 2, radius: 30)
    for side: Float in [-1, 1] {
      func part(_ x: Float, _ y: Float, _ rx: Float, _ ry: Float, _ turn: Float, _ value: Float, _ size: Float) {
        canvas.paint(PhantomEllipse(x * side, y, rx * size, ry * size, degrees: turn * side), value, edge: 1.6)
      }
      // Lentiform nucleus, thalamus, insula, caudate head, then the ventricle's horns over them.
      part(25, -4, 7, 16, -12, 1010, core)
      part(11, 10, 9, 14, -28, 1030, core)
      part(39, -2, 2.6, 21, 4, 980, core)
      part(45, -2, 2.4, 15, 2, 300, core)
      part(13, -24, 6, 9, 14, 1000, open)
      part(7.5, -24, 4.2, 14, -16, 250, open)
      part(8, 2, 3.2, 22, 6, 250, PhantomMath.bump(z, at: 22, radius: 24))
      part(20, 33, 5, 16, -26, 250, open)
      part(17, 27, 3.4, 6, -26, 620, open)
    }
    canvas.paint(PhantomEllipse(0, 8, 1.8 * core, 13 * core), 260)
    canvas.paint(PhantomEllipse(0, -14, 12 * open, 3.4 * open), 1400, edge: 2)
    if z < -24 {
      // Cerebellum, brain stem, fourth ventricle.
      let k = PhantomMath.bump(z, at: -46, radius: 34)
      let half = PhantomEllipse(0, 42, 46 * k, 32 * k, squareness: 0.2)
      let seed = seed
      canvas.each(around: half.x, half.y, half.reach.x, half.reach.y) { x, y, p in
        let c = half.coverage(x, y, edge: 1.5)
        if c == 0 { return }
        let r = half.radius(x, y)
        // Leaves: thin folds across, a little bent, deeper towards the rim.
        let bent = y + 0.006 * x * x + 2.5 * PhantomMath.noise(x / 9, y / 9, z / 9, seed: seed ^ 6)
        let leaf = PhantomMath.noise(x / 24, bent / 2.1, z / 8, seed: seed ^ 7)
        let rim = PhantomMath.smoothStep(r, from: 0.25, to: 0.6)
        let value = PhantomMath.mix(1260, 960 + 260 * leaf, rim)
        p.pointee += (value - p.pointee) * c
      }
      canvas.paint(PhantomEllipse(0, 10, 15 * k, 13 * k), 1200, edge: 1.8)
      canvas.paint(PhantomEllipse(0, 24, 6 * k, 4 * k), 260)
    }
  }

  private func finish(_ canvas: PhantomCanvas, _ z: Float) {
    var random = SplitMix64(seed: seed, purpose: "grain \(Int((z * 16).rounded()))")
    canvas.each { x, y, p in
      // A surface coil sees its side better; magnitude images carry Rician noise, which never falls below zero.
      let coil = 1.06 - 0.0016 * y - 0.00001 * (x * x + y * y)
      let real = p.pointee * coil + 34 * random.normal()
      let imaginary = 34 * random.normal()
      p.pointee = (real * real + imaginary * imaginary).squareRoot()
    }
  }
}
