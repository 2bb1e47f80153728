import Archive
import Foundation
import Imaging
import Yams

/// Reads the file of rules by which images become cases (`Config/case-rules.yaml` explains it).
enum CaseRuleFile {
  /// - Throws: ``ConfigurationError`` with the file's line.
  static func read(_ path: String) throws -> [CaseRule] {
    guard let bytes = FileManager.default.contents(atPath: path), let text = String(bytes: bytes, encoding: .utf8)
    else { throw ConfigurationError(description: "\(path): cannot be read as UTF-8 text; is the path right?") }
    let root: Node?
    do {
      root = try Yams.compose(yaml: text)
    } catch {
      throw ConfigurationError(description: "\(path): this is not YAML: \(error)")
    }
    guard let root, root.null == nil else { return [] }
    guard let list = root["rules"]?.sequence else {
      throw ConfigurationError(
        description: "\(path):\(root.mark?.line ?? 1): the file is a list of rules under \"rules:\"")
    }
    return try list.map { try rule($0, path) }
  }

  private static let keys = [
    "calling-ae-title", "called-ae-title", "modality", "urgency", "specialty", "makes-case", "consent",
  ]

  private static func rule(_ node: Node, _ path: String) throws -> CaseRule {
    guard let mapping = node.mapping else {
      throw ConfigurationError(
        description: "\(path):\(node.mark?.line ?? 1): a rule is a map of \"key: value\" lines")
    }
    var rule = CaseRule()
    for (key, value) in mapping {
      let place = "\(path):\(key.mark?.line ?? 1)"
      let name = key.string ?? ""
      guard keys.contains(name) else {
        let nearest = keys.min { Spelling.distance($0, name) < Spelling.distance($1, name) } ?? ""
        throw ConfigurationError(description: "\(place): a rule has no \(name); did you mean \(nearest)?")
      }
      guard let text = value.scalar?.string else {
        throw ConfigurationError(description: "\(place): \(name) is one value, not a list or a map")
      }
      do throws(SettingError) {
        try set(name, text, in: &rule)
      } catch {
        throw ConfigurationError(description: "\(place): \(name) \(error.expectation)")
      }
    }
    return rule
  }

  private static func flag(_ text: String) throws(SettingError) -> Bool {
    switch text.lowercased() {
    case "yes", "true": return true
    case "no", "false": return false
    default: throw SettingError("is yes or no")
    }
  }

  private static func set(_ name: String, _ text: String, in rule: inout CaseRule) throws(SettingError) {
    switch name {
    case "calling-ae-title": rule.callingAETitle = try AETitle.validated(text)
    case "called-ae-title": rule.calledAETitle = try AETitle.validated(text)
    case "modality": rule.modality = text.uppercased()
    case "urgency":
      guard let urgency = Urgency.allCases.first(where: { $0.rawValue == text }) else {
        throw SettingError("is one of \(Urgency.allCases.map(\.rawValue).joined(separator: ", "))")
      }
      rule.urgency = urgency
    case "specialty": rule.specialty = text
    case "makes-case": rule.makesCase = try flag(text)
    default: rule.consentGiven = try flag(text)
    }
  }
}
