/// Arithmetic of the phantoms: only operations that IEEE 754 rounds exactly (+ − × ÷ √ floor), never the C library's
/// sine or exponential, whose last bit differs between machines and would change a byte of a committed image.
enum PhantomMath {
  static let pi: Float = 3.141_592_7

  static func radians(_ degrees: Float) -> Float { degrees * (pi / 180) }

  /// Sine by its Taylor series after reduction to ±π/2; good to about 1e-6.
  static func sin(_ angle: Float) -> Float {
    var x = angle - (angle / (2 * pi) + 0.5).rounded(.down) * (2 * pi)
    if x > pi / 2 { x = pi - x }
    if x < -pi / 2 { x = -pi - x }
    let s = x * x
    return x * (1 - s / 6 * (1 - s / 20 * (1 - s / 42 * (1 - s / 72 * (1 - s / 110)))))
  }

  static func cos(_ angle: Float) -> Float { sin(angle + pi / 2) }

  @inline(__always)
  static func clamp(_ value: Float, _ low: Float = 0, _ high: Float = 1) -> Float {
    value < low ? low : (value > high ? high : value)
  }

  /// 0 before `from`, 1 after `to`, an S between.
  @inline(__always)
  static func smoothStep(_ value: Float, from low: Float, to high: Float) -> Float {
    let t = clamp((value - low) / (high - low))
    return t * t * (3 - 2 * t)
  }

  @inline(__always)
  static func mix(_ a: Float, _ b: Float, _ t: Float) -> Float { a + (b - a) * t }

  /// A hill of height 1 that falls to 0 at `radius` on both sides of `centre`.
  static func bump(_ value: Float, at centre: Float, radius: Float) -> Float {
    let d = (value - centre) / radius
    let k = 1 - d * d
    return k > 0 ? k * k : 0
  }

  /// Half the chord of a unit circle at `d` from its centre: how wide a ball is where a slice cuts it.
  static func chord(_ d: Float) -> Float {
    let k = 1 - d * d
    return k > 0 ? k.squareRoot() : 0
  }

  /// Smooth noise in about −1...1 with features one unit apart.
  @inline(__always)
  static func noise(_ x: Float, _ y: Float, _ z: Float, seed: UInt64) -> Float {
    let fx = x.rounded(.down)
    let fy = y.rounded(.down)
    let fz = z.rounded(.down)
    let ix = Int32(fx)
    let iy = Int32(fy)
    let iz = Int32(fz)
    var tx = x - fx
    var ty = y - fy
    var tz = z - fz
    tx = tx * tx * (3 - 2 * tx)
    ty = ty * ty * (3 - 2 * ty)
    tz = tz * tz * (3 - 2 * tz)
    let near = plane(ix, iy, iz, tx, ty, seed)
    if tz == 0 { return near }
    return mix(near, plane(ix, iy, iz &+ 1, tx, ty, seed), tz)
  }

  @inline(__always)
  private static func plane(
    _ x: Int32, _ y: Int32, _ z: Int32, _ tx: Float, _ ty: Float, _ seed: UInt64
  ) -> Float {
    let top = mix(SplitMix64.hash(x, y, z, seed: seed), SplitMix64.hash(x &+ 1, y, z, seed: seed), tx)
    let low = mix(SplitMix64.hash(x, y &+ 1, z, seed: seed), SplitMix64.hash(x &+ 1, y &+ 1, z, seed: seed), tx)
    return mix(top, low, ty)
  }
}
