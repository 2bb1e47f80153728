/// A value of a profile file with the line it stands in. The command reads YAML into it; this room checks what it means.
public indirect enum ProfileNode: Sendable, Equatable {
  case scalar(String, line: Int)
  case list([ProfileNode], line: Int)
  case map([Entry], line: Int)

  public struct Entry: Sendable, Equatable {
    public let key: String
    public let line: Int
    public let value: ProfileNode

    public init(key: String, line: Int, value: ProfileNode) {
      self.key = key
      self.line = line
      self.value = value
    }
  }

  var line: Int {
    switch self {
    case .scalar(_, let line), .list(_, let line), .map(_, let line): line
    }
  }
}

/// Something wrong in a profile file: where, and what it should be.
public struct ProfileProblem: Error, Sendable, Equatable, CustomStringConvertible {
  public let line: Int
  public let text: String
  public var description: String { "line \(line): \(text)" }
}

/// All that is wrong in a profile file, in the order of its lines.
public struct ProfileProblems: Error, Sendable, Equatable {
  public let problems: [ProfileProblem]
}

/// Checks a profile file and makes a ``CompressionProfile`` of it.
public struct ProfileReader {
  private var problems: [ProfileProblem] = []

  /// Reads a whole profile.
  ///
  /// - Throws: ``ProfileProblems`` with everything that is wrong, not only the first.
  public static func read(_ root: ProfileNode) throws(ProfileProblems) -> CompressionProfile {
    var reader = ProfileReader()
    let profile = reader.profile(root)
    guard let profile, reader.problems.isEmpty else {
      throw ProfileProblems(problems: reader.problems.sorted { $0.line < $1.line })
    }
    return profile
  }

  private mutating func profile(_ root: ProfileNode) -> CompressionProfile? {
    guard
      let fields = fields(
        root, of: "the profile", known: ["profile", "version", "rules"], required: ["profile", "rules"])
    else { return nil }
    let name = fields["profile"].flatMap { text($0, "profile") } ?? ""
    let version = fields["version"].flatMap { number($0, "version", 1...1_000_000) } ?? 1
    guard case .list(let nodes, let line)? = fields["rules"] else {
      if let rules = fields["rules"] { report(rules.line, "rules is a list: each rule starts with \"- name:\"") }
      return nil
    }
    var rules: [ProfileRule] = []
    var names: Set<String> = []
    for (n, node) in nodes.enumerated() {
      guard let rule = rule(node) else { continue }
      if !names.insert(rule.name).inserted { report(node.line, "there is another rule named \(rule.name)") }
      let isLast = n == nodes.count - 1
      if isLast, !rule.conditions.isEmpty {
        report(node.line, "the last rule has no \"when\": it is for every image that no other rule fits")
      }
      if !isLast, rule.conditions.isEmpty {
        report(
          node.line, "rule \(rule.name) fits every image, so the rules after it are never reached: give it a \"when\"")
      }
      rules.append(rule)
    }
    if nodes.isEmpty { report(line, "a profile has at least one rule, the last for every image") }
    return CompressionProfile(name: name, version: Int(version), rules: rules)
  }

  private mutating func rule(_ node: ProfileNode) -> ProfileRule? {
    guard
      let fields = fields(
        node, of: "a rule", known: ["name", "because", "when", "then"], required: ["name", "because", "then"])
    else { return nil }
    var conditions: [ProfileCondition] = []
    if let when = fields["when"] {
      guard case .map(let entries, let line) = when else {
        report(when.line, "when is a map of conditions, for example \"modality: [CT, PT]\"")
        return nil
      }
      if entries.isEmpty { report(line, "when is empty: leave it out for a rule that fits every image") }
      for entry in entries {
        if let condition = condition(entry) { conditions.append(condition) }
      }
    }
    let name = fields["name"].flatMap { text($0, "name") } ?? ""
    let because = fields["because"].flatMap { text($0, "because") } ?? ""
    let then = fields["then"].flatMap { action($0) } ?? ProfileAction()
    return ProfileRule(name: name, because: because, conditions: conditions, action: then)
  }

  private mutating func condition(_ entry: ProfileNode.Entry) -> ProfileCondition? {
    guard let key = ProfileKey(rawValue: entry.key) else {
      unknown(entry.key, at: entry.line, among: ProfileKey.allCases.map(\.rawValue), in: "when")
      return nil
    }
    if key.isNumber { return range(entry.value, entry.key).map { ProfileCondition(key: key, test: .within($0)) } }
    let words: [String]
    switch entry.value {
    case .scalar(let word, _): words = [word]
    case .list(let nodes, _): words = nodes.compactMap { text($0, entry.key) }
    case .map(_, let line):
      report(line, "\(entry.key) is a word or a list of words, for example [CT, MR]")
      return nil
    }
    guard !words.isEmpty, !words.contains("") else {
      report(entry.line, "\(entry.key) names no word")
      return nil
    }
    return ProfileCondition(key: key, test: .oneOf(words.map { $0.uppercased() }))
  }

