/// The query of a URL as name and value pairs in the order they came, decoded as browsers and DICOMweb clients encode them.
///
/// `+` is a space, `%XX` a byte, the bytes are UTF-8; a `%` that no two hexadecimal digits follow stands for itself.
struct QueryString: Sendable {
  struct Pair: Equatable, Sendable {
    var name: String
    var value: String
  }

  let pairs: [Pair]
  /// Whether some bytes were not UTF-8 and were replaced: such a query cannot mean what its sender wanted.
  let isMalformed: Bool

  init(_ query: String?) {
    var malformed = false
    pairs = (query ?? "").utf8.split(separator: UInt8(ascii: "&")).map { piece in
      let equals = piece.firstIndex(of: UInt8(ascii: "="))
      let name = Self.decoded(piece[..<(equals ?? piece.endIndex)], malformed: &malformed)
      let value = equals.map { Self.decoded(piece[piece.index(after: $0)...], malformed: &malformed) } ?? ""
      return Pair(name: name, value: value)
    }
    isMalformed = malformed
  }

  /// Every value of a parameter, in order.
  func values(_ name: String) -> [String] { pairs.filter { $0.name == name }.map(\.value) }
  /// The first value of a parameter.
  func first(_ name: String) -> String? { pairs.first { $0.name == name }?.value }

  /// All pairs as one text: equal for queries that say the same in the same order.
  var canonical: String { pairs.map { "\($0.name)\u{0}\($0.value)" }.joined(separator: "\u{0}") }

  private static func decoded(_ piece: Substring.UTF8View, malformed: inout Bool) -> String {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(piece.count)
    var index = piece.startIndex
    while index < piece.endIndex {
      let byte = piece[index]
      index = piece.index(after: index)
      if byte == UInt8(ascii: "+") {
        bytes.append(UInt8(ascii: " "))
      } else if byte == UInt8(ascii: "%"), let value = hexadecimal(piece[index...].prefix(2)) {
        bytes.append(value)
        index = piece.index(index, offsetBy: 2)
      } else {
        bytes.append(byte)
      }
    }
    if let text = String(validating: bytes, as: UTF8.self) { return text }
    malformed = true
    return String(decoding: bytes, as: UTF8.self)
  }

  private static func hexadecimal(_ digits: Substring.UTF8View) -> UInt8? {
    guard digits.count == 2 else { return nil }
    var value: UInt8 = 0
    for digit in digits {
      guard let nibble = Character(Unicode.Scalar(digit)).hexDigitValue, digit < 0x80 else { return nil }
      value = value << 4 | UInt8(nibble)
    }
    return value
  }
}
