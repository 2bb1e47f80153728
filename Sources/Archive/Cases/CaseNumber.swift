/// The number of a case: site code, year, serial and a check character, 16 characters at most, as `MIDELT-26-00042K`.
///
/// Two places that do not hear of each other make different numbers, as their codes differ. The check character (ISO/IEC 7064,
/// MOD 37,36) catches every single wrong character and nearly every swap of two neighbours.
public struct CaseNumber: Sendable, Hashable {
  /// 2 to 6 capital letters and digits.
  public let code: String
  /// The last two digits of the year.
  public let year: Int
  /// From 1.
  public let serial: Int

  static let mostSerial = 99_999

  init(code: String, year: Int, serial: Int) {
    self.code = code
    self.year = year
    self.serial = serial
  }

  /// Reads a number as people type it: in small letters too, with spaces, without hyphens. nil for what is no number, or one with a
  /// typing error.
  public init?(_ text: String) {
    let characters = Array(text.uppercased().utf8.filter { $0 != 0x20 && $0 != 0x2D })
    guard characters.count >= 10, characters.count <= 14, Self.isWhole(characters) else { return nil }
    let code = characters.dropLast(8)
    let digits = characters.suffix(8).dropLast()
    guard digits.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let number = Int(String(decoding: digits, as: UTF8.self)),
      number % 100_000 > 0
    else { return nil }
    self.init(code: String(decoding: code, as: UTF8.self), year: number / 100_000, serial: number % 100_000)
  }

  public var text: String {
    let digits = { (value: Int, width: Int) in
      String(repeating: "0", count: max(0, width - String(value).count)) + String(value)
    }
    let (year, serial) = (digits(year, 2), digits(serial, 5))
    return "\(code)-\(year)-\(serial)\(Self.check(Array((code + year + serial).utf8)))"
  }

  /// Whether a text can be a site's code.
  static func isCode(_ text: String) -> Bool {
    (2...6).contains(text.utf8.count) && text.utf8.allSatisfy { value($0) != nil }
  }

  // MARK: - Check character

  private static func value(_ character: UInt8) -> Int? {
    switch character {
    case 0x30...0x39: Int(character) - 0x30
    case 0x41...0x5A: Int(character) - 0x41 + 10
    default: nil
    }
  }

  private static func check(_ characters: [UInt8]) -> Character {
    var rest = 36
    for character in characters {
      let sum = (rest + (value(character) ?? 0)) % 36
      rest = (sum == 0 ? 36 : sum) * 2 % 37
    }
    let value = (37 - rest) % 36
    return Character(Unicode.Scalar(UInt8(value < 10 ? 0x30 + value : 0x41 + value - 10)))
  }

  private static func isWhole(_ characters: [UInt8]) -> Bool {
    guard characters.allSatisfy({ value($0) != nil }) else { return false }
    return check(Array(characters.dropLast())) == Character(Unicode.Scalar(characters[characters.count - 1]))
  }
}
