import Archive
import ArgumentParser
import DICOM
import Foundation
import Logging

/// `rekkas import`: files, folders and DICOMDIRs into an archive that no hub has open.
struct ImportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import",
    abstract: "Takes DICOM files, folders and DICOMDIRs into the archive.",
    discussion: """
      Every image is stored as a received one is: flushed, checked, indexed; what is there already costs nothing.
      Files of a folder that are not DICOM are passed over; whatever else is not taken is named with its reason, and
      what was damaged or in conflict waits in the quarantine (rekkas quarantine).

        rekkas import --data /srv/rekkas /media/cdrom
        rekkas import --data /srv/rekkas /media/cdrom/DICOMDIR scan1.dcm

      The archive must not be open in a running hub; to a running hub send with storescu or STOW-RS.
      """)

  @Argument(help: "Files, folders and DICOMDIR files.")
  var paths: [String]

  @OptionGroup var options: ServerOptions

  @Option(name: .long, help: ArgumentHelp("Files read and stored at the same time.", valueName: "n"))
  var jobs = 4

  @Flag(name: .long, help: "Say nothing but what was not taken, and the result.")
  var quiet = false

  func validate() throws {
    guard (1...64).contains(jobs) else { throw ValidationError("--jobs is a number from 1 to 64.") }
  }

  func run() throws {
    let settings = try options.configuration()
    let list = try ImportList(paths: paths)
    DICOMLibrary.initialize()
    let archive = try Assembly.openArchive(settings.server)
    let result = FileImport(archive: archive, progress: ProgressLine(quiet: quiet)).run(list, jobs: jobs)
    try archive.close()
    for line in result.refusals.sorted() { StandardError.write(line) }
    print(result.summary)
    if result.refused > 0 || result.missing > 0 { throw ExitCode.failure }
  }
}

/// What an import came to.
struct ImportResult: Sendable {
  var stored = 0
  var alreadyThere = 0
  var refused = 0
  var notDICOM = 0
  var missing = 0
  var bytes = 0
  var seconds = 0.0
  var refusals: [String] = []

  /// One line for people.
  var summary: String {
    var parts = ["\(stored) stored", "\(alreadyThere) already there", "\(refused) not taken"]
    if notDICOM > 0 { parts.append("\(notDICOM) not DICOM") }
    if missing > 0 { parts.append("\(missing) named by a DICOMDIR but missing") }
    let rate = seconds > 0 ? Double(bytes) / 1e6 / seconds : 0
    return parts.joined(separator: ", ")
      + String(format: " (%.1f MB in %.1f s, %.0f MB/s)", Double(bytes) / 1e6, seconds, rate)
  }
}

/// Reads files and stores them, several at a time, each on a thread of its own.
final class FileImport: @unchecked Sendable {
  private let archive: Archive
  private let progress: ProgressLine
  private let lock = NSLock()
  private var result = ImportResult()
  private var next = 0

  init(archive: Archive, progress: ProgressLine) {
    self.archive = archive
    self.progress = progress
  }

  func run(_ list: ImportList, jobs: Int) -> ImportResult {
    let start = ContinuousClock.now
    result.missing = list.missing.count
    result.refusals = list.missing.map { "\($0): named by the DICOMDIR but not there" }
    let group = DispatchGroup()
    for _ in 0..<max(1, min(jobs, list.files.count)) {
      group.enter()
      Thread.detachNewThread { [self] in
        while let file = take(list) { handle(file, of: list.files.count) }
        group.leave()
      }
    }
    group.wait()
    progress.finish()
    let elapsed = (ContinuousClock.now - start).components
    result.seconds = Double(elapsed.seconds) + Double(elapsed.attoseconds) / 1e18
    return result
  }

  private func take(_ list: ImportList) -> ImportList.File? {
    lock.withLock {
      guard next < list.files.count else { return nil }
      next += 1
      return list.files[next - 1]
    }
  }

  private func handle(_ file: ImportList.File, of total: Int) {
    let outcome = store(file)
    let (done, taken) = lock.withLock {
      switch outcome {
      case .stored(let bytes):
        result.stored += 1
        result.bytes += bytes
      case .alreadyThere(let bytes):
        result.alreadyThere += 1
        result.bytes += bytes
      case .notDICOM: result.notDICOM += 1
      case .refused(let why):
        result.refused += 1
        result.refusals.append("\(file.path): \(why)")
      }
      return (result.stored + result.alreadyThere + result.notDICOM + result.refused, result.bytes)
    }
    progress.update("\(done) of \(total) files, \(taken / 1_000_000) MB")
  }

  private enum Outcome {
    case stored(Int)
    case alreadyThere(Int)
    case notDICOM
    case refused(String)
  }

  private func store(_ file: ImportList.File) -> Outcome {
    guard let handle = FileHandle(forReadingAtPath: file.path) else { return .refused("cannot be read") }
    defer { try? handle.close() }
    do {
      let spool = try archive.makeSpool()
      var receiver = Part10Receiver(spool: spool)
      var count = 0
      while let piece = try handle.read(upToCount: 1 << 20), !piece.isEmpty {
        if count == 0, !file.isNamed, !ImportList.looksLikeDICOM(piece) { return .notDICOM }
        count += piece.count
        try piece.withUnsafeBytes { try receiver.receive($0) }
      }
      _ = try receiver.finish()
      switch try archive.store(spool, receipt: Receipt(channel: .import)) {
      case .stored: return .stored(count)
      case .duplicate: return .alreadyThere(count)
      }
    } catch let failure as StoreFailure {
      let kept = failure.quarantineID.map { " (in quarantine as \($0))" } ?? ""
      return .refused(failure.description + kept)
    } catch let failure as ParseFailure {
      return .refused(failure.reason)
    } catch {
      return .refused("\(error)")
    }
  }
}
