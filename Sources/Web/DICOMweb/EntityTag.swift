/// A strong validator of a representation (RFC 9110 §8.8.3), made from the digests of the objects it was built from.
struct EntityTag: Equatable, Sendable {
  /// With its quotes.
  let text: String

  /// - Parameter opaque: any text without quotes; digests and UIDs are.
  init(_ opaque: String) { text = "\"\(opaque)\"" }

  /// A tag for what was made of several things: 128 bits of FNV-1a over all of them.
  ///
  /// The digests that go in are SHA-256, already uniform: this only has to fold them.
  init(folding parts: some Sequence<String>, salt: String) {
    var fold = Fold()
    fold.add(salt)
    for part in parts { fold.add(part) }
    self.init(fold.hex)
  }

  /// Whether an `If-None-Match` header names this tag (weak comparison, lists and `*` included).
  func matches(_ header: String?) -> Bool {
    guard let header else { return false }
    return header.split(separator: ",").contains { entry in
      var entry = entry.drop { $0 == " " || $0 == "\t" }
      while entry.last == " " || entry.last == "\t" { entry.removeLast() }
      if entry == "*" { return true }
      if entry.hasPrefix("W/") { entry = entry.dropFirst(2) }
      return entry == text
    }
  }

  /// FNV-1a with two seeds, 64 bits each.
  struct Fold {
    private var low: UInt64 = 0xcbf2_9ce4_8422_2325
    private var high: UInt64 = 0x8422_2325_cbf2_9ce4

    mutating func add(_ text: String) {
      for byte in text.utf8 { add(byte) }
      add(0xff)  // never in UTF-8: "a", "bc" and "ab", "c" differ
    }

    private mutating func add(_ byte: UInt8) {
      low = (low ^ UInt64(byte)) &* 0x0000_0100_0000_01b3
      high = (high ^ UInt64(byte) &+ 0x9e37_79b9) &* 0x0000_0100_0000_01b3
    }

    var hex: String {
      let text = { (value: UInt64) in
        String(repeating: "0", count: value.leadingZeroBitCount / 4) + (value == 0 ? "" : String(value, radix: 16))
      }
      return text(high) + text(low)
    }
  }
}
