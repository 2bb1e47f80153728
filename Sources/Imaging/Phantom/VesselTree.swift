/// A branching tree of tapering tubes in millimetres: lung vessels of one side.
struct VesselTree {
  struct Branch {
    var from: (x: Float, y: Float, z: Float)
    var to: (x: Float, y: Float, z: Float)
    var radius: Float
  }

  private(set) var branches: [Branch] = []

  /// Grows from the hilum outwards until the branches leave `inside`.
  ///
  /// - Parameters:
  ///   - toward: x direction of the lung, −1 or 1.
  ///   - inside: whether a place belongs to the lung.
  init(
    root: (x: Float, y: Float, z: Float), toward: Float, levels: Int, random: inout SplitMix64,
    inside: (Float, Float, Float) -> Bool
  ) {
    for _ in 0..<16 {
      let direction = (
        x: toward * random.between(0.2, 1), y: random.between(-1, 1), z: random.between(-1.5, 1.5)
      )
      grow(
        from: root, direction: direction, length: random.between(26, 36), radius: random.between(2.6, 4.2),
        levels: levels, random: &random, inside: inside)
    }
  }

  private mutating func grow(
    from: (x: Float, y: Float, z: Float), direction: (x: Float, y: Float, z: Float), length: Float, radius: Float,
    levels: Int, random: inout SplitMix64, inside: (Float, Float, Float) -> Bool
  ) {
    let n = (direction.x * direction.x + direction.y * direction.y + direction.z * direction.z).squareRoot()
    let d = (x: direction.x / n, y: direction.y / n, z: direction.z / n)
    let to = (x: from.x + d.x * length, y: from.y + d.y * length, z: from.z + d.z * length)
    guard inside(to.x, to.y, to.z) else { return }
    branches.append(Branch(from: from, to: to, radius: radius))
    guard levels > 0, radius > 0.45 else { return }
    for _ in 0..<(levels % 2 == 0 ? 3 : 2) {
      let spread: Float = 0.62
      let turned = (
        x: d.x + random.between(-spread, spread), y: d.y + random.between(-spread, spread),
        z: d.z + random.between(-spread, spread)
      )
      grow(
        from: to, direction: turned, length: length * random.between(0.62, 0.9),
        radius: radius * random.between(0.6, 0.8), levels: levels - 1, random: &random, inside: inside)
    }
  }
}
