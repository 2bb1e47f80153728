extension Tag {
  /// Reads eight hexadecimal digits, "00100010" (DICOM JSON, QIDO-RS), in either case; anything else is nil.
  public init?(hex: String) {
    let digits = hex.utf8
    guard digits.count == 8 else { return nil }
    var value: UInt32 = 0
    for digit in digits {
      switch digit {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | UInt32(digit - UInt8(ascii: "0"))
      case UInt8(ascii: "A")...UInt8(ascii: "F"): value = value << 4 | UInt32(digit - UInt8(ascii: "A") + 10)
      case UInt8(ascii: "a")...UInt8(ascii: "f"): value = value << 4 | UInt32(digit - UInt8(ascii: "a") + 10)
      default: return nil
      }
    }
    self.init(rawValue: value)
  }

  /// Eight upper-case hexadecimal digits: "00100010".
  public var hex: String {
    String(unsafeUninitializedCapacity: 8) { buffer in
      for index in 0..<8 {
        let digit = UInt8(truncatingIfNeeded: rawValue >> (28 - 4 * UInt32(index))) & 0xF
        buffer[index] = digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "A") + digit - 10
      }
      return 8
    }
  }
}

extension Tag: CustomStringConvertible {
  /// As the standard prints it: "(0010,0010)".
  public var description: String {
    let digits = hex
    return "(\(digits.prefix(4)),\(digits.suffix(4)))"
  }
}