  private mutating func action(_ node: ProfileNode) -> ProfileAction? {
    let known = ["codec", "layers", "keep-received", "thumbnail", "hide-burned-in-text"]
    guard let fields = fields(node, of: "then", known: known, required: ["codec"]) else { return nil }
    var action = ProfileAction()
    if let node = fields["codec"], let name = text(node, "codec") {
      if let codec = ProfileAction.Codec(rawValue: name) {
        action.codec = codec
      } else {
        unknown(name, at: node.line, among: ProfileAction.Codec.allCases.map(\.rawValue), in: "codec")
      }
    }
    if let node = fields["layers"], let layers = layers(node) { action.layers = layers }
    if let node = fields["keep-received"], let value = flag(node, "keep-received") { action.keepReceived = value }
    if let node = fields["hide-burned-in-text"], let value = flag(node, "hide-burned-in-text") {
      action.hideBurnedInText = value
    }
    if let node = fields["thumbnail"], let side = number(node, "thumbnail", 32...512) { action.thumbnail = Int(side) }
    return action
  }

  private mutating func layers(_ node: ProfileNode) -> [Int]? {
    guard case .list(let nodes, let line) = node else {
      report(node.line, "layers is a list of sizes, for example [4K, 12K, 40K, 120K]")
      return nil
    }
    let sizes = nodes.compactMap { size($0) }
    guard sizes.count == nodes.count else { return nil }
    guard (1...16).contains(sizes.count), zip(sizes, sizes.dropFirst()).allSatisfy({ $0 < $1 }), sizes[0] >= 1024 else {
      report(line, "layers are 1 to 16 sizes, each larger than the one before, the first at least 1K")
      return nil
    }
    return sizes
  }

  // MARK: - Values

  private mutating func size(_ node: ProfileNode) -> Int? {
    guard let text = text(node, "a layer") else { return nil }
    let isKilo = text.last.map { "kK".contains($0) } ?? false
    guard let value = Int(isKilo ? String(text.dropLast()) : text), value > 0, value < 1 << 30 else {
      report(node.line, "\(text) is no size: write bytes or K, for example 12K")
      return nil
    }
    return isKilo ? value << 10 : value
  }

  private mutating func range(_ node: ProfileNode, _ key: String) -> ClosedRange<Double>? {
    guard let text = text(node, key) else { return nil }
    var low = Double(text)
    var high = low
    if let dots = text.firstRange(of: "..") {
      let (before, after) = (text[..<dots.lowerBound], text[dots.upperBound...])
      low = before.isEmpty ? -.infinity : Double(before)
      high = after.isEmpty ? .infinity : Double(after)
    }
    guard let low, let high, low <= high, text != ".." else {
      report(node.line, "\(key) is a number or a range, for example 16, 8..12, 2.. or ..64")
      return nil
    }
    return low...high
  }

  private mutating func number(_ node: ProfileNode, _ key: String, _ range: ClosedRange<Double>) -> Double? {
    guard let text = text(node, key) else { return nil }
    guard let value = Double(text), value == value.rounded(), range.contains(value) else {
      report(node.line, "\(key) is a whole number from \(Int(range.lowerBound)) to \(Int(range.upperBound))")
      return nil
    }
    return value
  }

  private mutating func flag(_ node: ProfileNode, _ key: String) -> Bool? {
    guard let text = text(node, key) else { return nil }
    switch text.lowercased() {
    case "true", "yes": return true
    case "false", "no": return false
    default:
      report(node.line, "\(key) is yes or no")
      return nil
    }
  }

  private mutating func text(_ node: ProfileNode, _ key: String) -> String? {
    guard case .scalar(let text, let line) = node else {
      report(node.line, "\(key) is one value, not a list or a map")
      return nil
    }
    if text.isEmpty { report(line, "\(key) is empty") }
    return text
  }

  private mutating func fields(_ node: ProfileNode, of what: String, known: [String], required: [String]) -> [String:
    ProfileNode]?
  {
    guard case .map(let entries, let line) = node else {
      report(node.line, "\(what) is a map of \"key: value\" lines")
      return nil
    }
    var fields: [String: ProfileNode] = [:]
    for entry in entries {
      if !known.contains(entry.key) {
        unknown(entry.key, at: entry.line, among: known, in: what)
      } else if fields.updateValue(entry.value, forKey: entry.key) != nil {
        report(entry.line, "\(entry.key) stands twice in \(what)")
      }
    }
    for key in required where fields[key] == nil { report(line, "\(what) needs \"\(key):\"") }
    return fields
  }

  private mutating func unknown(_ word: String, at line: Int, among known: [String], in place: String) {
    let nearest = known.min { Spelling.distance($0, word) < Spelling.distance($1, word) } ?? ""
    let hint =
      Spelling.distance(nearest, word) <= 3
      ? "did you mean \(nearest)?" : "it is one of \(known.joined(separator: ", "))"
    report(line, "\(place) knows no \(word); \(hint)")
  }

  private mutating func report(_ line: Int, _ text: String) {
    problems.append(ProfileProblem(line: line, text: text))
  }
}
