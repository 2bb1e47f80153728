/// Sebastiano Vigna's SplitMix64: a tiny generator whose sequence is fixed by its seed on every machine.
///
/// Swift's own generators promise no sequence, and a test image must be the same bytes for ever.
struct SplitMix64 {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  /// A stream of its own for one purpose, so that drawing more vessels does not change the noise.
  init(seed: UInt64, purpose: String) { state = Self.mix(seed ^ Self.fnv1a(purpose)) }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    return Self.mix(state)
  }

  /// In 0..<1, a multiple of 2⁻²⁴: exact in a `Float`.
  mutating func unit() -> Float { Float(next() >> 40) * 0x1p-24 }

  mutating func between(_ low: Float, _ high: Float) -> Float { low + (high - low) * unit() }

  /// Nearly normal (mean 0, deviation 1): four 16-bit uniforms added, so no logarithm or cosine of a C library is asked.
  mutating func normal() -> Float {
    let bits = next()
    let sum = (bits & 0xFFFF) &+ (bits >> 16 & 0xFFFF) &+ (bits >> 32 & 0xFFFF) &+ (bits >> 48)
    return (Float(sum) - 131_070) * (1.732_050_8 / 65_536)
  }

  /// One well-mixed value for a lattice point: noise that can be asked for anywhere, in any order.
  @inline(__always)
  static func hash(_ x: Int32, _ y: Int32, _ z: Int32, seed: UInt64) -> Float {
    var h = seed ^ (UInt64(UInt32(bitPattern: x)) &* 0x9E37_79B9_7F4A_7C15)
    h = (h ^ (h >> 29) ^ UInt64(UInt32(bitPattern: y))) &* 0xBF58_476D_1CE4_E5B9
    h = (h ^ (h >> 32) ^ UInt64(UInt32(bitPattern: z))) &* 0x94D0_49BB_1331_11EB
    h ^= h >> 29
    return Float(Int32(truncatingIfNeeded: h >> 40) &- 0x80_0000) * 0x1p-23
  }

  @inline(__always)
  static func mix(_ value: UInt64) -> UInt64 {
    var z = value
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  static func fnv1a(_ text: String) -> UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    return hash
  }
}
