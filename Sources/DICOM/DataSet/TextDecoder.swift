/// Turns the bytes of a text value into UTF-8.
///
/// A wrong name on a screen is dangerous: the reader may take one patient for another, and a search does not find them. So
/// the declared set is believed as long as the bytes allow it, and where they contradict it, they are:
///
/// * Valid UTF-8 with characters beyond ASCII is UTF-8, also where a single-byte set or nothing is declared. The other
///   reading would be "Ã©" for "é", a sequence no name contains. (For sets in which two letters in a row can look like UTF-8
///   – Cyrillic, Greek, Thai, Katakana, Korean, Chinese – only from three such characters on.)
/// * Declared UTF-8 without a single valid character beyond ASCII is what an undeclared text would be. With valid ones, it
///   is UTF-8 with damage (cut inside a character, say): the damaged places become U+FFFD.
/// * Undeclared text is Windows-1256 if it contains a run of three or more Arabic letters: names in Latin letters do not
///   have three accented letters in a row, and Arabic ones consist of nothing else. (In Morocco the Windows code page for
///   Arabic is what a PC without DICOM manners writes.) Otherwise it is Windows-1252, which holds all of Latin-1.
/// * ISO_IR 127 is Windows-1256 if ISO 8859-6 cannot be meant: a byte that it leaves empty, a vowel mark at the start of a
///   word, a nunation inside one (the common "ي" of the code page looks like that). The two share no letter behind "ض", so
///   the declared reading would give another name, not just gaps. Without such a proof the declaration stands, even if
///   another name would be more common.
/// * 0x80 to 0x9F in ISO_IR 100 are Windows-1252's ("œ", "’"): Latin-1 has no characters there.
///
/// Escape sequences of ISO 2022 are obeyed wherever they stand, declared or not. Controls, bidirectional marks and the like
/// are data and stay; only NUL is dropped, because what follows one is seen by one program and not by the next.
enum TextDecoder {
  static let escape: UInt8 = 0x1B

  /// Whether the bytes are their own UTF-8, whatever is declared: no escape, no byte beyond ASCII, no NUL.
  ///
  /// JIS X 0201 has a yen sign and an overline in place of "\" and "~"; they stay "\" and "~", as everywhere else.
  @inline(__always)
  static func isPlain(_ bytes: UnsafeRawBufferPointer) -> Bool {
    for byte in bytes where byte >= 0x80 || byte == escape || byte == 0 { return false }
    return true
  }

  /// - Parameter isPersonName: "^" and "=" too end what an escape sequence began (PS3.5 §6.1.2.5.3).
  static func decode(_ bytes: UnsafeRawBufferPointer, _ set: CharacterSet, isPersonName: Bool) -> [UInt8] {
    let hasHighBytes = bytes.contains { $0 >= 0x80 }
    switch set.initial {
    case .gb18030:
      guard hasHighBytes else { return bytes.filter { $0 != 0 } }
      if let text = CharacterConversion.convert(Array(bytes), from: "GB18030") { return utf8(text.scalars) }
      return latin(bytes)
    case .utf8:
      if !hasHighBytes, bytes.contains(escape) { break }
      if multibyteCharacters(bytes).valid > 0 || !hasHighBytes { return repaired(bytes) }
      return guessed(bytes)
    case .undeclared, .singleByte, .doubleByte:
      if bytes.contains(escape) { break }
      let found = multibyteCharacters(bytes)
      if found.valid >= charactersThatProveUTF8(set.initial), found.damaged == 0 { return bytes.filter { $0 != 0 } }
      if set == .none, found.valid >= 3, found.damaged == 1 { return repaired(bytes) }
    }
    if case .doubleByte = set.initial { return switching(bytes, set, isPersonName) }
    if bytes.contains(escape) { return switching(bytes, set, isPersonName) }
    if case .singleByte(let declared) = set.initial { return singleByte(bytes, declared) }
    return guessed(bytes)
  }

  private static func switching(_ bytes: UnsafeRawBufferPointer, _ set: CharacterSet, _ isPersonName: Bool) -> [UInt8] {
    var decoder = ISO2022Decoder(set, isPersonName: isPersonName)
    return decoder.decode(bytes)
  }

