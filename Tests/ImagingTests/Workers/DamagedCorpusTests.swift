import DICOM
import Foundation
import Testing

@testable import Imaging

/// A codestream to be damaged, and what its data set says of it.
private struct Original: Sendable {
  let family: String
  let syntax: TransferSyntax
  let format: FrameFormat
  let label: String
  let codestream: [UInt8]

  /// An object with these bytes in place of the codestream.
  func write(_ bytes: [UInt8]) throws -> String {
    var object = TestObject()
    object.describe(
      rows: format.rows, columns: format.columns, samples: format.samplesPerPixel, allocated: format.bitsAllocated,
      stored: format.bitsStored, high: format.highBit, signed: format.isSigned, photometric: label)
    object.writer.encapsulatedPixelData(frames: [bytes])
    let path = TestObject.temporaryPath()
    try Data(object.writer.file(transferSyntax: syntax)).write(to: URL(fileURLWithPath: path))
    return path
  }

  /// Ours: grey, signed and colour.
  static func ladders() throws -> [Original] {
    try [
      LadderFrames.format(96, 80, stored: 12), LadderFrames.format(64, 64, allocated: 16, signed: true),
      LadderFrames.format(50, 61, components: 3, allocated: 8),
    ].map { format in
      let frame = LadderFrames.frame(format, .picture, seed: 1)
      return Original(
        family: "ladder", syntax: .jpeg2000Lossless, format: format,
        label: format.samplesPerPixel == 3 ? "YBR_RCT" : "MONOCHROME2",
        codestream: try Ladder.encode(frame, layers: [400, 1500]).withUnsafeBytes { Array($0) })
    }
  }

  /// The first frame of a file; nil where it is absent.
  static func foreign(_ family: String, _ name: String) throws -> Original? {
    guard TestData.root != nil else { return nil }
    let path = TestData.path("syntaxes/" + name + ".dcm")
    let object = try ImageObject(path: path)
    let file = try Data(contentsOf: URL(fileURLWithPath: path))
    let fragments = object.object.pixelData?.fragments(of: 0) ?? []
    return Original(
      family: family, syntax: object.object.transferSyntax, format: object.format,
      label: object.object.dataSet.string(.photometricInterpretation) ?? "MONOCHROME2",
      codestream: fragments.flatMap { Array(file[$0]) })
  }

  /// Small frames: damage is found in headers and packets, not in size.
  static let files = [
    ("JPEG 2000", "MR_small_jp2klossless"), ("JPEG 2000", "SC_rgb_gdcm_KY"), ("JPEG 2000", "liver_j2k"),
    ("HTJ2K", "ct_small_htj2k_lossless"), ("JPEG XL", "ct_small_jxl_lossless"), ("JPEG XL", "smear_jxl"),
    ("JPEG", "SC_rgb_dcmtk__eb_cy_np"), ("JPEG", "SC_rgb_small_odd_jpeg"), ("lossless JPEG", "emri_jpeg_lossless_sv1"),
    ("lossless JPEG", "SC_rgb_jpeg_gdcm"), ("JPEG-LS", "MR_small_jpeg_ls_lossless"),
    ("JPEG-LS", "SC_rgb_jls_lossy_sample"),
    ("RLE", "MR_small_RLE"), ("RLE", "rtdose_rle"),
  ]
}

/// Damage of every family of codestreams, through worker processes as in the service. Among the pool's tests, because those count
/// the worker processes that there are.
extension RenderPoolTests {
  @Test(.timeLimit(.minutes(30)), .enabled(if: besideTests != nil, "rekkas was not built beside the tests"))
  func `damaged codestreams of every family are answered, and the pool goes on`() async throws {
    let originals = try Original.ladders() + Original.files.compactMap { try Original.foreign($0, $1) }
    let perOriginal = ProcessInfo.processInfo.environment["REKKAS_TEST_MUTATIONS"].flatMap { Int($0) } ?? 400
    let pool = RenderPool(
      executable: try #require(Self.besideTests), workers: 2, memoryLimit: 512 << 20, timeLimit: .seconds(2))
    var tally: [String: [String: Int]] = [:]
    var resident: [Int] = []
    for (number, original) in originals.enumerated() {
      let donors = originals.filter { $0.syntax == original.syntax }.map(\.codestream)
      let outcomes = try await withThrowingTaskGroup(of: String.self) { group in
        var dice = Dice(UInt64(4711 + number))
        var outcomes: [String] = []
        for round in 0..<max(perOriginal, number < 3 ? perOriginal * 4 : 0) {
          if round >= 2, let outcome = try await group.next() { outcomes.append(outcome) }
          let bytes = Damage.apply(to: original.codestream, donors: donors, &dice)
          let isPicture = round % 4 == 3
          group.addTask { try await Self.outcome(of: bytes, original, pool, isPicture: isPicture) }
        }
        for try await outcome in group { outcomes.append(outcome) }
        return outcomes
      }
      for outcome in outcomes { tally[original.family, default: [:]][outcome, default: 0] += 1 }
      resident.append(Self.megabytes())
    }
    let total = tally.values.reduce(0) { $0 + $1.values.reduce(0, +) }
    for (family, counts) in tally.sorted(by: { $0.key < $1.key }) { print("damaged \(family): \(counts)") }
    print("resident megabytes of this process, after each original: \(resident)")
    // Most damage is found; a few hang or die, and none may make the pool useless.
    let lost = tally.values.reduce(0) { $0 + ($1["lost"] ?? 0) }
    #expect(total >= (TestData.root == nil ? 4800 : 5000))
    #expect(lost * 50 < total, "\(lost) workers lost in \(total)")
    // The first originals warm up caches and threads; other tests may run beside.
    #expect(resident[2] > 0 && resident.last! < resident[2] + 300, "\(resident)")
    let workers = Self.processes(of: try #require(Self.besideTests)).map { Self.megabytes("VmHWM", of: "\($0)") }
    print("megabytes that each worker needed at most: \(workers)")
    #expect(workers.allSatisfy { $0 < 512 })
    let good = try originals[0].write(originals[0].codestream)
    defer { unlink(good) }
    #expect(try await pool.decodeFrame(path: good, frame: 0).count == originals[0].format.frameLength)
    await pool.shutdown()
  }

  /// "picture", "error" or "lost" (a worker died or was ended).
  private static func outcome(
    of bytes: [UInt8], _ original: Original, _ pool: RenderPool, isPicture: Bool
  ) async throws -> String {
    let path = try original.write(bytes)
    defer { unlink(path) }
    do {
      if isPicture {
        let picture = try await pool.render(
          RenderRequest(path: path, viewport: Viewport(width: 40, height: 40), format: .png))
        #expect(picture.bytes.count > 60)
      } else {
        #expect(try await pool.decodeFrame(path: path, frame: 0).count > 0)
      }
      return "picture"
    } catch let failure as RenderFailure {
      switch failure {
      case .crashed, .timedOut: return "lost"
      case .undecodable, .tooLarge: return "error"
      default:
        Issue.record("\(original.family): \(failure)")
        return "error"
      }
    }
  }

  /// Of a process, this one by default: now, or at its highest (VmHWM).
  private static func megabytes(_ key: String = "VmRSS", of process: String = "self") -> Int {
    let status = (try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix(key + ":") } ?? ""
    return (Int(line.filter(\.isNumber)) ?? 0) / 1024
  }

  /// `rekkas` beside this test bundle.
  private static let besideTests: String? = {
    let path = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().appendingPathComponent(
      "rekkas"
    ).path
    return FileManager.default.isExecutableFile(atPath: path) ? path : nil
  }()
}
