import ArgumentParser
import DICOM
import Foundation
import Imaging

/// `rekkas measure`: what the quality layers of images are worth, in numbers and in pictures.
struct MeasureCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "measure",
    abstract: "Measures the quality layers of images: bytes, errors, times, and a sheet to look at.",
    discussion: """
      Each image is encoded as the hub would, decoded from every layer and compared with the original over all stored values \
      of the frame; beside it stand JPEG-LS, deflate and the raw bytes. (HTJ2K is not among them: rekkas has a decoder for \
      it and no encoder.)

        rekkas measure image.dcm
        rekkas measure image.dcm --layers 4K,12K,40K --sheet sheet.png
        rekkas measure folder --json > measures.json

      PSNR in dB; its peak is the range of the frame's values. SSIM as Wang et al. defined it in 2004 (Gaussian windows of \
      11 x 11), 1 is equal. Errors are in stored values. Seconds count the bytes of the picture alone.
      """)

  @Argument(help: "DICOM files and folders.")
  var paths: [String]

  @Option(name: .long, help: ArgumentHelp("The compression profile that says where layers end.", valueName: "file"))
  var profile = "Config/profiles/default.yaml"

  @Option(name: .long, help: ArgumentHelp("Where layers end instead, as 4K,12K,40K.", valueName: "sizes"))
  var layers: LayerSizes?

  @Option(name: .long, help: ArgumentHelp("Which frame, from 1; without it, the middle one.", valueName: "n"))
  var frame: Int?

  @Flag(name: .long, help: "Write JSON instead of tables.")
  var json = false

  @Option(
    name: .long, help: ArgumentHelp("Draw the layers of one image at 1:1 and their differences.", valueName: "out.png"))
  var sheet: String?

  @Option(name: .long, help: ArgumentHelp("Side of the part of large images that a sheet shows.", valueName: "pixels"))
  var detail = 640

  @Option(name: .long, help: ArgumentHelp("Upper left corner of that part, as 900,700.", valueName: "x,y"))
  var corner: PixelCorner?

  @Option(name: .long, help: ArgumentHelp("What a sheet multiplies differences with.", valueName: "factor"))
  var amplify: Int?

  func validate() throws {
    if let frame, frame < 1 { throw ValidationError("--frame counts from 1.") }
    guard (64...4096).contains(detail) else { throw ValidationError("--detail is a number from 64 to 4096.") }
    if let amplify, !(1...128).contains(amplify) { throw ValidationError("--amplify is a number from 1 to 128.") }
    if sheet == nil, corner != nil || amplify != nil {
      throw ValidationError("--corner and --amplify are for --sheet out.png; say where the sheet goes.")
    }
  }

  func run() async throws {
    let list = try ImportList(paths: paths)
    if sheet != nil, list.files.count != 1 {
      throw ValidationError("--sheet draws one image, here are \(list.files.count): name the file.")
    }
    DICOMLibrary.initialize()
    let rules = try layers == nil ? ProfileFile.read(profile) : nil
    let pool = RenderPool(executable: "/proc/self/exe", workers: 1, timeLimit: .seconds(60))
    let progress = ProgressLine(quiet: list.files.count == 1)
    var measured: [MeasureReport] = []
    var failures: [(path: String, why: String)] = []
    for (index, file) in list.files.enumerated() {
      progress.update("\(index) of \(list.files.count) images")
      do {
        guard let subject = try await MeasureSubject.open(file, pool: pool) else { continue }
        defer { subject.close() }
        let (report, pictures) = try measure(file.path, subject, rules)
        measured.append(report)
        if !json {
          progress.finish()
          print(report.table)
        }
        if let sheet { try draw(report.measure, pictures, subject, to: sheet) }
      } catch {
        failures.append((file.path, (error as? MeasureRefusal)?.description ?? "\(error)"))
      }
    }
    await pool.shutdown()
    progress.finish()
    if json {
      print(try MeasureReport.json(measured, failures))
    } else if measured.count > 1 {
      print(MeasureReport.summary(measured))
    }
    for failure in failures { StandardError.write("\(failure.path): \(failure.why)") }
    if measured.isEmpty && failures.isEmpty { StandardError.write("There is no DICOM file here to measure.") }
    // In a folder there are reports, clips and the like beside images; a file that was named must be measured.
    let named = Set(list.files.filter(\.isNamed).map(\.path))
    if measured.isEmpty || failures.contains(where: { named.contains($0.path) }) { throw ExitCode.failure }
  }

  private func measure(
    _ path: String, _ subject: MeasureSubject, _ rules: CompressionProfile?
  ) throws -> (MeasureReport, MeasuredPictures) {
    let decision = rules?.decide(subject.facts)
    let sizes = layers?.sizes ?? decision?.rule.action.layers ?? Ladder.standardLayers
    let (measure, pictures) = try LadderMeasure.run(path: subject.path, frame: frame.map { $0 - 1 }, layers: sizes)
    var notes = subject.notes
    if let decision, decision.rule.action.codec == .asReceived {
      notes.append("the rule keeps such images as received; these are the layers it would have")
    }
    let report = MeasureReport(
      path: path, modality: subject.facts.words[.modality], rule: decision?.rule.name, notes: notes, measure: measure)
    return (report, pictures)
  }

  private func draw(
    _ measure: LadderMeasure, _ pictures: MeasuredPictures, _ subject: MeasureSubject, to path: String
  ) throws {
    var options = MeasureSheet.Options()
    // The file's name may be a patient's, and sheets are passed on.
    options.title = "Quality layers" + (subject.facts.words[.modality].map { " · \($0)" } ?? "")
    if let syntax = subject.receivedSyntax { options.title += " · received as \(syntax)" }
    options.detail = detail
    options.corner = corner.map { ($0.x, $0.y) }
    options.amplification = amplify
    let image = try MeasureSheet(measure, pictures, options: options).png()
    do {
      try Data(image.bytes).write(to: URL(fileURLWithPath: path), options: .atomic)
    } catch {
      throw MeasureRefusal("the sheet \(path) cannot be written: does its folder exist, and may you write there?")
    }
    StandardError.write(
      "sheet: \(path), \(image.width) x \(image.height) pixels; look for names burned into it before you pass it on")
  }
}

/// `4K,12K,40K`: where layers end, rising.
struct LayerSizes: ExpressibleByArgument {
  let sizes: [Int]

  init?(argument: String) {
    var sizes: [Int] = []
    for part in argument.split(separator: ",", omittingEmptySubsequences: false) {
      let isKilo = part.hasSuffix("K") || part.hasSuffix("k")
      guard let number = Int(isKilo ? part.dropLast() : part), number > 0, number < 1 << 30 else { return nil }
      sizes.append(isKilo ? number * 1024 : number)
    }
    guard (1...15).contains(sizes.count), zip(sizes, sizes.dropFirst()).allSatisfy(<) else { return nil }
    self.sizes = sizes
  }
}

/// `900,700`: a place in an image.
struct PixelCorner: ExpressibleByArgument {
  let x: Int
  let y: Int

  init?(argument: String) {
    let parts = argument.split(separator: ",").map { Int($0) }
    guard parts.count == 2, let x = parts[0], let y = parts[1], x >= 0, y >= 0 else { return nil }
    (self.x, self.y) = (x, y)
  }
}
