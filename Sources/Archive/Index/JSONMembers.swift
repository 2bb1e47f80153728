import DICOM

/// The members of a DICOM JSON object written by ourselves (PS3.18 §F.2): keys of eight hexadecimal digits in ascending
/// order. Finds where each begins and ends without building anything.
struct JSONMembers {
  struct Member {
    let tag: Tag
    /// From the quote of the key to the brace that ends the value.
    let range: Range<Int>
    /// Whether there is a value: `{"vr":"LO"}` has none.
    let hasValue: Bool
  }

  let members: [Member]

  /// Reads one object's text. Stops at the first thing that is not as we write it.
  init(_ json: UnsafeRawBufferPointer) {
    var members: [Member] = []
    members.reserveCapacity(96)
    var position = 0
    let count = json.count
    while position < count, json[position] != 0x22 { position += 1 }
    while position + 11 < count, json[position] == 0x22, json[position + 9] == 0x22, json[position + 10] == 0x3A,
      let tag = Self.tag(json, at: position + 1)
    {
      let start = position
      position += 11
      guard let end = Self.endOfValue(json, from: position) else { break }
      // {"vr":"XX"} is 11 bytes: anything longer carries Value, BulkDataURI or InlineBinary.
      members.append(Member(tag: tag, range: start..<end, hasValue: end - position > 11))
      position = end
      guard position + 1 < count, json[position] == 0x2C else { break }
      position += 1
    }
    self.members = members
  }

  private static func tag(_ json: UnsafeRawBufferPointer, at offset: Int) -> Tag? {
    var value: UInt32 = 0
    for index in offset..<offset + 8 {
      let digit = json[index]
      switch digit {
      case 0x30...0x39: value = value << 4 | UInt32(digit - 0x30)
      case 0x41...0x46: value = value << 4 | UInt32(digit - 0x41 + 10)
      default: return nil
      }
    }
    return Tag(rawValue: value)
  }

  /// Walks over one object, whatever it holds.
  private static func endOfValue(_ json: UnsafeRawBufferPointer, from start: Int) -> Int? {
    var depth = 0
    var position = start
    let count = json.count
    while position < count {
      switch json[position] {
      case 0x22:
        position += 1
        while position < count, json[position] != 0x22 { position += json[position] == 0x5C ? 2 : 1 }
      case 0x7B, 0x5B: depth += 1
      case 0x7D, 0x5D:
        depth -= 1
        if depth == 0 { return position + 1 }
      default: break
      }
      position += 1
    }
    return nil
  }
}

/// Members of a JSON object as one value of the index: for each the tag (4 bytes), the length (4 bytes, both little-endian)
/// and the text `"GGGGEEEE":{…}`. Ascending.
struct MemberList {
  private(set) var encoded: [UInt8] = []

  init() {}
  init(encoded: [UInt8]) { self.encoded = encoded }

  mutating func append(_ tag: Tag, _ text: UnsafeRawBufferPointer) {
    withUnsafeBytes(of: tag.rawValue.littleEndian) { encoded.append(contentsOf: $0) }
    withUnsafeBytes(of: UInt32(text.count).littleEndian) { encoded.append(contentsOf: $0) }
    encoded.append(contentsOf: text)
  }

  /// Calls `body` with each member's tag and text.
  static func forEach(_ encoded: UnsafeRawBufferPointer, _ body: (Tag, UnsafeRawBufferPointer) throws -> Void) rethrows
  {
    var offset = 0
    while offset + 8 <= encoded.count {
      let tag = UInt32(littleEndian: encoded.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
      let count = Int(UInt32(littleEndian: encoded.loadUnaligned(fromByteOffset: offset + 4, as: UInt32.self)))
      let end = offset + 8 + count
      guard end <= encoded.count else { return }
      try body(Tag(rawValue: tag), UnsafeRawBufferPointer(rebasing: encoded[offset + 8..<end]))
      offset = end
    }
  }

  /// This list and the members of another that it lacks or has without a value.
  func filled(from other: MemberList, preferring isBetter: (Tag) -> Bool) -> MemberList {
    var texts: [Tag: [UInt8]] = [:]
    encoded.withUnsafeBytes { Self.forEach($0) { texts[$0] = Array($1) } }
    other.encoded.withUnsafeBytes {
      Self.forEach($0) { tag, text in
        if texts[tag] == nil || isBetter(tag) { texts[tag] = Array(text) }
      }
    }
    var result = MemberList()
    for (tag, text) in texts.sorted(by: { $0.key < $1.key }) { text.withUnsafeBytes { result.append(tag, $0) } }
    return result
  }
}
