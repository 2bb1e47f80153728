import Glibc

/// A set of at most 128 characters in the upper half of a byte.
struct SingleByteSet: Hashable, Sendable {
  /// As iconv(3) of glibc calls it.
  let iconvName: String
  /// The ISO registration number in the defined term: 100 of ISO_IR 100.
  let registration: Int?

  static let latin1 = SingleByteSet(iconvName: "ISO-8859-1", registration: 100)
  static let latin2 = SingleByteSet(iconvName: "ISO-8859-2", registration: 101)
  static let latin3 = SingleByteSet(iconvName: "ISO-8859-3", registration: 109)
  static let latin4 = SingleByteSet(iconvName: "ISO-8859-4", registration: 110)
  static let cyrillic = SingleByteSet(iconvName: "ISO-8859-5", registration: 144)
  static let arabic = SingleByteSet(iconvName: "ISO-8859-6", registration: 127)
  static let greek = SingleByteSet(iconvName: "ISO-8859-7", registration: 126)
  static let hebrew = SingleByteSet(iconvName: "ISO-8859-8", registration: 138)
  static let latin5 = SingleByteSet(iconvName: "ISO-8859-9", registration: 148)
  static let latin9 = SingleByteSet(iconvName: "ISO-8859-15", registration: 203)
  static let thai = SingleByteSet(iconvName: "TIS-620", registration: 166)
  static let katakana = SingleByteSet(iconvName: "SHIFT_JIS", registration: 13)
  static let windows1252 = SingleByteSet(iconvName: "WINDOWS-1252", registration: nil)
  static let windows1256 = SingleByteSet(iconvName: "WINDOWS-1256", registration: nil)

  static let all = [
    latin1, latin2, latin3, latin4, cyrillic, arabic, greek, hebrew, latin5, latin9, thai, katakana, windows1252,
    windows1256,
  ]

  /// Of each byte from 0x80 up the character; 0 where the set has none.
  ///
  /// 0x80 to 0x9F of an ISO set are controls that no text contains: they count as missing.
  var characters: [UInt16] { Self.tables[self] ?? [] }

  private static let tables: [SingleByteSet: [UInt16]] = Dictionary(
    uniqueKeysWithValues: all.map { set in
      let isISO = set.registration != nil
      let characters = (0x80...0xFF as ClosedRange<UInt8>).map { byte -> UInt16 in
        if isISO && byte < 0xA0 { return 0 }
        return CharacterConversion.character([byte], from: set.iconvName)
      }
      return (set, characters)
    })
}

/// A set of 94 × 94 characters that ISO 2022 switches to, two bytes each.
struct DoubleByteSet: Hashable, Sendable {
  fileprivate let iconvName: String
  /// Written before the two bytes, which get their high bits: EUC-JP marks JIS X 0212 so.
  fileprivate let prefix: [UInt8]

  /// ISO 2022 IR 87.
  static let jisX0208 = DoubleByteSet(iconvName: "EUC-JP", prefix: [])
  /// ISO 2022 IR 159.
  static let jisX0212 = DoubleByteSet(iconvName: "EUC-JP", prefix: [0x8F])
  /// ISO 2022 IR 149.
  static let ksX1001 = DoubleByteSet(iconvName: "EUC-KR", prefix: [])
  /// ISO 2022 IR 58.
  static let gb2312 = DoubleByteSet(iconvName: "EUC-CN", prefix: [])

  /// The character of a row and a cell, each from 0x21 to 0x7E (or the same with the high bit); 0 if there is none.
  func character(_ row: UInt8, _ cell: UInt8) -> UInt16 {
    let row = Int(row & 0x7F) - 0x21
    let cell = Int(cell & 0x7F) - 0x21
    guard (0..<94).contains(row), (0..<94).contains(cell), let table = Self.tables[self] else { return 0 }
    return table[row * 94 + cell]
  }

  // 18 KB each, made together when the first of these sets is met.
  private static let tables: [DoubleByteSet: [UInt16]] = Dictionary(
    uniqueKeysWithValues: [jisX0208, jisX0212, ksX1001, gb2312].map { set in
      let characters = (0..<94 * 94).map { index -> UInt16 in
        let row = UInt8(index / 94 + 0xA1)
        let cell = UInt8(index % 94 + 0xA1)
        return CharacterConversion.character(set.prefix + [row, cell], from: set.iconvName)
      }
      return (set, characters)
    })
}

/// iconv(3).
enum CharacterConversion {
  /// The one character of the Basic Multilingual Plane that the bytes stand for; 0 if they stand for none.
  fileprivate static func character(_ bytes: [UInt8], from name: String) -> UInt16 {
    guard let text = convert(bytes, from: name), let scalar = text.scalars.first, text.isComplete,
      text.scalars.count == 1, scalar != 0xFFFD
    else { return 0 }
    return UInt16(exactly: scalar) ?? 0
  }

  /// The bytes as Unicode scalars, U+FFFD for what is none; nil if the C library lacks this conversion.
  static func convert(_ bytes: [UInt8], from name: String) -> (scalars: [UInt32], isComplete: Bool)? {
    let descriptor = iconv_open("UTF-32LE", name)
    guard descriptor != iconv_t(bitPattern: -1) else { return nil }
    defer { iconv_close(descriptor) }
    var input = bytes.map { CChar(bitPattern: $0) }
    var output = [UInt32](repeating: 0, count: bytes.count * 2 + 2)
    var isComplete = true
    let produced = input.withUnsafeMutableBufferPointer { input in
      output.withUnsafeMutableBytes { output -> Int in
        var next = input.baseAddress
        var left = input.count
        var target = output.baseAddress?.assumingMemoryBound(to: CChar.self)
        var room = output.count
        while left > 0 {
          if iconv(descriptor, &next, &left, &target, &room) != Int(bitPattern: UInt.max) { break }
          // A byte that fits nowhere: say so in the text and go on behind it.
          isComplete = false
          guard left > 0, room >= 4, let at = next, errno != E2BIG else { break }
          next = at + 1
          left -= 1
          output.storeBytes(of: UInt32(0xFFFD).littleEndian, toByteOffset: output.count - room, as: UInt32.self)
          target = target.map { $0 + 4 }
          room -= 4
        }
        return (output.count - room) / 4
      }
    }
    return (output.prefix(produced).map { UInt32(littleEndian: $0) }, isComplete)
  }
}
