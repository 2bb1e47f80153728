/// How text is encoded in a data set: the meaning of Specific Character Set (0008,0005) (PS3.3 §C.12.1.1.2, PS3.5 §6.1).
///
/// Our own decoder stands above DCMTK, whose Debian build cannot decode ISO 2022 IR 87 and ISO_IR 203. The tables come from
/// iconv(3), not from us. The rules for text that is not what it claims to be are in `TextDecoder`.
struct CharacterSet: Hashable, Sendable {
  /// The set in force where no escape sequence has said otherwise.
  let initial: Repertoire

  /// Nothing declared: ISO-IR 6, that is ASCII.
  static let none = CharacterSet(initial: .undeclared)
  static let utf8 = CharacterSet(initial: .utf8)

  enum Repertoire: Hashable, Sendable {
    /// ASCII, an empty value or a term that nobody knows.
    case undeclared
    case utf8
    /// GB18030 and, inside it, GBK.
    case gb18030
    case singleByte(SingleByteSet)
    /// Korean or Chinese without an escape sequence: not allowed, but there.
    case doubleByte(DoubleByteSet)
  }

  /// Reads the value of (0008,0005).
  ///
  /// Terms are read as devices write them: in any case, with blanks, hyphens and underscores mixed up or left out
  /// ("iso_ir 100", "ISO-IR 100", "ISO 2022IR 100", "latin1", "UTF-8"). With several values the first one counts here: the
  /// others only announce escape sequences, and those say themselves what they switch to.
  init(terms value: UnsafeRawBufferPointer) {
    let first = value.prefix { $0 != UInt8(ascii: "\\") }
    var term: [UInt8] = []
    for byte in first {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"): term.append(byte - 32)
      case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): term.append(byte)
      default: continue
      }
    }
    initial = Self.repertoires[String(decoding: term, as: UTF8.self)] ?? .undeclared
  }

  private init(initial: Repertoire) { self.initial = initial }

  /// By the term's letters and digits.
  private static let repertoires: [String: Repertoire] = {
    var table: [String: Repertoire] = [
      "UTF8": .utf8, "GB18030": .gb18030, "GBK": .gb18030, "GB2312": .gb18030,
      "ISOIR149": .doubleByte(.ksX1001), "ISO2022IR149": .doubleByte(.ksX1001), "EUCKR": .doubleByte(.ksX1001),
      "ISOIR58": .doubleByte(.gb2312), "ISO2022IR58": .doubleByte(.gb2312),
      "LATIN1": .singleByte(.latin1), "ISO88591": .singleByte(.latin1), "WINDOWS1252": .singleByte(.latin1),
      "ISO885915": .singleByte(.latin9), "ISO88596": .singleByte(.arabic), "WINDOWS1256": .singleByte(.windows1256),
    ]
    let numbered: [(Int, Repertoire)] =
      SingleByteSet.all.compactMap { set in set.registration.map { ($0, .singleByte(set)) } } + [(192, .utf8)]
    for (number, repertoire) in numbered {
      for prefix in ["ISOIR", "ISO2022IR", "IR", "ISO"] { table["\(prefix)\(number)"] = repertoire }
    }
    return table
  }()
}
