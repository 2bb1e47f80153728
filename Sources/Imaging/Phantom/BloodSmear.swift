/// A stained blood smear through an oil-immersion objective, as a camera sees it: RGB, colour by pixel.
struct BloodSmear {
  /// Width of the picture in micrometres; here the canvas counts micrometres, not millimetres.
  static let fieldOfView: Float = 110

  let columns: Int
  let rows: Int
  let seed: UInt64

  private struct Colour {
    let r: Float
    let g: Float
    let b: Float

    init(_ r: Float, _ g: Float, _ b: Float) {
      self.r = r
      self.g = g
      self.b = b
    }
  }

  private final class Plate {
    let planes: [PhantomCanvas]

    init(_ columns: Int, _ rows: Int) {
      let spacing = BloodSmear.fieldOfView / Float(columns)
      planes = (0..<3).map { _ in PhantomCanvas(width: columns, height: rows, spacing: spacing, filledWith: 1) }
    }

    /// Lays a stain over what is there: light passes through both.
    func stain(
      _ shape: PhantomEllipse, _ colour: Colour, edge: Float, seed: UInt64? = nil, _ strength: (Float) -> Float
    ) {
      let reach = shape.reach
      let levels = [colour.r, colour.g, colour.b]
      for (plane, level) in zip(planes, levels) {
        plane.each(around: shape.x, shape.y, reach.x + edge, reach.y + edge) { x, y, p in
          let k = shape.coverage(x, y, edge: edge)
          if k == 0 { return }
          var density = k * strength(shape.radius(x, y))
          if let seed { density *= 1 + 0.45 * PhantomMath.noise(x / 0.7, y / 0.7, 0, seed: seed) }
          p.pointee *= 1 - (1 - level) * PhantomMath.clamp(density, 0, 1.15)
        }
      }
    }
  }

  /// Three bytes a pixel.
  func pixels() -> [UInt8] {
    let plate = Plate(columns, rows)
    var random = SplitMix64(seed: seed, purpose: "cells")
    let high = Self.fieldOfView * Float(rows) / Float(columns)
    let white = placeWhiteCells(high)
    var taken: [(x: Float, y: Float, r: Float)] = white.map { ($0.x, $0.y, $0.r + 3) }
    // Red cells: nearly touching, seldom overlapping, as in the good part of a smear.
    for _ in 0..<2600 {
      let r = 3.55 + 0.35 * random.normal()
      let x = random.between(-Self.fieldOfView / 2 - 3, Self.fieldOfView / 2 + 3)
      let y = random.between(-high / 2 - 3, high / 2 + 3)
      let slack: Float = random.unit() < 0.06 ? -1.6 : 0.25
      let free = taken.allSatisfy { c in
        let dx = c.x - x
        let dy = c.y - y
        let gap = c.r + r + slack
        return dx * dx + dy * dy > gap * gap
      }
      if free, r > 2.4 {
        taken.append((x, y, r))
        drawRedCell(x, y, r, on: plate, &random)
      }
    }
    for _ in 0..<26 { drawPlatelet(on: plate, high, &random) }
    for cell in white { drawWhiteCell(cell, on: plate, &random) }
    return expose(plate)
  }

  private func drawRedCell(_ x: Float, _ y: Float, _ r: Float, on plate: Plate, _ random: inout SplitMix64) {
    let shape = PhantomEllipse(
      x, y, r * random.between(0.93, 1.07), r * random.between(0.93, 1.07), degrees: random.between(0, 180))
    // Some cells are pale (hypochromic), some are targets: what a haematologist looks for.
    let pale: Float = random.unit() < 0.3 ? 0.62 : 0.9
    let target = random.unit() < 0.07
    let pallor = random.between(0.42, 0.6)
    plate.stain(shape, Colour(0.89, 0.56, 0.58), edge: 0.45) { f in
      var k = pale * (0.86 + 0.14 * PhantomMath.smoothStep(f, from: 0.6, to: 0.95))
      k *= 1 - 0.62 * (1 - PhantomMath.smoothStep(f, from: pallor * 0.55, to: pallor + 0.25))
      if target { k += 0.5 * (1 - PhantomMath.smoothStep(f, from: 0.16, to: 0.3)) }
      return k
    }
  }

