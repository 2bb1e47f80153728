extension UID {
  /// A new UID that nobody else has: "2.25." and the decimal value of a random UUID (PS3.5 §B.2).
  ///
  /// DCMTK's generator is not used: it asks for the host's address, and a machine without a name service waits seconds for it.
  public static func generate() -> UID {
    var random = SystemRandomNumberGenerator()
    let value = UInt128(random.next() as UInt64) << 64 | UInt128(random.next() as UInt64)
    return uuid(value, version: 4)
  }

  /// A UID that follows from a digest: the same bytes give the same UID, for ever.
  ///
  /// - Parameter digest: the first 16 bytes count, missing ones are zero. Six bits say that it is a UUID of version 8
  ///   (RFC 9562 §5.8), as PS3.5 §B.2 wants a UUID under "2.25.".
  public static func derived(from digest: [UInt8]) -> UID {
    var value: UInt128 = 0
    for index in 0..<16 { value = value << 8 | UInt128(index < digest.count ? digest[index] : 0) }
    return uuid(value, version: 8)
  }

  private static func uuid(_ bits: UInt128, version: UInt128) -> UID {
    let cleared = bits & ~(UInt128(0xF) << 76) & ~(UInt128(0x3) << 62)
    return UID(rawValue: "2.25.\(cleared | version << 76 | UInt128(0x2) << 62)")
  }
}
