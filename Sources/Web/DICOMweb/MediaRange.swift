/// One entry of an `Accept` header (RFC 9110 §12.5.1) or a `Content-Type`, read as leniently as real clients need.
///
/// Parameters may be quoted or not, even when they hold a slash (`type=application/octet-stream`), and may come twice
/// (cornerstone sends two `transfer-syntax` in one entry). A broken entry is skipped: it never makes a request fail.
struct MediaRange: Equatable, Sendable {
  /// In lower case; `*` for any.
  var type: String
  var subtype: String
  /// Names in lower case, values as sent without their quotes, in order of appearance.
  var parameters: [Parameter] = []
  /// `q`, 0…1.
  var quality: Double = 1

  struct Parameter: Equatable, Sendable {
    var name: String
    var value: String
  }

  /// `type/subtype`.
  var essence: String { "\(type)/\(subtype)" }
  var isAnything: Bool { type == "*" && subtype == "*" }
  var isMultipart: Bool { type == "multipart" && (subtype == "related" || subtype == "*") }

  func values(of name: String) -> [String] {
    parameters.filter { $0.name == name }.map(\.value)
  }

  /// Whether this range covers the given media type (`image/*` covers `image/jpeg`).
  func covers(_ essence: String) -> Bool {
    if isAnything { return true }
    guard let slash = essence.firstIndex(of: "/") else { return false }
    guard type == essence[..<slash] else { return false }
    return subtype == "*" || subtype == essence[essence.index(after: slash)...]
  }

  /// The entries of an `Accept` header in order of preference: by `q`, then as written; those with `q=0` are left out.
  static func list(_ header: String) -> [MediaRange] {
    split(header, at: ",").compactMap { MediaRange($0) }.filter { $0.quality > 0 }.enumerated()
      .sorted {
        $0.element.quality == $1.element.quality ? $0.offset < $1.offset : $0.element.quality > $1.element.quality
      }
      .map(\.element)
  }

  /// Reads one entry; nil when it has no `type/subtype`.
  init?(_ text: some StringProtocol) {
    let pieces = Self.split(text, at: ";")
    guard let first = pieces.first else { return nil }
    let essence = first.lowercased()
    guard let slash = essence.firstIndex(of: "/") else { return nil }
    type = String(essence[..<slash])
    subtype = String(essence[essence.index(after: slash)...])
    guard !type.isEmpty, !subtype.isEmpty else { return nil }
    for piece in pieces.dropFirst() {
      guard let equals = piece.firstIndex(of: "=") else { continue }
      let name = Self.trimmed(piece[..<equals]).lowercased()
      let value = Self.unquoted(Self.trimmed(piece[piece.index(after: equals)...]))
      if name == "q" {
        quality = Double(value).map { min(max($0, 0), 1) } ?? 1
      } else {
        parameters.append(Parameter(name: name, value: value))
      }
    }
  }

  init(type: String, subtype: String) {
    self.type = type
    self.subtype = subtype
  }

  /// Splits outside quotes, trims, drops empty pieces.
  private static func split(_ text: some StringProtocol, at separator: Character) -> [String] {
    var pieces: [String] = []
    var piece = ""
    var quoted = false
    var escaped = false
    for character in text {
      if escaped {
        escaped = false
      } else if quoted, character == "\\" {
        escaped = true
      } else if character == "\"" {
        quoted.toggle()
      } else if character == separator, !quoted {
        pieces.append(piece)
        piece = ""
        continue
      }
      piece.append(character)
    }
    pieces.append(piece)
    return pieces.map { trimmed($0[...]) }.filter { !$0.isEmpty }
  }

  private static func trimmed(_ text: Substring) -> String {
    var text = text
    while let first = text.first, first.isWhitespace { text.removeFirst() }
    while let last = text.last, last.isWhitespace { text.removeLast() }
    return String(text)
  }

  private static func unquoted(_ text: String) -> String {
    guard text.first == "\"" else { return text }
    var out = ""
    var escaped = false
    for character in text.dropFirst() {
      if escaped {
        out.append(character)
        escaped = false
      } else if character == "\\" {
        escaped = true
      } else if character == "\"" {
        break
      } else {
        out.append(character)
      }
    }
    return out
  }
}
