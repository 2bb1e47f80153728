import DICOM

/// Puts together one row of an answer: kept members and computed ones, by ascending tag.
struct RowBuilder {
  private var parts: [(tag: Tag, text: UnsafeRawBufferPointer)] = []
  private var computed: [(tag: Tag, text: [UInt8])] = []

  init() {
    parts.reserveCapacity(48)
    computed.reserveCapacity(8)
  }

  /// Adds members of an encoded ``MemberList``. The memory must live until ``finish()``.
  mutating func add(_ members: UnsafeRawBufferPointer, where isWanted: (Tag) -> Bool) {
    MemberList.forEach(members) { tag, text in
      if isWanted(tag) { parts.append((tag, text)) }
    }
  }

  /// Adds members of a whole object's JSON. The memory must live until ``finish()``.
  mutating func add(json: UnsafeRawBufferPointer, where isWanted: (Tag) -> Bool) {
    for member in JSONMembers(json).members where isWanted(member.tag) {
      parts.append((member.tag, UnsafeRawBufferPointer(rebasing: json[member.range])))
    }
  }

  /// Adds a computed attribute; it wins over a kept one.
  mutating func add(_ tag: Tag, _ vr: String, texts: [String]) {
    let values = texts.map { "\"\(Self.escaped($0))\"" }.joined(separator: ",")
    add(tag, "\"\(tag.hex)\":{\"vr\":\"\(vr)\"" + (texts.isEmpty ? "}" : ",\"Value\":[\(values)]}"))
  }

  /// A code may hold what JSON wants escaped: a device wrote it.
  private static func escaped(_ text: String) -> String {
    guard text.utf8.contains(where: { $0 < 0x20 || $0 == 0x22 || $0 == 0x5C }) else { return text }
    return text.unicodeScalars.map { scalar in
      switch scalar {
      case "\"", "\\": "\\\(scalar)"
      case "\0"..<" ": "\\u00" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
      default: String(scalar)
      }
    }.joined()
  }

  mutating func add(_ tag: Tag, _ vr: String, number: Int) {
    add(tag, "\"\(tag.hex)\":{\"vr\":\"\(vr)\",\"Value\":[\(number)]}")
  }

  private mutating func add(_ tag: Tag, _ text: String) { computed.append((tag, Array(text.utf8))) }

  /// The row's text, and where Retrieve URL belongs in it.
  func finish() -> (json: [UInt8], retrieveURLOffset: Int) {
    // Stable: of equal tags the first added comes first.
    let kept = parts.enumerated().sorted { ($0.element.tag, $0.offset) < ($1.element.tag, $1.offset) }.map(\.element)
    let computed = computed.sorted { $0.tag < $1.tag }
    var json: [UInt8] = [0x7B]
    json.reserveCapacity(parts.reduce(256) { $0 + $1.text.count + 1 })
    var retrieveURLOffset: Int?
    var (k, c) = (0, 0)
    var last: Tag?
    while k < kept.count || c < computed.count {
      let takesComputed = c < computed.count && (k == kept.count || computed[c].tag <= kept[k].tag)
      let tag = takesComputed ? computed[c].tag : kept[k].tag
      if tag != last {
        if json.count > 1 { json.append(0x2C) }
        if tag > .retrieveURL, retrieveURLOffset == nil { retrieveURLOffset = json.count }
        if takesComputed { json.append(contentsOf: computed[c].text) } else { json.append(contentsOf: kept[k].text) }
        last = tag
      }
      if takesComputed { c += 1 } else { k += 1 }
    }
    json.append(0x7D)
    return (json, retrieveURLOffset ?? 1)
  }
}
