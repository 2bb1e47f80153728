extension ChestCT {
  /// Fat and small structures between the lungs, in front of the spine.
  func drawMediastinum(on canvas: PhantomCanvas, _ trunk: Trunk, _ z: Float) {
    let narrow = 0.7 + 0.3 * PhantomMath.smoothStep(z, from: 20, to: 120)
    let back = trunk.cavity.y + trunk.cavity.ry
    let front = trunk.cavity.y - trunk.cavity.ry
    canvas.paint(PhantomEllipse(2, front + 18, 15 * narrow, 32), -85, edge: 3)
    canvas.paint(PhantomEllipse(2, 0, 34 * narrow, 46, squareness: 0.3), -78, edge: 3)
    canvas.paint(PhantomEllipse(0, back - 22, 26, 30, squareness: 0.4), 50, edge: 2)
    // Lymph nodes and small vessels keep the fat from looking painted.
    var random = SplitMix64(seed: seed, purpose: "mediastinum")
    for _ in 0..<70 {
      let at = (x: random.between(-28, 32), y: random.between(-40, 34), z: random.between(0, 240))
      let k = PhantomMath.chord((z - at.z) / random.between(5, 12))
      canvas.paint(PhantomEllipse(at.x, at.y, 3.4 * k, 2.6 * k), random.between(20, 70))
    }
    // Azygos vein and oesophagus.
    canvas.paint(PhantomEllipse(-9, back - 47, 4, 4), 120)
    canvas.paint(PhantomEllipse(8, 31, 8, 5.5), 40)
    canvas.paint(PhantomEllipse(9, 30, 2.4 * PhantomMath.bump(z, at: 60, radius: 50), 1.6), -600)
  }

  func drawHeart(on canvas: PhantomCanvas, _ z: Float) {
    let k = PhantomMath.chord((z - 184) / 58)
    if k == 0 { return }
    let heart = PhantomEllipse(20, -22, 66 * k, 50 * k, degrees: 32)
    canvas.paint(heart.inset(-4), -92, edge: 2)
    canvas.paint(heart, 105)
    func chamber(_ x: Float, _ y: Float, _ rx: Float, _ ry: Float, _ z0: Float, _ rz: Float, _ turn: Float, _ hu: Float)
    {
      let c = PhantomMath.chord((z - z0) / rz)
      canvas.paint(PhantomEllipse(x, y, rx * c, ry * c, degrees: turn), hu, edge: 1.6, clip: heart.inset(3))
    }
    chamber(-22, -24, 24, 27, 178, 46, 10, 218)
    chamber(14, -44, 34, 19, 184, 48, 22, 226)
    chamber(-2, 10, 36, 17, 158, 30, 4, 204)
    chamber(46, -10, 33, 17, 188, 44, 38, 208)
    // Papillary muscle.
    chamber(50, -2, 5, 4, 190, 22, 0, 112)
  }

  func drawGreatVessels(on canvas: PhantomCanvas, _ z: Float) {
    func round(_ x: Float, _ y: Float, _ r: Float, _ hu: Float) {
      canvas.paint(PhantomEllipse(x, y, r + 1, r + 1), 60)
      canvas.paint(PhantomEllipse(x, y, r, r), hu)
    }
    let blood: Float = 214
    if z > 74 {
      round(Self.aorta(z), 40, 11.5, blood)
    }
    if z > 66, z < 88 {
      // The arch, running backwards and to the left.
      let k = PhantomMath.chord((z - 77) / 11)
      canvas.paint(PhantomEllipse(6, 6, 12 * k, 40 * k, degrees: -22), blood)
    }
    if z > 76, z < 150 { round(-11, -30, 15, blood) }
    if z > 108, z < 152 {
      let k = PhantomMath.chord((z - 130) / 24)
      canvas.paint(PhantomEllipse(17, -36, 15 * k, 16 * k), 232)
      canvas.paint(
        PhantomEllipse(
          -12, -6, 38 * PhantomMath.chord((z - 124) / 9), 8.5 * PhantomMath.chord((z - 124) / 9), degrees: 5),
        232)
      canvas.paint(
        PhantomEllipse(
          34, -10, 12 * PhantomMath.chord((z - 116) / 10), 20 * PhantomMath.chord((z - 116) / 10), degrees: 35),
        232)
    }
    if z < 146 { round(-31, -24, z < 60 ? 7 : 8.5, 240) }
    if z < 70 {
      round(-15, -26, 6.5, blood)
      round(6, -20, 4.5, blood)
      round(18, -4, 5.5, blood)
      round(24, -30, 7, 180)
    }
    if z > 200 { canvas.paint(PhantomEllipse(-28, 14, 12, 10), 150) }
  }

  /// Where the descending aorta runs: left of the spine, in front of it further down.
  private static func aorta(_ z: Float) -> Float { 24 - 12 * PhantomMath.smoothStep(z, from: 200, to: 300) }

  func drawAirways(on canvas: PhantomCanvas, _ z: Float) {
    func pipe(_ x: Float, _ y: Float, _ rx: Float, _ ry: Float) {
      canvas.paint(PhantomEllipse(x, y, rx + 1.6, ry + 1.6), 20)
      canvas.paint(PhantomEllipse(x, y, rx, ry), -985)
    }
    if z < 104 { pipe(-1, 10 + z * 0.05, 8.5, 9) }
    if z >= 100, z < 136 {
      let d = z - 100
      let widen = 1 + 1.2 * PhantomMath.bump(z, at: 103, radius: 8)
      pipe(-8 - d * 0.85, 15 + d * 0.1, 6.2 * widen, 6.4)
      pipe(8 + d * 0.95, 16 + d * 0.16, 5.6 * widen, 5.6)
    }
    if z >= 136, z < 186 {
      let d = z - 136
      pipe(-41 - d * 0.25, 22 + d * 0.32, 3.8 - d * 0.03, 3.8 - d * 0.03)
      pipe(45 + d * 0.2, 24 + d * 0.36, 3.6 - d * 0.03, 3.6 - d * 0.03)
      pipe(-46 - d * 0.5, 4 - d * 0.4, 2.8 - d * 0.03, 2.8 - d * 0.03)
    }
  }

  /// Liver under the right dome, stomach and spleen under the left.
  func drawAbdomen(on canvas: PhantomCanvas, _ trunk: Trunk, _ z: Float) {
    let right = PhantomMath.chord((min(z, 268) - 268) / 64)
    let seed = seed
    let cavity = trunk.cavity.inset(2)
    if z > 204 {
      let liver = PhantomEllipse(-50, -2, 82 * right, 76 * right, squareness: 0.3)
      canvas.paint(liver.inset(-1.5), -60, edge: 2, clip: cavity)
      let reach = liver.reach
      canvas.each(around: liver.x, liver.y, reach.x, reach.y) { x, y, p in
        let k = liver.coverage(x, y, edge: 1.5) * cavity.coverage(x, y, edge: 1.5)
        if k == 0 { return }
        let n = PhantomMath.noise(x / 16, y / 16, z / 16, seed: seed ^ 41)
        // Veins: the thin lines where a smooth noise changes sign.
        let line = PhantomMath.noise(x / 34, y / 34, z / 34, seed: seed ^ 42)
        let vein =
          (1 - PhantomMath.smoothStep(line < 0 ? -line : line, from: 0.02, to: 0.07))
          * PhantomMath.smoothStep(n, from: -0.3, to: 0.2)
        p.pointee += (108 + 4 * n + 26 * vein - p.pointee) * k
      }
    }
    let left = PhantomMath.chord((min(z, 276) - 276) / 56)
    if z > 220 {
      let dome = PhantomEllipse(60, 2, 70 * left, 74 * left, squareness: 0.3)
      canvas.paint(dome, -98, edge: 2, clip: cavity)
      canvas.paint(PhantomEllipse(88, 38, 30 * left, 38 * left, degrees: 20), 126, clip: cavity)
      let stomach = PhantomEllipse(52, -22, 42 * left, 36 * left, degrees: 20)
      canvas.paint(stomach, 60, clip: cavity)
      let lumen = stomach.inset(4)
      if !lumen.isEmpty {
        canvas.each(around: lumen.x, lumen.y, lumen.reach.x, lumen.reach.y) { x, y, p in
          let k = lumen.coverage(x, y, edge: 1) * cavity.coverage(x, y, edge: 1)
          let air = PhantomMath.clamp(0.5 + (-26 - y) / 1.2)
          if k > 0 { p.pointee += (PhantomMath.mix(14, -960, air) - p.pointee) * k }
        }
      }
      canvas.paint(PhantomEllipse(Self.aorta(z), 40, 11.5, 11.5), 214)
    }
  }

  func drawBones(on canvas: PhantomCanvas, _ trunk: Trunk, _ z: Float) {
    drawSpine(on: canvas, trunk, z)
    drawRibs(on: canvas, trunk, z)
    let front = trunk.cavity.y - trunk.cavity.ry
    if z > 24, z < 215 {
      let w: Float = 15 + 8 * PhantomMath.bump(z, at: 40, radius: 40)
      canvas.paint(PhantomEllipse(0, front - 7, w, 6, squareness: 0.6), 420)
      canvas.paint(PhantomEllipse(0, front - 7, w - 2, 4, squareness: 0.6), 150)
    }
    for side: Float in [-1, 1] {
      if z < 30 {
        let x = 52 * side
        canvas.paint(PhantomEllipse(x, front - 8 + z * 0.3, 40, 6.5, degrees: 20 * side), 640)
        canvas.paint(PhantomEllipse(x, front - 8 + z * 0.3, 37, 3.8, degrees: 20 * side), 230)
      }
      if z < 140 {
        let k = 0.5 + 0.5 * PhantomMath.chord((z - 60) / 80)
        let x = (trunk.cavity.rx + 17) * side * 0.86
        let y = trunk.cavity.y + trunk.cavity.ry * 0.72
        let blade = PhantomEllipse(x, y, 36 * k, 4.4, degrees: -42 * side)
        canvas.paint(blade, 620)
        canvas.paint(blade.inset(1.5), 250)
      }
    }
  }

  private func drawSpine(on canvas: PhantomCanvas, _ trunk: Trunk, _ z: Float) {
    let y = trunk.cavity.y + trunk.cavity.ry - 27
    let phase = z / 27 - (z / 27).rounded(.down)
    // The disc between two bodies: softer, seen a little through slices at its border.
    let bone =
      PhantomMath.smoothStep(phase, from: 0.05, to: 0.12) * (1 - PhantomMath.smoothStep(phase, from: 0.9, to: 0.97))
    let body = PhantomEllipse(0, y, 18, 14.5, squareness: 0.35)
    let seed = seed
    canvas.each(around: 0, y, 20, 17) { x, py, p in
      let k = body.coverage(x, py, edge: 1)
      if k == 0 { return }
      let core = body.inset(1.8).coverage(x, py, edge: 1.6)
      let mesh = PhantomMath.noise(x / 2, py / 2, z / 2, seed: seed ^ 51)
      let value = PhantomMath.mix(PhantomMath.mix(520, 190 + 50 * mesh, core), 88, 1 - bone)
      p.pointee += (value - p.pointee) * k
    }
    // Arch, canal, processes.
    canvas.paint(PhantomEllipse(0, y + 21, 16, 13), 470)
    canvas.paint(PhantomEllipse(0, y + 20, 10, 8.5), 15)
    canvas.paint(PhantomEllipse(0, y + 20, 6, 4.8), 42)
    let process = 0.35 + 0.65 * PhantomMath.bump(phase, at: 0.45, radius: 0.5)
    canvas.stroke([PhantomPoint(0, y + 31), PhantomPoint(0, y + 33 + 11 * process)], radius: 2.6, 520)
    for side: Float in [-1, 1] {
      canvas.stroke(
        [PhantomPoint(13 * side, y + 20), PhantomPoint((15 + 18 * process) * side, y + 26)], radius: 3.4 * process, 460)
    }
  }

  private func drawRibs(on canvas: PhantomCanvas, _ trunk: Trunk, _ z: Float) {
    let wall = trunk.cavity.inset(-4.2)
    for rib in 0..<13 {
      let start = -52 + 25 * Float(rib)
      // A rib falls 92 mm on its way from the spine (0°) to its end (150°).
      let middle = (z - start) / 92 * 150
      let from = max(12, middle - 11)
      let to = min(142, middle + 11)
      if from >= to { continue }
      for side: Float in [-1, 1] {
        var path: [PhantomPoint] = []
        for step in 0...6 {
          let angle = PhantomMath.radians(from + (to - from) * Float(step) / 6)
          path.append(
            PhantomPoint(
              wall.x + wall.rx * 1.02 * side * PhantomMath.sin(angle), wall.y + wall.ry * 1.02 * PhantomMath.cos(angle))
          )
        }
        canvas.stroke(path, radius: 4, 620)
        canvas.stroke(path, radius: 2.2, 260)
      }
    }
  }
}
