import Archive
import ArgumentParser
import DICOM
import Foundation

/// `rekkas verify`: reads every object again and compares it with its name.
struct VerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Re-reads every object against its digest and repairs the index.",
    discussion: """
      Every object's SHA-256 is computed again and compared with its name; the index is compared with the objects, both
      ways, and what it lacks is added. A damaged object is moved to the quarantine and named; nothing is deleted.
      Exit status: 0 all is well (or was repaired), 1 an object is damaged or missing.

        rekkas verify --data /srv/rekkas
      """)

  @OptionGroup var options: HubOptions

  @Flag(name: .long, help: "Print the report as JSON.")
  var json = false

  func run() throws {
    let settings = try options.configuration()
    DICOMLibrary.initialize()
    let archive = try Assembly.openArchive(settings)
    let progress = ProgressLine(quiet: json)
    let report = try archive.verify { step in
      progress.update("\(step.objectsDone) of \(step.objectsTotal) objects, \(step.bytesDone / 1_000_000) MB")
    }
    progress.finish()
    try archive.close()
    if json {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys]
      print(String(decoding: try encoder.encode(report), as: UTF8.self))
    } else {
      print(report.description)
    }
    if !report.isSound { throw ExitCode.failure }
  }
}
