import Archive
import ArgumentParser
import DICOM
import Foundation

/// `rekkas quarantine`: what was kept aside, and what to do with it.
struct QuarantineCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "quarantine",
    abstract: "Shows what was kept aside instead of stored, and why.",
    discussion: """
      An object that cannot be read, or that brings other bytes under a known SOP Instance UID, is kept here with its
      reason and its sender. Nothing leaves the quarantine by itself.

        rekkas quarantine list --data /srv/rekkas
        rekkas quarantine export 12 /tmp/suspect.dcm --data /srv/rekkas
        rekkas quarantine delete 12 --data /srv/rekkas
      """,
    subcommands: [List.self, Export.self, Delete.self], defaultSubcommand: List.self)

  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Lists the entries, newest first.")
    @OptionGroup var options: ServerOptions
    @Option(name: .long, help: ArgumentHelp("Entries at most.", valueName: "n")) var limit = 100
    @Option(name: .long, help: ArgumentHelp("Entries to skip.", valueName: "n")) var offset = 0

    func run() throws {
      let archive = try Assembly.openArchive(options.configuration().server)
      let entries = try archive.quarantined(limit: limit, offset: offset)
      if entries.isEmpty { StandardError.write("The quarantine is empty.") }
      for entry in entries {
        let from = [entry.receipt.callingAETitle, entry.receipt.peerAddress].compactMap { $0 }.joined(separator: " at ")
        print(
          "\(entry.id)\t\(entry.lastReceivedAt.formatted(.iso8601))\t\(entry.times)×\t\(entry.size) bytes\t"
            + "\(entry.receipt.channel.rawValue)\t\(from.isEmpty ? "-" : from)\t\(entry.reason): \(entry.detail)")
      }
      try archive.close()
    }
  }

  struct Export: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Writes the bytes of an entry to a file.")
    @Argument(help: "The entry's number.") var number: Int64
    @Argument(help: "The file to write; it must not exist.") var file: String
    @OptionGroup var options: ServerOptions

    func run() throws {
      guard !FileManager.default.fileExists(atPath: file) else { throw ValidationError("\(file) exists already.") }
      let archive = try Assembly.openArchive(options.configuration().server)
      try archive.exportQuarantined(QuarantineID(rawValue: number), to: file)
      try archive.close()
      print("Entry \(number) is in \(file).")
    }
  }

  struct Delete: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Deletes an entry for ever.")
    @Argument(help: "The entry's number.") var number: Int64
    @OptionGroup var options: ServerOptions

    func run() throws {
      let archive = try Assembly.openArchive(options.configuration().server)
      try archive.deleteQuarantined(QuarantineID(rawValue: number))
      try archive.close()
      print("Entry \(number) is deleted.")
    }
  }
}
