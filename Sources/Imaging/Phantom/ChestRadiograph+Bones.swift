extension ChestRadiograph {
  func drawBones(on canvas: PhantomCanvas) {
    let layer = PhantomCanvas(width: columns, height: rows, spacing: canvas.spacing)
    func flush() {
      canvas.add(canvas: layer)
      layer.clear()
    }
    for rib in 0..<10 {
      for side: Float in [-1, 1] {
        layer.tube(ribPath(rib, side), radius: 5.4, wall: 1.3, shell: 0.5, core: 0.11)
      }
      // Neighbours do not overlap much: two groups keep the crossings of front and back bright.
      if rib % 3 == 2 { flush() }
    }
    flush()
    for side: Float in [-1, 1] {
      layer.tube(
        [
          PhantomPoint(15 * side, -104), PhantomPoint(34 * side, -113), PhantomPoint(56 * side, -124),
          PhantomPoint(80 * side, -134), PhantomPoint(104 * side, -139), PhantomPoint(126 * side, -137),
          PhantomPoint(144 * side, -131),
        ], radius: 5.6, wall: 1.6, shell: 0.4, core: 0.12)
      flush()
      drawScapula(on: layer, side)
      flush()
    }
    drawSpine(on: canvas, layer)
    flush()
    // The lead marker: L for the left, on the right of the picture.
    let tall = min(Float(rows) * canvas.spacing / 2 - 14, 200)
    let mark = [PhantomPoint(146, -tall), PhantomPoint(146, -tall + 14), PhantomPoint(154, -tall + 14)]
    canvas.stroke(mark, radius: 1.5, 90)
  }

  /// A rib from the spine round the side to the front, seen from the front.
  private func ribPath(_ rib: Int, _ side: Float) -> [PhantomPoint] {
    let i = Float(rib)
    let half = 58 + 80 * PhantomMath.smoothStep(i, from: -2.4, to: 7)
    let top = -132 + 27 * i
    let fall = 22 + 9.5 * i
    return (0...26).map { step in
      let angle = PhantomMath.radians(10 + 138 * Float(step) / 26)
      let front = 1 - PhantomMath.cos(angle)
      let x = (8 + (half - 8) * PhantomMath.sin(angle)) * side
      return PhantomPoint(x, top - 9 * PhantomMath.sin(angle) + fall * 0.62 * front)
    }
  }

  private func drawScapula(on layer: PhantomCanvas, _ side: Float) {
    let blade = PhantomEllipse(126 * side, -66, 20, 58, degrees: -8 * side)
    layer.addSolid(blade, 0.8)
    layer.tube(
      [PhantomPoint(106 * side, -112), PhantomPoint(112 * side, -60), PhantomPoint(122 * side, -8)], radius: 3, wall: 1,
      shell: 0.35, core: 0.1)
    layer.tube(
      [PhantomPoint(122 * side, -8), PhantomPoint(140 * side, -70), PhantomPoint(148 * side, -112)], radius: 3.6,
      wall: 1.2, shell: 0.35, core: 0.1)
    layer.tube(
      [PhantomPoint(166 * side, -116), PhantomPoint(172 * side, -60), PhantomPoint(178 * side, 10)], radius: 13,
      wall: 3,
      shell: 0.3, core: 0.1)
    layer.addSolid(PhantomEllipse(164 * side, -118, 20, 21), 2)
  }

  private func drawSpine(on canvas: PhantomCanvas, _ layer: PhantomCanvas) {
    let seed = seed
    canvas.each(around: 0, 0, 24, Float(rows) * canvas.spacing) { x, y, p in
      let wide: Float = 17 + y * 0.02
      let across = x / wide
      if across * across >= 1 { return }
      let step = (y + 400) / 26.5
      let phase = step - step.rounded(.down)
      let disc =
        PhantomMath.smoothStep(phase, from: 0.02, to: 0.1) * (1 - PhantomMath.smoothStep(phase, from: 0.9, to: 0.98))
      let plate = PhantomMath.bump(phase, at: 0.13, radius: 0.07) + PhantomMath.bump(phase, at: 0.87, radius: 0.07)
      let mesh = PhantomMath.noise(x / 2.5, y / 2.5, 0, seed: seed ^ 7)
      p.pointee += PhantomMath.chord(across) * (0.9 + 1.9 * disc + 0.8 * plate + 0.15 * mesh)
    }
    var y: Float = -400 + 26.5 * 0.5
    while y < 260 {
      for side: Float in [-1, 1] {
        layer.tube(
          [PhantomPoint(10 * side, y - 3), PhantomPoint(10 * side, y + 2)], radius: 3.6, wall: 1.2, shell: 0.4,
          core: 0.05)
        layer.tube(
          [PhantomPoint(14 * side, y - 3), PhantomPoint(30 * side, y - 7)], radius: 3.6, wall: 1, shell: 0.3, core: 0.08
        )
      }
      layer.tube([PhantomPoint(0, y + 8), PhantomPoint(0, y + 17)], radius: 2.8, wall: 1, shell: 0.4, core: 0.1)
      y += 26.5
    }
  }
}
