import Imaging
import Yams

/// What is wrong with a configuration: where, which setting, and what it should be.
struct ConfigurationError: Error, Equatable, CustomStringConvertible {
  let description: String
}

/// Reads settings from a file, the environment and `--set`, each source over the one before it.
struct ConfigurationSources<Configuration> {
  let settings: [Setting<Configuration>]

  /// Applies a YAML file of `section: {key: value}`.
  ///
  /// - Throws: ``ConfigurationError`` with the file's line for an unknown key, a wrong value or broken YAML.
  func apply(file text: String, named name: String, to configuration: inout Configuration) throws(ConfigurationError) {
    let root: Node?
    do {
      root = try Yams.compose(yaml: text)
    } catch {
      throw ConfigurationError(description: "\(name): this is not YAML: \(error)")
    }
    guard let root, root.null == nil else { return }
    for (section, node) in try mapping(root, in: name, as: "the file") {
      for (key, value) in try mapping(node, in: name, as: "the section \(section.text)") {
        let place = "\(name):\(key.line)"
        guard let scalar = value.scalar else {
          throw ConfigurationError(
            description: "\(place): \(section.text).\(key.text) is one value, not a list or a map")
        }
        try apply("\(section.text).\(key.text)", scalar.string, at: place, to: &configuration)
      }
    }
  }

  /// Applies the variables `REKKAS_SECTION_KEY`; one of a known section that names no setting is a misspelling.
  func apply(environment: [String: String], to configuration: inout Configuration) throws(ConfigurationError) {
    let known = Dictionary(uniqueKeysWithValues: settings.map { ($0.environmentVariable, $0.key) })
    let sections = Set(settings.map { "REKKAS_" + $0.key.prefix { $0 != "." }.uppercased() + "_" })
    for (name, value) in environment.sorted(by: { $0.key < $1.key }) {
      if let key = known[name] {
        try apply(key, value, at: name, to: &configuration)
      } else if sections.contains(where: name.hasPrefix) {
        let nearest = known.keys.min { Spelling.distance($0, name) < Spelling.distance($1, name) } ?? ""
        throw ConfigurationError(description: "\(name): there is no such setting; did you mean \(nearest)?")
      }
    }
  }

  /// Applies `section.key=value` as given to `--set`.
  func apply(assignments: [String], to configuration: inout Configuration) throws(ConfigurationError) {
    for assignment in assignments {
      guard let equals = assignment.firstIndex(of: "=") else {
        throw ConfigurationError(description: "--set \(assignment): write it as section.key=value")
      }
      let value = String(assignment[assignment.index(after: equals)...])
      try apply(String(assignment[..<equals]), value, at: "--set", to: &configuration)
    }
  }

  /// Applies one value; `place` says where it came from when it is wrong.
  func apply(_ key: String, _ value: String, at place: String, to configuration: inout Configuration)
    throws(ConfigurationError)
  {
    guard let setting = settings.first(where: { $0.key == key }) else {
      let nearest = settings.map(\.key).min { Spelling.distance($0, key) < Spelling.distance($1, key) }
      let hint = nearest.map { Spelling.distance($0, key) <= 6 ? "; did you mean \($0)?" : "" } ?? ""
      throw ConfigurationError(description: "\(place): there is no setting \(key)\(hint)")
    }
    do {
      try setting.apply(&configuration, value)
    } catch let error as SettingError {
      throw ConfigurationError(description: "\(place): \(key) \(error.expectation)")
    } catch {
      throw ConfigurationError(description: "\(place): \(key): \(error)")
    }
  }

  private func mapping(_ node: Node, in name: String, as what: String) throws(ConfigurationError)
    -> [((text: String, line: Int), Node)]
  {
    guard let mapping = node.mapping else {
      let line = node.mark?.line ?? 1
      throw ConfigurationError(description: "\(name):\(line): \(what) is a map of \"key: value\" lines")
    }
    return mapping.map { (($0.key.string ?? "", $0.key.mark?.line ?? 1), $0.value) }
  }
}
