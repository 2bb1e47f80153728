/// A moving ultrasound clip of a heart (four chambers seen from its apex): RGB frames with speckle that moves with the tissue.
struct Echocardiogram {
  let columns: Int
  let rows: Int
  /// Frames of the whole clip; they hold whole heart beats, so the clip loops without a jump.
  let frames: Int
  let seed: UInt64

  /// Depth of view in millimetres.
  private let depth: Float = 160
  private let half = PhantomMath.radians(41)

  /// Millimetres from one pixel to the next.
  var spacing: Float { (depth + 24) / Float(rows) }

  /// One frame, three bytes a pixel, colour by pixel.
  func frame(_ index: Int) -> [UInt8] {
    let beats = max(1, (frames + 15) / 30)
    let phase = Float(index * beats) / Float(frames)
    let beat = phase - phase.rounded(.down)
    let apex = -Float(rows) * spacing / 2 + 8
    let canvas = PhantomCanvas(width: columns, height: rows, spacing: spacing)
    let scene = Scene(beat: beat, seed: seed, frame: index)
    let slope = PhantomMath.sin(half) / PhantomMath.cos(half)
    var rgb = [UInt8](repeating: 0, count: canvas.count * 3)
    rgb.withUnsafeMutableBufferPointer { buffer in
      let out = buffer.baseAddress!
      canvas.each { x, y, p in
        let down = y - apex
        if down <= 2 || (x < 0 ? -x : x) > down * slope { return }
        let range = (x * x + down * down).squareRoot()
        if range > depth || range < 5 { return }
        let value = scene.echo(x, down, range)
        let at = (p - canvas.values) * 3
        // A faint sepia tint, as many consoles use.
        out[at] = UInt8(value)
        out[at + 1] = UInt8(value * 0.97)
        out[at + 2] = UInt8(value * 0.88)
      }
      drawTrace(on: canvas, phase: Float(index) / Float(frames), beats: beats, out)
      drawScale(on: canvas, apex, out)
    }
    return rgb
  }

  /// The electrocardiogram below the sector, with a red mark where this frame is.
  private func drawTrace(on canvas: PhantomCanvas, phase: Float, beats: Int, _ out: UnsafeMutablePointer<UInt8>) {
    let base = rows - max(4, rows / 18)
    let tall = Float(rows) / 12
    var last = base
    for column in 0..<columns {
      let t = Float(column) / Float(columns) * Float(beats)
      let u = t - t.rounded(.down)
      var wave = 0.16 * PhantomMath.bump(u, at: 0.12, radius: 0.05) + 0.28 * PhantomMath.bump(u, at: 0.5, radius: 0.1)
      wave += PhantomMath.bump(u, at: 0.24, radius: 0.022) - 0.22 * PhantomMath.bump(u, at: 0.275, radius: 0.02)
      let row = base - Int((wave * tall).rounded())
      for y in min(row, last)...max(row, last) where y >= 0 && y < rows { set(out, column, y, 70, 225, 120) }
      last = row
    }
    let now = min(columns - 1, Int(phase * Float(columns)))
    for y in (base - Int(tall))..<min(rows, base + 3) { set(out, now, y, 235, 70, 60) }
  }

  /// Centimetre ticks at the right edge, the probe's orientation mark, and a bar of the grey scale.
  private func drawScale(on canvas: PhantomCanvas, _ apex: Float, _ out: UnsafeMutablePointer<UInt8>) {
    for centimetre in 0...Int(depth / 10) {
      let y = Int((Float(rows) / 2 + (apex + Float(centimetre) * 10) / canvas.spacing).rounded())
      let long = centimetre % 5 == 0 ? max(3, columns / 60) : max(1, columns / 160)
      for x in (columns - 3 - long)..<(columns - 3) where y < rows { set(out, x, y, 190, 190, 190) }
    }
    let r = max(2, columns / 80)
    let cx = columns / 2 + columns / 14
    let cy = max(r + 1, rows / 24)
    for y in -r...r {
      for x in -r...r where x * x + y * y <= r * r { set(out, cx + x, cy + y, 70, 130, 255) }
    }
    let top = rows / 10
    let bar = rows / 3
    for y in 0..<bar {
      let level = UInt8(255 - 255 * y / bar)
      for x in 4..<(4 + max(3, columns / 60)) { set(out, x, top + y, level, level, level) }
    }
  }

  private func set(_ out: UnsafeMutablePointer<UInt8>, _ x: Int, _ y: Int, _ r: UInt8, _ g: UInt8, _ b: UInt8) {
    let at = (y * columns + x) * 3
    out[at] = r
    out[at + 1] = g
    out[at + 2] = b
  }
}

