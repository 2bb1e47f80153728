/// A brain perfusion map as workstations export it: 8-bit indices and a colour palette.
struct PerfusionMap {
  let size: Int
  let seed: UInt64

  /// Palette indices, one byte a pixel.
  func indices() -> [UInt8] {
    let brain = BrainMR(size: size, seed: seed)
    let spacing = BrainMR.fieldOfView / Float(size)
    let canvas = PhantomCanvas(width: size, height: size, spacing: spacing)
    let z: Float = 14
    brain.drawTissue(on: canvas, z: z)
    let outline = brain.outline(z)
    let seed = seed
    var random = SplitMix64(seed: seed, purpose: "grain")
    canvas.each { x, y, p in
      let inside = outline.coverage(x, y, edge: 2)
      let tissue = p.pointee
      // Grey matter is perfused two to three times as well as white matter; fluid not at all.
      var flow: Float = 70
      if tissue < 560 { flow = 12 } else if tissue < 1130 { flow = 178 }
      flow += 34 * PhantomMath.noise(x / 12, y / 12, 0, seed: seed ^ 71) + 12 * random.normal()
      // The territory that the reader is to find: the middle cerebral artery of the right side.
      let dx = (x + 44) / 32
      let dy = (y - 2) / 40
      let lack = PhantomMath.smoothStep(
        1.1 - (dx * dx + dy * dy).squareRoot() + 0.25 * PhantomMath.noise(x / 14, y / 14, 9, seed: seed ^ 72),
        from: 0, to: 0.3)
      flow *= 1 - 0.82 * lack
      p.pointee = inside * PhantomMath.clamp(flow, 4, 250)
    }
    canvas.soften(2)
    return (0..<canvas.count).map { UInt8(PhantomMath.clamp(canvas.values[$0], 0, 255).rounded()) }
  }

  /// Red, green and blue of the 256 colours, 16 bits each (PS3.3 C.7.6.3.1.5): black, blue, green, yellow, red.
  static func palette() -> (red: [UInt16], green: [UInt16], blue: [UInt16]) {
    let stops: [(at: Float, r: Float, g: Float, b: Float)] = [
      (0, 0, 0, 0), (40, 0.10, 0.05, 0.55), (90, 0, 0.55, 0.85), (135, 0.05, 0.75, 0.30), (180, 0.95, 0.90, 0.10),
      (225, 0.95, 0.25, 0.05), (255, 1, 0.95, 0.90),
    ]
    var colours: (red: [UInt16], green: [UInt16], blue: [UInt16]) = ([], [], [])
    for index in 0..<256 {
      let after = stops.firstIndex { $0.at >= Float(index) } ?? stops.count - 1
      let a = stops[max(after - 1, 0)]
      let b = stops[after]
      let t = after == 0 ? 0 : (Float(index) - a.at) / (b.at - a.at)
      func level(_ from: Float, _ to: Float) -> UInt16 { UInt16((PhantomMath.mix(from, to, t) * 65535).rounded()) }
      colours.red.append(level(a.r, b.r))
      colours.green.append(level(a.g, b.g))
      colours.blue.append(level(a.b, b.b))
    }
    return colours
  }
}
