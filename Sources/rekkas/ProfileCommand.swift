import ArgumentParser
import DICOM
import Foundation
import Imaging
import Yams

/// `rekkas profile`: checks compression profiles, and explains which rule an image finds.
struct ProfileCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "profile",
    abstract: "Checks compression profiles and explains what they decide.",
    discussion: """
      A compression profile says how images are prepared; Config/profiles/default.yaml explains how to write one.

        rekkas profile check Config/profiles/default.yaml
        rekkas profile explain image.dcm --profile Config/profiles/default.yaml
      """,
    subcommands: [Check.self, Explain.self])

  struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Says what is wrong in profiles, with the lines.")
    @Argument(help: "Profile files (YAML).") var files: [String]

    func run() throws {
      var isSound = true
      for file in files {
        do {
          let profile = try ProfileFile.read(file)
          print(
            "\(file): profile \(profile.name), version \(profile.version), \(profile.rules.count) rules: all is well.")
        } catch let error as ConfigurationError {
          isSound = false
          StandardError.write(error.description)
        }
      }
      if !isSound { throw ExitCode.failure }
    }
  }

  struct Explain: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Says which rule images find, and why not an earlier one.")
    @Argument(help: "DICOM files.") var images: [String]
    @Option(name: .long, help: ArgumentHelp("The profile.", valueName: "file")) var profile =
      "Config/profiles/default.yaml"
    @Option(name: .long, help: ArgumentHelp("The site, as rules name it.", valueName: "name")) var site: String?
    @Option(name: .long, help: ArgumentHelp("The link class, as rules name it.", valueName: "name")) var linkClass:
      String?
    @Option(name: .long, help: ArgumentHelp("The specialty, as rules name it.", valueName: "name")) var specialty:
      String?
    @Option(name: .long, help: ArgumentHelp("The urgency, as rules name it.", valueName: "name")) var urgency: String?

    func run() throws {
      DICOMLibrary.initialize()
      let profile = try ProfileFile.read(profile)
      var isSound = true
      for image in images {
        do {
          var facts = ImageFacts(try ParsedObject.parse(ObjectBytes.mapped(path: image)))
          for case (let key, let value?) in [
            (ProfileKey.site, site), (.linkClass, linkClass), (.specialty, specialty), (.urgency, urgency),
          ] {
            facts.words[key] = value.uppercased()
          }
          print(Self.text(of: profile.decide(facts), for: image))
        } catch {
          isSound = false
          StandardError.write("\(image): \((error as? ParseFailure)?.reason ?? "\(error)")")
        }
      }
      if !isSound { throw ExitCode.failure }
    }

    /// The decision for people: the rule, its reason, what it does, and each rule passed over.
    static func text(of decision: ProfileDecision, for image: String) -> String {
      let action = decision.rule.action
      var lines = ["\(image): rule \"\(decision.rule.name)\"", "  because  \(decision.rule.because)"]
      switch action.codec {
      case .asReceived: lines.append("  codec    the received bytes stay")
      case .ladder:
        let sizes = action.layers.map { $0 % 1024 == 0 ? "\($0 / 1024)K" : "\($0)" }.joined(separator: ", ")
        lines.append("  codec    JPEG 2000 lossless in layers: \(sizes), lossless")
      }
      lines.append(
        "  received \(action.keepReceived ? "is kept beside" : "is replaced once the new file is proven equal")")
      for refusal in decision.refused {
        lines.append("  not \"\(refusal.rule)\": \(refusal.condition), here it is \(refusal.found ?? "absent")")
      }
      return lines.joined(separator: "\n")
    }
  }
}

/// Reads a profile from a YAML file.
enum ProfileFile {
  /// - Throws: ``ConfigurationError`` with one line `file:line: what` for each thing that is wrong.
  static func read(_ path: String) throws -> CompressionProfile {
    guard let bytes = FileManager.default.contents(atPath: path), let text = String(bytes: bytes, encoding: .utf8)
    else {
      throw ConfigurationError(description: "\(path): cannot be read as UTF-8 text; is the path right?")
    }
    let root: Node?
    do {
      root = try Yams.compose(yaml: text)
    } catch {
      throw ConfigurationError(description: "\(path): this is not YAML: \(error)")
    }
    guard let root else { throw ConfigurationError(description: "\(path): the file is empty") }
    do {
      return try ProfileReader.read(node(root))
    } catch {
      throw ConfigurationError(
        description: error.problems.map { "\(path):\($0.line): \($0.text)" }.joined(separator: "\n"))
    }
  }

  private static func node(_ node: Node) -> ProfileNode {
    let line = node.mark?.line ?? 1
    switch node {
    case .scalar(let scalar): return .scalar(scalar.string, line: line)
    case .sequence(let sequence): return .list(sequence.map(self.node), line: line)
    case .mapping(let mapping):
      return .map(
        mapping.map { .init(key: $0.key.string ?? "", line: $0.key.mark?.line ?? line, value: self.node($0.value)) },
        line: line)
    case .alias: return .scalar("", line: line)
    }
  }
}
