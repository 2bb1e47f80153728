import Foundation
import Testing

/// Pictures of the running hub beside those that pydicom and numpy make of the same files (`reference_rendering.py`).
@Suite("Pictures beside a reference")
struct PictureTests {
  /// What `pictures.py` says of one file.
  struct Report: Decodable {
    let path: String
    /// How many frames were compared at full size.
    let frames: Int?
    let syntax: String?
    /// The greatest difference in grey levels at full size, and how many of how many samples differ by more than one.
    let worst: Double?
    let over, samples: Int?
    /// Samples of a greyscale DCT image that differ by more than a decoder's last bit explains.
    let unexplained: Int?
    /// Scaled down to 128 and 61 pixels: the greatest difference to area averages, and the mean one of the worst picture.
    let smallWorst, smallMean: Double?
    let left, refused, error: String?
    let shape: [[Int]]?

    var name: String { (path as NSString).lastPathComponent }
    /// JPEG with a DCT: decoders may differ by a bit.
    var isDCT: Bool {
      ["50", "51", "53", "55"].contains { syntax == "1.2.840.10008.1.2.4.\($0)" }
    }
  }

  private func compare(_ files: [String], twins: [String] = []) throws -> [Report] {
    // Small pictures of prepared objects come from prefixes; how near they are has tests of its own.
    let hub = try HubProcess(arguments: ["--set", "preparation.enabled=false"])
    var arguments = [hub.base] + twins.flatMap { ["--twin", $0] }
    // A contact sheet to look at: reference, hub, and 32 times the difference.
    if let folder = ProcessInfo.processInfo.environment["REKKAS_TEST_SHEETS"] {
      arguments += ["--sheet", "\(folder)/pictures-\(hub.httpPort).png"]
    }
    let result = try Executable.client("pictures.py", arguments + files, seconds: 300)
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    let reports = try result.output.split(separator: "\n").map { try decoder.decode(Report.self, from: Data($0.utf8)) }
    #expect(reports.count == files.count, "\(result.errors)")
    #expect(try hub.stop() == 0)
    return reports
  }

  /// Within one grey level; where two decoders of a DCT stand between, within what their last bits make.
  private func expectEqual(_ file: Report) {
    guard let worst = file.worst, let over = file.over, let samples = file.samples else { return }
    if !file.isDCT {
      #expect(worst <= 1, "\(file)")
    } else if let unexplained = file.unexplained {
      #expect(unexplained == 0, "\(file)")
    } else {
      // Colour: a bit of Y and of each chroma add up to 3. Where the decoder smooths subsampled chroma, edges of a test pattern
      // differ more (seen: 12, in one sample of 80).
      #expect(worst <= (file.name == "TestPattern_JPEG-Baseline_YBR422.dcm" ? 16 : 3), "\(file)")
      #expect(over <= samples / 10, "\(file)")
    }
    // Area averages before the window where the reference averages the same values; colours that leave the gamut are clipped
    // before or after averaging, and a narrow window multiplies the last bit: seen up to 7, in few pixels.
    #expect(file.smallWorst ?? 0 <= 8 && file.smallMean ?? 0 <= 0.6, "\(file)")
  }

  @Test func everyPhotometricCaseIsRenderedAsTheReferenceDoes() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("rekkas-cases-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(at: folder) }
    let written = try Executable.client("picture_cases.py", [folder.path])
    let files = TestData.files(under: folder)
    #expect(written.status == 0 && files.count > 250, "\(written.errors)")
    for file in try compare(files) {
      #expect(file.frames != nil && file.worst ?? .infinity <= 1, "\(file)")
      #expect(file.smallWorst ?? 0 <= 3, "\(file)")
    }
  }

  @Test func theCommittedImagesAreRenderedAsTheReferenceDoes() throws {
    for file in try compare(TestData.files(under: TestData.synthetic)) {
      #expect(file.frames != nil, "\(file)")
      expectEqual(file)
    }
  }

  @Test(.enabled(if: TestData.real != nil))
  func realImagesAreRenderedAsTheReferenceDoes() throws {
    let folder = try #require(TestData.real)
    let files = try TestData.manifest().filter { $0.path.hasSuffix(".dcm") }
    // What pydicom does not decode, beside a native object with the same samples.
    let twins = [
      ("ct_small_jxl_lossless", "modalities/CT/CT_small"), ("smear_jxl_lossless", "syntaxes/smear_jls_lossless"),
      ("liver_rle", "modalities/SEG/liver_3f"), ("liver_deflate", "modalities/SEG/liver_3f"),
    ].map { "/\($0).dcm=\(folder.appendingPathComponent($1).path).dcm" }
    var all: [Report] = []
    for round in TestData.roundsWithoutSharedUIDs(files.map { ($0.path, $0.uid) }) {
      all += try compare(round, twins: twins)
    }
    var reasons: [String: Int] = [:]
    for file in all {
      expectEqual(file)
      #expect(file.shape == nil, "\(file)")
      if file.worst == nil {
        let reason = file.left ?? file.refused.map { "the hub: \($0.prefix(3))" } ?? "pydicom cannot read it"
        reasons[reason.hasPrefix("reference") ? "pydicom cannot decode it" : reason, default: 0] += 1
        // Outside `malformed` only what is no picture, what pydicom has no decoder for (lossy JPEG XL, video), and the 7-bit
        // JPEG-LS that DCMTK's library refuses.
        #expect(
          file.path.contains("/malformed/") || file.left == "no pixels"
            || ["smear_jxl.dcm", "us_jxl_recompression_27f.dcm", "JLSL_08_07_0_1F.dcm"].contains(file.name)
            || file.name.hasPrefix("video_"), "\(file)")
      }
    }
    let compared = all.filter { $0.worst != nil }
    print(
      "pictures: \(compared.count) files, \(compared.reduce(0) { $0 + ($1.frames ?? 0) }) frames; left out: \(reasons)")
    #expect(compared.count >= 270)
  }
}
