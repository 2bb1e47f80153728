import ArgumentParser
import Foundation
import Relay

/// `rekkas courier`: carries what the link does not, on a USB stick.
struct CourierCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "courier",
    abstract: "Carries images from a site to its hub on a USB stick, and the receipts back.",
    discussion: """
      For a site whose link is dead, or too thin for what it has. The way of a stick:

        1. at the site   rekkas courier export   /media/stick --config site.yaml
        2. at the hub    rekkas courier import   /media/stick --config hub.yaml
        3. at the site   rekkas courier receipts /media/stick --config site.yaml

      Site and hub may run: then the commands ask them, at the http.address of the same configuration, and whoever may reach \
      that may carry. When none runs they open the archive themselves (--data).

      What is on the stick is encrypted with the site's key: nobody else can read it, nothing can be changed unnoticed, and a lost \
      stick tells nothing. Each step may be ended at any time and repeated: what is there already costs nothing. The site deletes \
      nothing before the hub's receipts are back; the link may go on meanwhile. Sticks of several sites may be one stick.

      Exit status: 0 everything was carried; 1 something stays behind, and is named; 2 the stick is the wrong one, damaged, full, or \
      cannot be read or written; 3 the hub or the site cannot take or give anything at the moment; 64 the command or the \
      configuration is wrong.
      """,
    subcommands: [Export.self, Import.self, Receipts.self])

  struct Export: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "At a site: writes everything that the hub has not acknowledged, most urgent first.",
      discussion: """
        Waits first until what has come in is prepared. A stick that is too small takes what fits; bring another, or the same \
        again when its receipts are back: they are read from it before it is written anew. When the command has ended, everything is \
        on the stick and it may be pulled out; a stick that was pulled out before that is known as unfinished, and nothing of it is taken.
        """)
    @Argument(help: "The folder of the stick.") var folder: String
    @OptionGroup var options: ServerOptions
    @OptionGroup var site: SiteFlags

    func run() async throws {
      let progress = ProgressLine(quiet: false)
      let report = try await CourierPlace.run(progress) {
        try await CourierPlace.atSite(options, site.flags) { peer in
          let clock = CourierClock()
          return try await CourierExport(from: peer, to: folder).run { step in
            switch step {
            case .preparing(let images): progress.update("\(images) images are still being prepared")
            case .writing(let bytes, let all): progress.update("\(clock.text(bytes, of: all)) written")
            }
          }
        }
      }
      print(
        "\(report.objects) images (\(CourierClock.size(report.bytes))) and \(report.cases) cases written in \(report.files) files."
      )
      if report.acknowledged > 0 { print("\(report.acknowledged) images were acknowledged by receipts on the stick.") }
      if report.left > 0 { print("\(report.left) images did not fit: bring another stick, or this one again.") }
      if report.waiting > 0 { print("\(report.waiting) images are not prepared yet and stay for the next time.") }
      if report.unreadable > 0 { print("\(report.unreadable) images could not be read: run rekkas verify.") }
      print("The stick may be pulled out.")
      if report.left + report.waiting + report.unreadable > 0 { throw ExitCode.failure }
    }
  }

  struct Import: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "At the hub: takes what sites have written, and writes the receipts for them.",
      discussion: """
        Needs the hub's list of sites (link.sites), for the keys. A damaged file costs the images in it, which the site writes again \
        the next time; a folder that cannot be read keeps no other site waiting.
        """)
    @Argument(help: "The folder of the stick.") var folder: String
    @OptionGroup var options: ServerOptions

    func run() async throws {
      let progress = ProgressLine(quiet: false)
      let (reports, failures) = try await CourierPlace.run(progress) {
        try await CourierPlace.atHub(options) { peer, sites in
          let clock = CourierClock()
          return try await CourierImport(to: peer, sites: sites, from: folder).run { step in
            progress.update(
              "\(step.site): \(step.objects) of \(step.ofObjects) images, \(clock.text(step.bytes, of: step.ofBytes))")
          }
        }
      }
      for report in reports { for line in CourierText.lines(of: report) { print(line) } }
      for failure in failures { StandardError.write("\(failure)") }
      let stops = failures + reports.flatMap { [$0.stopped, $0.withoutReceipts].compactMap { $0 } }
      if let worst = stops.map({ CourierPlace.status(of: $0) }).max() { throw ExitCode(worst) }
      if reports.contains(where: { !$0.isGood }) { throw ExitCode.failure }
      print("The stick may be pulled out; it brings the receipts back.")
    }
  }

  struct Receipts: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "At the site: takes note of what the hub has, as if it had said so over the link.",
      discussion: "What the hub has may then go from the site's disk, by the site's rule (archive.keep-sent-for).")
    @Argument(help: "The folder of the stick.") var folder: String
    @OptionGroup var options: ServerOptions
    @OptionGroup var site: SiteFlags

    func run() async throws {
      let report = try await CourierPlace.run(ProgressLine(quiet: true)) {
        try await CourierPlace.atSite(options, site.flags) { try await CourierReceipts(for: $0, on: folder).run() }
      }
      print("The hub has \(report.objects) images and \(report.cases) cases.")
      for line in CourierText.refusals(report.refused) { print(line) }
      if !report.refused.isEmpty { throw ExitCode.failure }
    }
  }
}

/// What an import says to people.
private enum CourierText {
  static func lines(of report: CourierImport.Report) -> [String] {
    let before = report.before > 0 ? " (\(report.before) of them were here before)" : ""
    var lines = ["\(report.site): \(report.objects) images\(before) and \(report.cases) cases are here."]
    lines += refusals(report.refused)
    if !report.damagedFiles.isEmpty {
      lines.append(
        "  \(report.damagedFiles.count) files are damaged or missing (\(report.damagedFiles.prefix(3).joined(separator: ", ")))."
      )
    }
    if report.wanting > 0 {
      lines.append("  \(report.wanting) images are not whole: let the site export again, when it has these receipts.")
    }
    if !report.isEverything { lines.append("  The site has more than is on the stick.") }
    if let stopped = report.stopped { lines.append("  Not finished: \(stopped)") }
    if let failure = report.withoutReceipts {
      lines.append("  The receipts could not be written (\(failure)): the site will bring the same images again.")
    } else {
      lines.append("  The receipts are written.")
    }
    return lines
  }

  static func refusals(_ refused: [String: String]) -> [String] {
    refused.sorted { $0.key < $1.key }.map { digest, reason in
      let meaning =
        switch reason {
        case "hub-full": "the hub's disk has no room for it: make room, then import again"
        case "conflict": "the hub has other bytes under the same SOP Instance UID: an administrator must look"
        case "too-many": "too many images of this site are under way: import again"
        default: "the hub cannot use it"
        }
      return "  refused \(digest): \(meaning)"
    }
  }
}

/// The flags that say which site this is.
struct SiteFlags: ParsableArguments {
  @Option(name: .long, help: ArgumentHelp("The site's short name, 2 to 6 letters or digits.", valueName: "name"))
  var name: String?

  @Option(name: .long, help: ArgumentHelp("The hub: https://HOST:PORT.", valueName: "url"))
  var hub: String?

  @Option(name: .long, help: ArgumentHelp("The site's key, as \"rekkas key\" makes it.", valueName: "file"))
  var keyFile: String?

  /// Each flag, the setting it stands for, and its value.
  var flags: [(String, String, String?)] {
    [("--name", "site.name", name), ("--hub", "link.hub", hub), ("--key-file", "link.key-file", keyFile)]
  }
}