  private static func charactersThatProveUTF8(_ repertoire: CharacterSet.Repertoire) -> Int {
    switch repertoire {
    case .singleByte(let set): [.cyrillic, .greek, .thai, .katakana].contains(set) ? 3 : 1
    case .doubleByte: 3
    default: 1
    }
  }

  // MARK: Guessing

  private static func guessed(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
    longestArabicRun(bytes) >= 3 ? table(bytes, .windows1256) : latin(bytes)
  }

  private static func latin(_ bytes: UnsafeRawBufferPointer) -> [UInt8] { table(bytes, .windows1252) }

  private static func longestArabicRun(_ bytes: UnsafeRawBufferPointer) -> Int {
    let characters = SingleByteSet.windows1256.characters
    var longest = 0
    var run = 0
    for byte in bytes {
      let isArabic = byte >= 0x80 && (0x0621...0x0652).contains(characters[Int(byte) - 0x80])
      run = isArabic ? run + 1 : 0
      longest = max(longest, run)
    }
    return longest
  }

  private static func singleByte(_ bytes: UnsafeRawBufferPointer, _ set: SingleByteSet) -> [UInt8] {
    let characters = set.characters
    let hasMissing = bytes.contains { $0 >= 0x80 && characters[Int($0) - 0x80] == 0 }
    if hasMissing {
      if set == .latin1 { return latin(bytes) }
      if set == .arabic { return table(bytes, .windows1256) }
    }
    if set == .arabic, hasImpossibleMarks(bytes) { return table(bytes, .windows1256) }
    return table(bytes, set)
  }

  /// A vowel mark without a letter before it, or dammatan or kasratan with a letter behind it, which end a word.
  private static func hasImpossibleMarks(_ bytes: UnsafeRawBufferPointer) -> Bool {
    let characters = SingleByteSet.arabic.characters
    var previous: UInt16 = 0
    for byte in bytes {
      let character = byte < 0x80 ? 0 : characters[Int(byte) - 0x80]
      if (0x064B...0x0652).contains(character), previous < 0x0621 { return true }
      if (0x0621...0x064A).contains(character), previous == 0x064C || previous == 0x064D { return true }
      previous = character
    }
    return false
  }

  private static func table(_ bytes: UnsafeRawBufferPointer, _ set: SingleByteSet) -> [UInt8] {
    let characters = set.characters
    var text: [UInt8] = []
    text.reserveCapacity(bytes.count * 2)
    for byte in bytes where byte != 0 {
      append(byte < 0x80 ? UInt32(byte) : orReplacement(characters[Int(byte) - 0x80]), to: &text)
    }
    return text
  }

  // MARK: UTF-8

  /// The characters of more than one byte that are written as they should be, and the places where they are not.
  static func multibyteCharacters(_ bytes: UnsafeRawBufferPointer) -> (valid: Int, damaged: Int) {
    var valid = 0
    var damaged = 0
    var decoder = Unicode.UTF8.ForwardParser()
    var iterator = bytes.makeIterator()
    while true {
      switch decoder.parseScalar(from: &iterator) {
      case .valid(let scalar): if scalar.count > 1 { valid += 1 }
      case .error: damaged += 1
      case .emptyInput: return (valid, damaged)
      }
    }
  }

  private static func repaired(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
    Array(String(decoding: bytes, as: UTF8.self).utf8.filter { $0 != 0 })
  }

  private static func utf8(_ scalars: [UInt32]) -> [UInt8] {
    var text: [UInt8] = []
    for scalar in scalars where scalar != 0 { append(scalar, to: &text) }
    return text
  }

  static func orReplacement(_ character: UInt16) -> UInt32 { character == 0 ? 0xFFFD : UInt32(character) }

  static func append(_ scalar: UInt32, to text: inout [UInt8]) {
    guard scalar >= 0x80 else { return text.append(UInt8(scalar)) }
    text.append(contentsOf: UTF8.encode(Unicode.Scalar(scalar) ?? "\u{FFFD}") ?? UTF8.encodedReplacementCharacter)
  }
}
