import DICOM
import Foundation

/// Matches an attribute that has no column, by the JSON that is kept of it.
struct KeptMatcher {
  let path: [Tag]
  let value: String
  let fuzzy: Bool
  private let test: (String) -> Bool

  /// nil when the value matches everything.
  init?(_ path: [Tag], _ value: String, fuzzy: Bool) throws {
    let value = value.trimmingSpaces()
    guard let tag = path.last, !value.allSatisfy({ $0 == "*" }) else { return nil }
    self.path = path
    self.value = value
    self.fuzzy = fuzzy
    switch DataDictionary.vr(of: tag) {
    case .ui?:
      let uids = Set(value.split { $0 == "\\" || $0 == "," }.map { $0.trimmingSpaces() })
      test = { uids.contains($0) }
    case .da?:
      guard let range = MatchText.dateRange(value) else { throw InvalidMatchValue() }
      test = { range.contains(ColumnText.date($0)) }
    case .tm?:
      guard let range = MatchText.timeRange(value) else { throw InvalidMatchValue() }
      test = { range.contains(ColumnText.time($0)) }
    case .dt?:
      let bounds = value.split(separator: "-", omittingEmptySubsequences: false).map(String.init)
      guard bounds.count <= 2, bounds.joined().allSatisfy({ $0.isASCII && ($0.isNumber || $0 == ".") }) else {
        throw InvalidMatchValue()
      }
      // Texts of one form compare as their times do; a zone is not looked at.
      let upper = bounds[bounds.count - 1].isEmpty ? "~" : bounds[bounds.count - 1] + "~"
      test = { $0 >= bounds[0] && $0 <= upper }
    case .pn?:
      let patterns = fuzzy ? FuzzyName(value).globs : NamePattern(value).globs
      let isFuzzy = fuzzy
      let words = FuzzyName(value).words
      test = { text in
        let name = FoldedName(text)
        if isFuzzy { return words.allSatisfy { word in name.words.contains { $0.hasPrefix(word) } } }
        return NamePattern(value).groups.allSatisfy { pattern in
          name.groups.contains { MatchText.matches($0, pattern: pattern) }
        }
      }
      if patterns.isEmpty { return nil }
    case .is?, .ds?, .us?, .ss?, .ul?, .sl?, .fl?, .fd?, .uv?, .sv?:
      guard let number = Double(value) else { throw InvalidMatchValue() }
      test = { Double($0) == number }
    default:
      let folded = FoldedText.fold(value)
      test = { MatchText.matches(FoldedText.fold($0), pattern: folded) }
    }
  }

  /// Whether one of the values at the path, in any item, matches. `member` gives the text `"GGGGEEEE":{…}` of the first tag.
  func matches(_ member: UnsafeRawBufferPointer) -> Bool {
    let object = Data([0x7B]) + Data(member) + Data([0x7D])
    guard let json = try? JSONSerialization.jsonObject(with: object) as? [String: Any] else { return false }
    return matches(json, path[...])
  }

  private func matches(_ json: [String: Any], _ path: ArraySlice<Tag>) -> Bool {
    guard let tag = path.first, let attribute = json[tag.hex] as? [String: Any],
      let values = attribute["Value"] as? [Any]
    else { return false }
    if path.count > 1 {
      return values.contains { ($0 as? [String: Any]).map { matches($0, path.dropFirst()) } ?? false }
    }
    return values.contains { value in
      switch value {
      case let text as String: return test(text)
      case let number as NSNumber: return test(number.stringValue)
      case let name as [String: Any]:
        let groups = ["Alphabetic", "Ideographic", "Phonetic"].map { name[$0] as? String ?? "" }
        return test(groups.joined(separator: "="))
      default: return false
      }
    }
  }
}
