/// The few words of JSON that are written by hand.
enum JSONText {
  /// A string in quotes, with what JSON wants escaped.
  static func string(_ text: String) -> String {
    var out = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": out += "\\\""
      case "\\": out += "\\\\"
      case _ where scalar.value < 0x20:
        let hex = String(scalar.value, radix: 16)
        out += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
      default: out.unicodeScalars.append(scalar)
      }
    }
    return out + "\""
  }

  /// `[…,…]` of texts that are JSON already, in one buffer made to measure.
  static func array(_ elements: [[UInt8]]) -> [UInt8] {
    var out: [UInt8] = []
    out.reserveCapacity(elements.reduce(2) { $0 + $1.count + 1 })
    out.append(UInt8(ascii: "["))
    for (index, element) in elements.enumerated() {
      if index > 0 { out.append(UInt8(ascii: ",")) }
      out += element
    }
    out.append(UInt8(ascii: "]"))
    return out
  }
}
