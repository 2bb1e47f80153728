import Foundation

/// The rules of attribute matching (PS3.4 §C.2.2.2) on texts, and as SQL on columns that hold such texts.
enum MatchText {
  /// Whether a value has wild cards.
  static func isWild(_ text: String) -> Bool { text.utf8.contains { $0 == 0x2A || $0 == 0x3F } }

  /// A DICOM wild-card pattern as SQLite's GLOB: `*` and `?` mean the same there, and `[` is no longer special.
  static func glob(_ text: String) -> String { text.replacing("[", with: "[[]") }

  /// The text before the first wild card.
  static func prefix(_ text: String) -> String { String(text.prefix { $0 != "*" && $0 != "?" }) }

  /// Greater than every text that begins with `prefix`.
  static func upperBound(_ prefix: String) -> String { prefix + "\u{10FFFF}" }

  /// Whether `text` matches a pattern with `*` and `?`.
  static func matches(_ text: String, pattern: String) -> Bool {
    let text = Array(text.unicodeScalars)
    let pattern = Array(pattern.unicodeScalars)
    var (t, p) = (0, 0)
    // Where the last star stood, and how much text it covers: only the last one ever needs to take more.
    var star: (pattern: Int, text: Int)?
    while t < text.count {
      if p < pattern.count, pattern[p] == "*" {
        star = (p, t)
        p += 1
      } else if p < pattern.count, pattern[p] == "?" || pattern[p] == text[t] {
        p += 1
        t += 1
      } else if let last = star {
        star = (last.pattern, last.text + 1)
        p = last.pattern + 1
        t = last.text + 1
      } else {
        return false
      }
    }
    return pattern[p...].allSatisfy { $0 == "*" }
  }

  /// The inclusive bounds of a date or a range of dates, in the form of columns; nil for what is neither.
  static func dateRange(_ text: String) -> ClosedRange<String>? {
    let text = text.filter { $0 != " " }
    // 2026-11-22, as people write it, is one date and not a range of months.
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    if parts.map(\.count) == [4, 2, 2] { return dateRange(parts.joined()) }
    return range(text, lower: { bound($0, "00000000", [4, 6, 8]) }, upper: { bound($0, "99999999", [4, 6, 8]) })
  }

  /// The inclusive bounds of a time or a range of times; a time that stops at hours or minutes covers them whole.
  static func timeRange(_ text: String) -> ClosedRange<String>? {
    let text = text.filter { $0 != ":" && $0 != " " }
    func cut(_ part: String, _ fill: String) -> String? {
      let pieces = part.split(separator: ".", omittingEmptySubsequences: false)
      guard pieces.count <= 2, let whole = bound(String(pieces[0]), String(fill.prefix(6)), [2, 4, 6]) else {
        return nil
      }
      guard pieces.count == 2 else { return fill.hasPrefix("0") ? whole : whole + ".999999" }
      let fraction = pieces[1]
      guard pieces[0].count == 6, (1...6).contains(fraction.count), fraction.allSatisfy(\.isASCIIDigit) else {
        return nil
      }
      return fill.hasPrefix("0") ? part : whole + "." + fraction + String(repeating: "9", count: 6 - fraction.count)
    }
    return range(text, lower: { cut($0, "000000") }, upper: { cut($0, "999999") })
  }

  private static func range(
    _ text: String, lower: (String) -> String?, upper: (String) -> String?
  ) -> ClosedRange<String>? {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false).map(String.init)
    switch parts.count {
    case 1:
      guard let low = lower(parts[0]), let high = upper(parts[0]) else { return nil }
      return low <= high ? low...high : nil
    case 2:
      // Every stored value begins with a digit.
      let low = parts[0].isEmpty ? "0" : lower(parts[0])
      let high = parts[1].isEmpty ? ":" : upper(parts[1])
      guard let low, let high, !(parts[0].isEmpty && parts[1].isEmpty) else { return nil }
      // A range that ends before it begins is well said, and empty.
      return low <= high ? low...high : "~"..."~"
    default: return nil
    }
  }

  private static func bound(_ text: String, _ fill: String, _ lengths: [Int]) -> String? {
    guard lengths.contains(text.count), text.allSatisfy(\.isASCIIDigit) else { return nil }
    return text + fill.dropFirst(text.count)
  }
}

extension Character {
  fileprivate var isASCIIDigit: Bool { isASCII && isNumber }
}
