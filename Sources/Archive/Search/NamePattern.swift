/// What a client asks of a person's name, by the rules of attribute matching: folded, each component group for itself.
struct NamePattern {
  /// For each group of the question the pattern that one group of the name must match, beginning with `^`.
  let groups: [String]

  init(_ value: String) {
    groups = FoldedName(value).groups.filter { group in group.dropFirst().contains { $0 != "*" && $0 != "^" } }
  }

  /// GLOB patterns on a whole name key: of each list one must match.
  var globs: [[String]] {
    groups.map { group in
      let pattern = MatchText.glob(group)
      // "*abc*" needs no look at where the groups end.
      if pattern.hasPrefix("^*"), pattern.hasSuffix("*"), pattern.count > 3 { return [String(pattern.dropFirst())] }
      return [pattern, pattern + "=*", "*=" + pattern, "*=" + pattern + "=*"]
    }
  }
}

/// What a client asks of a person's name with `fuzzymatching`: words, each the beginning of a word of the name.
struct FuzzyName {
  let words: [String]

  init(_ value: String) {
    words = Set(
      FoldedText.fold(value).split { FoldedName.separators.contains($0) || $0 == "*" || $0 == "?" }.map(String.init)
    ).sorted { ($0.count, $0) > ($1.count, $1) }
  }

  /// GLOB patterns on a whole name key, which always begins with a separator: all must match.
  var globs: [[String]] {
    words.map { ["*[ ^=.,'-]" + MatchText.glob($0) + "*"] }
  }
}
