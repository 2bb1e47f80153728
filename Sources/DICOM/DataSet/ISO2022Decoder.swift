/// Text in which escape sequences switch between sets (ISO 2022, PS3.5 §6.1.2.4).
struct ISO2022Decoder {
  /// The lower half of the byte; nil is ASCII.
  private var lower: DoubleByteSet?
  private var lowerIsKatakana = false
  private var upper: Upper
  private let initialUpper: Upper
  private let isPersonName: Bool
  private var text: [UInt8] = []

  private enum Upper {
    case guessed
    case single(SingleByteSet)
    case double(DoubleByteSet)
  }

  init(_ set: CharacterSet, isPersonName: Bool) {
    switch set.initial {
    case .singleByte(let single): initialUpper = .single(single)
    case .doubleByte(let double): initialUpper = .double(double)
    default: initialUpper = .guessed
    }
    upper = initialUpper
    self.isPersonName = isPersonName
  }

  mutating func decode(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
    var index = 0
    while index < bytes.count {
      let byte = bytes[index]
      if byte == TextDecoder.escape {
        index += escapeSequence(bytes, at: index)
      } else if byte < 0x80 {
        index += decodeLower(bytes, at: index)
      } else {
        index += decodeUpper(bytes, at: index)
      }
    }
    return text
  }

  private mutating func decodeLower(_ bytes: UnsafeRawBufferPointer, at index: Int) -> Int {
    let byte = bytes[index]
    if let lower, (0x21...0x7E).contains(byte) {
      // Both bytes belong to one character, also where the second looks like "\", "^" or "=".
      guard index + 1 < bytes.count, (0x21...0x7E).contains(bytes[index + 1]) else { return replacement() }
      TextDecoder.append(TextDecoder.orReplacement(lower.character(byte, bytes[index + 1])), to: &text)
      return 2
    }
    switch byte {
    case 0: return 1
    case 0x09, 0x0A, 0x0C, 0x0D, UInt8(ascii: "\\"): reset()
    case UInt8(ascii: "^"), UInt8(ascii: "="): if isPersonName { reset() }
    default:
      if lowerIsKatakana, (0x21...0x5F).contains(byte) {
        let characters = SingleByteSet.katakana.characters
        TextDecoder.append(TextDecoder.orReplacement(characters[Int(byte)]), to: &text)
        return 1
      }
    }
    text.append(byte)
    return 1
  }

  private mutating func decodeUpper(_ bytes: UnsafeRawBufferPointer, at index: Int) -> Int {
    let byte = bytes[index]
    switch upper {
    case .double(let set):
      guard index + 1 < bytes.count, bytes[index + 1] >= 0xA1, byte >= 0xA1 else { return replacement() }
      TextDecoder.append(TextDecoder.orReplacement(set.character(byte, bytes[index + 1])), to: &text)
      return 2
    case .single(let set):
      TextDecoder.append(TextDecoder.orReplacement(set.characters[Int(byte) - 0x80]), to: &text)
    case .guessed:
      TextDecoder.append(TextDecoder.orReplacement(SingleByteSet.windows1252.characters[Int(byte) - 0x80]), to: &text)
    }
    return 1
  }

  private mutating func replacement() -> Int {
    TextDecoder.append(0xFFFD, to: &text)
    return 1
  }

  /// A delimiter brings back what Specific Character Set says (PS3.5 §6.1.2.5.3).
  private mutating func reset() {
    lower = nil
    lowerIsKatakana = false
    // Where nothing is declared for the upper half, nothing can come back: some writers switch to Korean once a name, not
    // once a component, and mean it.
    if case .guessed = initialUpper { return }
    upper = initialUpper
  }

  /// Returns how many bytes the sequence has; one that we do not know is skipped without its effect.
  private mutating func escapeSequence(_ bytes: UnsafeRawBufferPointer, at index: Int) -> Int {
    let rest = bytes[index...].prefix(4).dropFirst()
    if rest.starts(with: [0x24, 0x28, 0x44]) { return switchLower(.jisX0212, length: 4) }
    if rest.starts(with: [0x24, 0x29, 0x43]) { return switchUpper(.double(.ksX1001), length: 4) }
    if rest.starts(with: [0x24, 0x29, 0x41]) { return switchUpper(.double(.gb2312), length: 4) }
    if rest.starts(with: [0x24, 0x42]) || rest.starts(with: [0x24, 0x40]) { return switchLower(.jisX0208, length: 3) }
    if rest.starts(with: [0x28, 0x42]) || rest.starts(with: [0x28, 0x4A]) { return switchLower(nil, length: 3) }
    if rest.starts(with: [0x28, 0x49]) {
      lower = nil
      lowerIsKatakana = true
      return 3
    }
    if rest.starts(with: [0x29, 0x49]) { return switchUpper(.single(.katakana), length: 3) }
    if let kind = rest.first, kind == 0x2D, rest.count >= 2, let set = Self.upperSets[rest[rest.startIndex + 1]] {
      return switchUpper(.single(set), length: 3)
    }
    // ISO 2022: intermediate bytes 0x20 to 0x2F, then one final byte.
    let intermediate = rest.prefix { (0x20...0x2F).contains($0) }.count
    return 1 + min(intermediate + 1, rest.count)
  }

  /// By the final byte of ESC 2/13.
  private static let upperSets: [UInt8: SingleByteSet] = [
    0x41: .latin1, 0x42: .latin2, 0x43: .latin3, 0x44: .latin4, 0x4C: .cyrillic, 0x47: .arabic, 0x46: .greek,
    0x48: .hebrew, 0x4D: .latin5, 0x62: .latin9, 0x54: .thai,
  ]

  private mutating func switchLower(_ set: DoubleByteSet?, length: Int) -> Int {
    lower = set
    lowerIsKatakana = false
    return length
  }

  private mutating func switchUpper(_ set: Upper, length: Int) -> Int {
    upper = set
    return length
  }
}
