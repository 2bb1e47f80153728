import Archive
import ArgumentParser
import DICOM
import Foundation

/// `rekkas prepare`: prepares what waits while no hub runs, or says how far the preparation is.
struct PrepareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "prepare",
    abstract: "Prepares received images while no hub runs, and says what could not be prepared.",
    discussion: """
      A running hub prepares images by itself, when nothing else is to be done; its /metrics say how far it is. This command is
      for a stopped one, for example after a large import: it uses every processor, and can be ended at any time.
      Exit status: 0 nothing waits, 1 something could not be prepared or still waits, 64 the archive is a site's: there the running site \
      prepares, because its name goes into every file that it sends.

        rekkas prepare --data /srv/rekkas
        rekkas prepare --data /srv/rekkas --status
        rekkas prepare --data /srv/rekkas --retry
      """)

  @OptionGroup var options: ServerOptions

  @Flag(name: .long, help: "Only say how far the preparation is.")
  var status = false

  @Flag(name: .long, help: "Try again what could not be prepared, after its cause was mended.")
  var retry = false

  @Flag(name: .long, help: "Decide anew about everything that was not prepared: after a change of the profile.")
  var reconsider = false

  func run() throws {
    var settings = try options.configuration().server
    DICOMLibrary.initialize()
    if !status { try requireHub(settings) }
    settings.prepares = !status
    if settings.preparationThreads == 0 { settings.preparationThreads = ProcessInfo.processInfo.activeProcessorCount }
    let archive = try Archive(
      options: Assembly.preparingOptions(settings, profile: Assembly.profile(settings)),
      logger: Assembly.logger(settings))
    if retry || reconsider { _ = try archive.retryPreparation(onlyRefused: !reconsider) }
    if !status {
      let progress = ProgressLine(quiet: false)
      try Self.wait(for: archive, progress)
      progress.finish()
    }
    let result = try archive.preparationStatus()
    try archive.close()
    print(Self.text(of: result))
    if result.waiting > 0 || result.refused > 0 { throw ExitCode.failure }
  }

  /// A site's objects are prepared with its name as Issuer of Patient ID, which only its own settings know.
  private func requireHub(_ settings: ServerConfiguration) throws {
    var settings = settings
    settings.prepares = false
    let archive = try Archive(
      options: Assembly.preparingOptions(settings, profile: .standard), logger: Assembly.logger(settings))
    let isOfSite = try archive.outbox.isOfSite()
    try archive.close()
    if isOfSite {
      throw ValidationError(
        "\(settings.directory) is the archive of a site. Start rekkas site: it prepares what waits. --status is possible."
      )
    }
  }

  /// Until nothing waits, or nothing has moved for two minutes: then the disk is full or broken, and the log says so.
  static func wait(for archive: Archive, _ progress: ProgressLine) throws {
    var last = (waiting: -1, since: ContinuousClock.now)
    while true {
      let waiting = try archive.preparationStatus().waiting
      if waiting != last.waiting { last = (waiting, .now) }
      if waiting == 0 || ContinuousClock.now - last.since > .seconds(120) { break }
      progress.update("\(waiting) images wait")
      usleep(200_000)
    }
  }

  /// For people: what waits, and what stays as it was received, with the codes that the metrics use.
  static func text(of status: PreparationStatus) -> String {
    var lines = [status.waiting == 0 ? "No image waits." : "\(status.waiting) images wait."]
    for reason in status.reasons {
      let what = reason.isRefusal ? "could not be prepared" : "stay as they were received"
      lines.append("\(reason.count) \(what): \(reason.code)")
    }
    if status.refused > 0 {
      lines.append("The log says more of those that could not be prepared; --retry tries them again.")
    }
    return lines.joined(separator: "\n")
  }
}
