/// Dates, times and names as columns hold them.
enum ColumnText {
  /// `YYYYMMDD`; the old form `YYYY.MM.DD` too; empty for what is no date.
  static func date(_ text: String?) -> String {
    guard let text else { return "" }
    let digits = text.utf8.filter { $0 != 0x2E && $0 != 0x2D && $0 != 0x20 }
    guard digits.count == 8, digits.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return "" }
    return String(decoding: digits, as: UTF8.self)
  }

  /// `HHMMSS`, zeros for what is not given, and the fraction as given, without colons; empty for what is no time.
  static func time(_ text: String?) -> String {
    guard let text else { return "" }
    let kept = text.utf8.filter { $0 != 0x3A && $0 != 0x20 }
    let whole = kept.prefix { $0 != 0x2E }
    let isTime =
      [2, 4, 6].contains(whole.count) && kept.count <= 13
      && kept.allSatisfy { $0 >= 0x30 && $0 <= 0x39 || $0 == 0x2E }
    if !isTime { return "" }
    return String(
      decoding: whole + repeatElement(0x30, count: 6 - whole.count) + kept[whole.endIndex...], as: UTF8.self)
  }
}