extension Echocardiogram {
  /// The heart at one moment; x and depth in millimetres from the probe.
  struct Scene {
    let seed: UInt64
    let frame: Int32
    /// 0 relaxed … 1 contracted.
    let squeeze: Float
    /// How far the valves between atria and ventricles are open.
    let valves: Float
    let chambers: [PhantomEllipse]
    let outer: PhantomEllipse

    init(beat: Float, seed: UInt64, frame: Int) {
      self.seed = seed
      self.frame = Int32(truncatingIfNeeded: frame)
      squeeze =
        PhantomMath.smoothStep(beat, from: 0.22, to: 0.42) * (1 - PhantomMath.smoothStep(beat, from: 0.52, to: 0.74))
      valves =
        1 - PhantomMath.smoothStep(beat, from: 0.16, to: 0.24)
        * (1 - PhantomMath.smoothStep(beat, from: 0.55, to: 0.64))
      let s = squeeze
      outer = PhantomEllipse(0, 90, 54 - 3 * s, 72 - 2 * s, squareness: 0.12)
      chambers = [
        PhantomEllipse(20, 68 + 3 * s, 20 - 7 * s, 40 - 5 * s, degrees: -9, squareness: 0.15),
        PhantomEllipse(-21, 74 + 2 * s, 14 - 4 * s, 32 - 4 * s, degrees: 17, squareness: 0.1),
        PhantomEllipse(22, 127, 20 + 3.5 * s, 17 + 3 * s, squareness: 0.3),
        PhantomEllipse(-24, 126, 19 + 3 * s, 16 + 3 * s, squareness: 0.3),
      ]
    }

    /// Brightness 0...255 of a point of the sector.
    func echo(_ x: Float, _ y: Float, _ range: Float) -> Float {
      let wall = outer.coverage(x, y, edge: 5)
      var blood: Float = 0
      var rim: Float = 0
      for chamber in chambers {
        let f = chamber.radius(x, y)
        let inside = PhantomMath.clamp((1 - f) * 9)
        blood = max(blood, inside)
        rim = max(rim, PhantomMath.bump(f, at: 1.05, radius: 0.12))
      }
      // Tissue reflects, blood does not; surfaces that face the beam shine.
      var tissue = PhantomMath.mix(0.26 + 0.2 * PhantomMath.bump(range, at: 0, radius: 90), 0.52, wall)
      tissue *= 0.8 + 0.45 * PhantomMath.noise(x / 11, y / 7, 0, seed: seed ^ 83)
      // Ribs and lung steal the beam in places.
      tissue *=
        1 - 0.6 * PhantomMath.smoothStep(PhantomMath.noise(x / range * 5, 1, 0, seed: seed ^ 84), from: 0.25, to: 0.6)
      tissue += 0.35 * PhantomMath.bump(outer.radius(x, y), at: 1.02, radius: 0.07)
      tissue += 0.22 * rim
      var level = PhantomMath.mix(tissue, 0.035, blood)
      level += leaflets(x, y)
      // Speckle: two independent noises as real and imaginary part; it rides on the tissue as the heart moves.
      let pull = 1 + 0.05 * squeeze * PhantomMath.smoothStep(outer.radius(x, y), from: 1.6, to: 0.2)
      let u = x / range * 62 * pull
      let v = range / 1.25 * pull
      let layer: Float = blood > 0.5 ? Float(frame) * 0.7 : 0
      let a = PhantomMath.noise(u, v, layer, seed: seed ^ 81)
      let b = PhantomMath.noise(u + 91.5, v + 17.25, layer, seed: seed ^ 82)
      let amplitude = (a * a + b * b).squareRoot() * 1.9
      // Logarithmic display, here as a fourth root; gain falls with depth in spite of the compensation.
      let gain = 1 - 0.0022 * range
      let shown = (level * amplitude * 0.9).squareRoot().squareRoot()
      return PhantomMath.clamp((shown - 0.44) * 360 * gain, 0, 255)
    }

    private func leaflets(_ x: Float, _ y: Float) -> Float {
      var sum: Float = 0
      for (hinge, inward) in [(Float(4), Float(1)), (35, -1), (-37, 1), (-8, -1)] {
        // A leaflet swings from lying across (closed) to hanging into the ventricle (open).
        let tipX = hinge + inward * PhantomMath.mix(14, 4, valves)
        let tipY = 107 - PhantomMath.mix(2, 15, valves)
        let dx = tipX - hinge
        let dy = tipY - 107
        let t = PhantomMath.clamp(((x - hinge) * dx + (y - 107) * dy) / (dx * dx + dy * dy))
        let ex = x - hinge - dx * t
        let ey = y - 107 - dy * t
        sum += 0.55 * PhantomMath.bump((ex * ex + ey * ey).squareRoot(), at: 0, radius: 2.2)
      }
      return sum
    }
  }
}
