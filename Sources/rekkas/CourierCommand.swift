import Archive
import ArgumentParser
import DICOM
import Foundation
import Relay

/// `rekkas courier`: carries what the link does not, on a USB stick.
struct CourierCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "courier",
    abstract: "Carries images from a site to its hub on a USB stick, and the receipts back.",
    discussion: """
      For a site whose link is dead. What is written to the stick is encrypted with the site's key: nobody else can read it, and a
      lost stick tells nothing. Each step may be repeated; nothing is deleted at the site before the hub's receipts are back.
      The commands work on the archive alone: stop the site (the hub) first, or they say that it is in use.

        rekkas courier export   /media/stick --config site.yaml      at the site
        rekkas courier import   /media/stick --config hub.yaml       at the hub
        rekkas courier receipts /media/stick --config site.yaml      at the site, when the stick is back
      """,
    subcommands: [Export.self, Import.self, Receipts.self])

  struct Export: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "At a site: writes everything that the hub has not acknowledged, most urgent first.")
    @Argument(help: "The folder of the stick.") var folder: String
    @OptionGroup var options: ServerOptions
    @OptionGroup var site: SiteFlags

    func run() throws {
      let (archive, key) = try site.open(options)
      defer { try? archive.close() }
      let progress = ProgressLine(quiet: false)
      try PrepareCommand.wait(for: archive, progress)
      let report = try CourierExport(archive: archive, key: key, carrier: folder).run { done, all in
        progress.update("\(done / 1_000_000) of \(all / 1_000_000) MB written")
      }
      progress.finish()
      print(
        "\(report.objects) objects (\(report.bytes / 1_000_000) MB) and \(report.cases) cases written in \(report.files) files."
      )
      if report.acknowledged > 0 { print("\(report.acknowledged) objects were acknowledged by receipts on the stick.") }
      if report.left > 0 { print("\(report.left) objects did not fit: bring another stick, or this one again.") }
      if report.waiting > 0 { print("\(report.waiting) objects could not be prepared yet and stay for the next time.") }
      if report.unreadable > 0 { print("\(report.unreadable) objects could not be read: run rekkas verify.") }
      if report.left + report.waiting + report.unreadable > 0 { throw ExitCode.failure }
    }
  }

  struct Import: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "At the hub: takes what sites have written, and writes the receipts for them.")
    @Argument(help: "The folder of the stick.") var folder: String
    @OptionGroup var options: ServerOptions

    func run() throws {
      let settings = try options.configuration()
      guard let list = settings.sites else {
        throw ConfigurationError(description: "link.sites is not set: without the sites' keys nothing can be read")
      }
      let sites = try SiteList.read(list)
      DICOMLibrary.initialize()
      let archive = try Assembly.openArchive(settings.server)
      defer { try? archive.close() }
      let progress = ProgressLine(quiet: false)
      let (reports, failures) = try CourierImport(archive: archive, sites: sites, carrier: folder).run {
        site, done, all in progress.update("\(site): file \(done) of \(all)")
      }
      progress.finish()
      for report in reports {
        print("\(report.site): \(report.objects) objects and \(report.cases) cases are here, receipts are written.")
        for (digest, reason) in report.refused.sorted(by: { $0.key < $1.key }) {
          print("  refused \(digest): \(reason)")
        }
        if !report.damagedFiles.isEmpty {
          print("  \(report.damagedFiles.count) files are damaged: let the site write them again.")
        }
        if !report.isEverything { print("  The site has more than fitted on the stick.") }
      }
      for failure in failures { StandardError.write("\(failure)") }
      if !failures.isEmpty || reports.contains(where: { !$0.refused.isEmpty || !$0.damagedFiles.isEmpty }) {
        throw ExitCode.failure
      }
    }
  }

  struct Receipts: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "At the site: takes note of what the hub has, as if it had said so over the link.")
    @Argument(help: "The folder of the stick.") var folder: String
    @OptionGroup var options: ServerOptions
    @OptionGroup var site: SiteFlags

    func run() throws {
      let (archive, key) = try site.open(options)
      defer { try? archive.close() }
      let report = try CourierReceipts(archive: archive, key: key, carrier: folder).run()
      print("The hub has \(report.objects) objects and \(report.cases) cases.")
      for (digest, reason) in report.refused.sorted(by: { $0.key < $1.key }) { print("  refused \(digest): \(reason)") }
      if !report.refused.isEmpty { throw ExitCode.failure }
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

  /// The site's archive for a command that works on it alone, and the site's key.
  fileprivate func open(_ options: ServerOptions) throws -> (Archive, SiteKey) {
    let settings = try options.configuration(SiteConfiguration.self, flags: flags)
    let key = try settings.siteKey()
    DICOMLibrary.initialize()
    return (try Archive(options: Site.archiveOptions(settings), logger: Assembly.logger(settings.server)), key)
  }
}
