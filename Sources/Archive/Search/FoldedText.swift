import Foundation

/// Text as people mean it when they search: without accents, case, Arabic vowel signs, and the many ways to write one
/// letter.
///
/// "Béchir" and "BECHIR" fold to "bechir"; "أحْمَـد" and "احمد" to "احمد". Folding loses on purpose: what a reader types
/// must find what a device wrote.
enum FoldedText {
  static func fold(_ text: String) -> String {
    // Most texts are ASCII: no tables needed.
    var isASCII = true
    var needsWork = false
    for byte in text.utf8 {
      if byte >= 0x80 {
        isASCII = false
        break
      }
      if byte >= 0x41 && byte <= 0x5A || byte < 0x20 { needsWork = true }
    }
    if isASCII {
      if !needsWork { return text }
      return String(decoding: text.utf8.map { $0 >= 0x41 && $0 <= 0x5A ? $0 | 0x20 : max($0, 0x20) }, as: UTF8.self)
    }
    var folded = String.UnicodeScalarView()
    for scalar in text.decomposedStringWithCompatibilityMapping.unicodeScalars {
      if let replacement = replacements[scalar] {
        folded.append(contentsOf: replacement.unicodeScalars)
        continue
      }
      switch scalar.properties.generalCategory {
      case .nonspacingMark, .enclosingMark, .format: continue
      case .control: folded.append(" ")
      default: folded.append(contentsOf: scalar.properties.lowercaseMapping.unicodeScalars)
      }
    }
    return String(folded)
  }

  /// What Unicode's decomposition does not bring together.
  private static let replacements: [Unicode.Scalar: String] = [
    // Arabic: lengthening stroke, forms of alef, yeh and kaf, teh marbuta written as heh.
    "\u{0640}": "", "\u{0671}": "\u{0627}", "\u{0649}": "\u{064A}", "\u{06CC}": "\u{064A}", "\u{06A9}": "\u{0643}",
    "\u{0629}": "\u{0647}", "\u{06C1}": "\u{0647}",
    // Digits of Arabic scripts.
    "\u{0660}": "0", "\u{0661}": "1", "\u{0662}": "2", "\u{0663}": "3", "\u{0664}": "4",
    "\u{0665}": "5", "\u{0666}": "6", "\u{0667}": "7", "\u{0668}": "8", "\u{0669}": "9",
    "\u{06F0}": "0", "\u{06F1}": "1", "\u{06F2}": "2", "\u{06F3}": "3", "\u{06F4}": "4",
    "\u{06F5}": "5", "\u{06F6}": "6", "\u{06F7}": "7", "\u{06F8}": "8", "\u{06F9}": "9",
    // Latin letters that do not decompose.
    "œ": "oe", "Œ": "oe", "æ": "ae", "Æ": "ae", "ß": "ss", "ø": "o", "Ø": "o", "đ": "d", "Đ": "d", "ł": "l", "Ł": "l",
    "ı": "i", "ð": "d", "Ð": "d", "þ": "th", "Þ": "th",
    // Apostrophes and dashes.
    "\u{2018}": "'", "\u{2019}": "'", "\u{02BC}": "'", "\u{02BB}": "'", "\u{0060}": "'", "\u{00B4}": "'",
    "\u{2010}": "-", "\u{2011}": "-", "\u{2012}": "-", "\u{2013}": "-", "\u{2014}": "-", "\u{00AD}": "",
  ]
}

/// A person's name (PS3.5 §6.2.1) prepared for searching.
///
/// Each component group becomes `^family^given^middle…`, folded and without empty ends; groups are joined by `=`.
/// Example: "Béchir^Salma^^=بشير^سلمى" becomes "^bechir^salma=^بشير^سلمي".
struct FoldedName {
  /// The groups that are not empty, each beginning with `^`.
  let groups: [String]

  init(_ name: String) {
    groups = name.split(separator: "=").compactMap { group in
      let components = group.split(separator: "^", omittingEmptySubsequences: false).map {
        FoldedText.fold(String($0)).split(separator: " ").joined(separator: " ")
      }
      guard let last = components.lastIndex(where: { !$0.isEmpty }) else { return nil }
      return "^" + components[...last].joined(separator: "^")
    }
  }

  /// All groups in one text.
  var key: String { groups.joined(separator: "=") }

  /// What stands between words.
  static let separators: Set<Character> = ["^", "=", " ", "-", "'", ".", ","]

  /// The words of all groups, each once.
  var words: Set<String> {
    Set(groups.flatMap { $0.split { Self.separators.contains($0) } }.map(String.init))
  }

  /// The keys under which the name is found by its beginning: whole groups (with their `^`) and single words.
  var searchKeys: Set<String> { words.union(groups) }
}