  private func drawPlatelet(on plate: Plate, _ high: Float, _ random: inout SplitMix64) {
    let shape = PhantomEllipse(
      random.between(-Self.fieldOfView / 2, Self.fieldOfView / 2), random.between(-high / 2, high / 2),
      random.between(0.8, 1.5), random.between(0.7, 1.2), degrees: random.between(0, 180))
    plate.stain(shape, Colour(0.62, 0.45, 0.72), edge: 0.5, seed: seed ^ 91) { 0.9 - 0.4 * $0 }
  }

  private struct WhiteCell {
    let x: Float
    let y: Float
    let r: Float
    let kind: Int
  }

  private func placeWhiteCells(_ high: Float) -> [WhiteCell] {
    [
      WhiteCell(x: -24, y: -high * 0.12, r: 6.8, kind: 0), WhiteCell(x: 26, y: high * 0.2, r: 4.9, kind: 1),
      WhiteCell(x: 36, y: -high * 0.28, r: 7, kind: 2), WhiteCell(x: -8, y: high * 0.32, r: 6.6, kind: 0),
    ]
  }

  private func drawWhiteCell(_ cell: WhiteCell, on plate: Plate, _ random: inout SplitMix64) {
    let nucleus = Colour(0.36, 0.2, 0.52)
    let body = PhantomEllipse(cell.x, cell.y, cell.r, cell.r * 0.95, degrees: 20, squareness: 0.1)
    switch cell.kind {
    case 0:
      // Neutrophil: pale granular cytoplasm, nucleus in lobes joined by threads.
      plate.stain(body, Colour(0.9, 0.8, 0.86), edge: 0.7, seed: seed ^ 92) { _ in 0.9 }
      var at = random.between(0, 360)
      for _ in 0..<4 {
        let a = PhantomMath.radians(at)
        let lobe = PhantomEllipse(
          cell.x + 2.9 * PhantomMath.cos(a), cell.y + 2.9 * PhantomMath.sin(a), random.between(1.7, 2.2),
          random.between(1.4, 1.8), degrees: at + 80)
        plate.stain(lobe, nucleus, edge: 0.5, seed: seed ^ 93) { _ in 0.92 }
        at += random.between(58, 76)
      }
    case 1:
      // Lymphocyte: hardly more than its nucleus.
      plate.stain(body, Colour(0.68, 0.76, 0.92), edge: 0.6) { _ in 0.9 }
      plate.stain(PhantomEllipse(cell.x - 0.4, cell.y, cell.r - 0.8, cell.r - 0.9), nucleus, edge: 0.5, seed: seed ^ 94)
      { _ in 1 }
    default:
      // Eosinophil: orange granules, two lobes.
      plate.stain(body, Colour(0.93, 0.75, 0.72), edge: 0.7) { _ in 0.8 }
      for _ in 0..<120 {
        let a = random.between(0, 6.28)
        let d = cell.r * 0.88 * random.unit().squareRoot()
        let grain = PhantomEllipse(cell.x + d * PhantomMath.cos(a), cell.y + d * PhantomMath.sin(a), 0.42, 0.42)
        plate.stain(grain, Colour(0.92, 0.55, 0.4), edge: 0.3) { _ in 0.75 }
      }
      for side: Float in [-1, 1] {
        let lobe = PhantomEllipse(cell.x + 2.3 * side, cell.y - 0.8, 2.2, 2.7, degrees: 18 * side)
        plate.stain(lobe, nucleus, edge: 0.5, seed: seed ^ 95) { _ in 0.9 }
      }
    }
  }

  /// The light of the lamp, the lens (a little darker in the corners) and the grain of the sensor.
  private func expose(_ plate: Plate) -> [UInt8] {
    var random = SplitMix64(seed: seed, purpose: "sensor")
    let lamp: [Float] = [240, 233, 226]
    var out = [UInt8](repeating: 0, count: columns * rows * 3)
    for (channel, plane) in plate.planes.enumerated() {
      plane.soften(columns > 800 ? 3 : 1)
      let reach = Self.fieldOfView * 0.5
      let seed = seed
      out.withUnsafeMutableBufferPointer { buffer in
        let bytes = buffer.baseAddress!
        plane.each { x, y, p in
          let corner = 1 - 0.13 * (x * x + y * y) / (reach * reach)
          let haze = 1 + 0.012 * PhantomMath.noise(x / 30, y / 30, 0, seed: seed ^ 96)
          let value = p.pointee * lamp[channel] * corner * haze + 2.2 * random.normal()
          bytes[(p - plane.values) * 3 + channel] = UInt8(PhantomMath.clamp(value, 0, 255).rounded())
        }
      }
    }
    return out
  }
}
