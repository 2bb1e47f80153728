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
      ways, and what it lacks is added. A damaged object is moved to the quarantine and named. Nothing is deleted but what an
      interrupted preparation left behind: files for which others stand that are proven equal.
      Exit status: 0 all is well (or was repaired), 1 an object is damaged or missing.

        rekkas verify --data /srv/rekkas
      """)

  @OptionGroup var options: ServerOptions

  @Flag(name: .long, help: "Print the report as JSON.")
  var json = false

  func run() throws {
    let settings = try options.configuration()
    DICOMLibrary.initialize()
    let archive = try Assembly.openArchive(settings.server)
    let progress = ProgressLine(quiet: json)
    let report = try archive.verify { step in
      progress.update("\(step.objectsRead) of \(step.objectsExpected) objects, \(step.bytesRead / 1_000_000) MB")
    }
    progress.finish()
    try archive.close()
    if json {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys]
      print(String(decoding: try encoder.encode(report), as: UTF8.self))
    } else {
      print(Self.text(of: report))
    }
    if report.corrupt + report.missing + report.conflicting > 0 { throw ExitCode.failure }
  }

  /// The report for people: one line of counts, then what to do about what was found.
  static func text(of report: VerifyReport) -> String {
    var lines = [
      "\(report.objectsRead) objects read (\(report.bytesRead / 1_000_000) MB), \(report.rowsAdded) put back into the index."
    ]
    if report.corrupt > 0 {
      lines.append(
        "\(report.corrupt) damaged: moved to the quarantine (rekkas quarantine). Send them again from where they came.")
    }
    if report.missing > 0 {
      lines.append("\(report.missing) missing from the disk: send them again from where they came.")
    }
    if report.conflicting > 0 {
      lines.append(
        "\(report.conflicting) in conflict with another object of their SOP Instance UID: moved to the quarantine.")
    }
    if report.restored > 0 {
      lines.append(
        "\(report.restored) lost their prepared file: the received one has its place again, and waits to be prepared.")
    }
    if report.leftovers > 0 {
      lines.append("\(report.leftovers) files for which others stand that are proven equal: removed.")
    }
    if report.strangers > 0 {
      lines.append("\(report.strangers) files in the objects folder are no objects: left alone.")
    }
    if report.corrupt + report.missing + report.conflicting == 0 { lines.append("All is well.") }
    return lines.joined(separator: "\n")
  }
}
