import ArgumentParser
import Foundation
import Imaging

/// `rekkas phantom`: draws synthetic images, the same bytes on every run and machine.
struct PhantomCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "phantom",
    abstract: "Draw synthetic medical images and write them as DICOM files.",
    discussion: """
      The same options give the same bytes, on every run and every machine. The seed is the invented \
      person: studies of one seed, whatever their kind, belong to one patient of one site.

      Kinds:
      \(PhantomKind.allCases.map { kind in
          "  " + kind.rawValue.padding(toLength: 8, withPad: " ", startingAt: 0) + " " + kind.summary
            + " (\(kind.fullSize)\(kind.fullCount > 1 ? ", \(kind.fullCount) \(kind.isStack ? "slices" : "frames")" : ""))"
        }.joined(separator: "\n"))

      Examples:
        rekkas phantom --study ct --slices 300 --output /tmp/ct
        rekkas phantom --study dx --seed 8 --output /tmp/dx
        rekkas phantom --study us --frames 60 --size 640x480 --output /tmp/us
        rekkas phantom --set test-images --output TestImages

      Push them to a hub with any DICOM tool, for example DCMTK's:
        storescu -aec REKKAS localhost 11112 +sd /tmp/ct
      """)

  /// A named collection of studies.
  enum NamedSet: String, ExpressibleByArgument, CaseIterable {
    case testImages = "test-images"
  }

  @Option(help: "What to draw.")
  var study: PhantomKind?

  @Option(help: "Draw a whole set instead: test-images is the small one that the project's tests use.")
  var set: NamedSet?

  @Option(help: "How many slices a CT or MR has. From about 30 on they cover the whole chest or head.")
  var slices: Int?

  @Option(help: "How many frames an ultrasound clip has.")
  var frames: Int?

  @Option(help: "Pixels, as 512 or 2800x2880 (columns x rows); without it, what such a device delivers.")
  var size: PhantomSize?

  @Option(help: "Who the invented patient is, and every vessel and grain.")
  var seed: UInt64 = 1

  @Option(name: .shortAndLong, help: ArgumentHelp("Folder to write to; it is made if need be.", valueName: "dir"))
  var output: String

  @Flag(help: "Replace files of the same name that hold something else.")
  var force = false

  func validate() throws {
    if (study == nil) == (set == nil) {
      throw ValidationError("Say either --study KIND or --set test-images; see rekkas phantom --help.")
    }
    if set != nil, slices != nil || frames != nil || size != nil {
      throw ValidationError("A set has its own sizes: leave --slices, --frames and --size away.")
    }
    if let study {
      if slices != nil, !study.isStack { throw ValidationError("--slices is for ct and mr; us has --frames.") }
      if frames != nil, study != .us { throw ValidationError("--frames is for us; ct and mr have --slices.") }
      do { _ = try PhantomStudy(kind: study, size: size, count: slices ?? frames, seed: seed) } catch {
        throw ValidationError("\(error)")
      }
    }
  }

  func run() throws {
    let studies =
      try study.map { [try PhantomStudy(kind: $0, size: size, count: slices ?? frames, seed: seed)] }
      ?? PhantomSet.testImages
    let folder = URL(fileURLWithPath: output, isDirectory: true)
    do { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) } catch {
      throw PhantomOutputFailure(what: "cannot make the folder \(output)", cause: error)
    }
    let total = studies.reduce(0) { $0 + $1.fileCount }
    var progress = PhantomProgress(total: total)
    var bytes = 0
    for study in studies {
      for index in 0..<study.fileCount {
        let file = study.file(index)
        try write(file, into: folder)
        bytes += file.bytes.count
        progress.step()
      }
    }
    progress.end()
    let megabytes = String(format: "%.1f", Double(bytes) / 1_000_000)
    print("\(total) \(total == 1 ? "file" : "files"), \(megabytes) MB, in \(folder.path)")
  }

  private func write(_ file: PhantomFile, into folder: URL) throws {
    let url = folder.appendingPathComponent(file.name)
    let data = Data(file.bytes)
    if !force, let old = try? Data(contentsOf: url) {
      if old == data { return }
      throw PhantomOutputFailure(
        what: "\(url.path) exists and holds something else; choose another --output, or say --force to replace it")
    }
    do { try data.write(to: url, options: .atomic) } catch {
      throw PhantomOutputFailure(what: "cannot write \(url.path)", cause: error)
    }
  }
}

extension PhantomKind: ExpressibleByArgument {}

extension PhantomSize: ExpressibleByArgument {
  public init?(argument: String) { self.init(argument) }
}

/// What was tried and what the system said.
private struct PhantomOutputFailure: Error, CustomStringConvertible {
  let what: String
  var cause: (any Error)?

  var description: String {
    guard let cause else { return what }
    let nested = (cause as NSError).userInfo[NSUnderlyingErrorKey] as? NSError
    let reason =
      if let nested, nested.domain == NSPOSIXErrorDomain { String(cString: strerror(Int32(nested.code))) } else {
        cause.localizedDescription
      }
    return "\(what): \(reason)"
  }
}

/// A line on standard error that says how far the work is, once it has taken a second.
private struct PhantomProgress {
  let total: Int
  private var done = 0
  private let start = ContinuousClock.now
  private var lastShown = ContinuousClock.now
  private var shown = false

  init(total: Int) { self.total = total }

  mutating func step() {
    done += 1
    let now = ContinuousClock.now
    guard now - start > .seconds(1), now - lastShown > .milliseconds(250), done < total else { return }
    lastShown = now
    let seconds = Double((now - start).components.seconds) + 0.5
    let left = Int(seconds / Double(done) * Double(total - done)) + 1
    show("drawing \(done) of \(total), about \(left) s left")
  }

  mutating func end() { if shown { show("") } }

  private mutating func show(_ text: String) {
    // On a terminal the line is written over; in a log one line a quarter of a second would be noise.
    guard isatty(STDERR_FILENO) == 1 else { return }
    shown = true
    FileHandle.standardError.write(Data("\r\u{1B}[K\(text)".utf8))
  }
}
