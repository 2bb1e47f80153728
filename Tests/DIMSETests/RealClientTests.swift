import Archive
import DICOM
import Foundation
import Testing

@testable import DIMSE

@Suite("Real clients", .timeLimit(.minutes(5)))
struct RealClientTests {
  @Test("echoscu hears success", .enabled(if: Tool.isInstalled("echoscu"), "echoscu (DCMTK) is not installed"))
  func echo() throws {
    let door = try Door.make()
    let outcome = try #require(Tool("echoscu")).run("127.0.0.1", "\(door.port)")
    #expect(outcome.status == 0, "\(outcome.output)")
  }

  @Test(
    "storescu stores a series, and each file is kept as it was sent",
    .enabled(if: Tool.isInstalled("storescu"), "storescu (DCMTK) is not installed"))
  func store() async throws {
    let door = try Door.make()
    let study = UID.generate()
    let objects = (0..<20).map { SampleObject(study: study, seed: UInt8($0)) }
    let folder = try Folder()
    for (index, object) in objects.enumerated() { try folder.write(object, as: "\(index).dcm") }
    let outcome = try #require(Tool("storescu")).run("--scan-directories", "127.0.0.1", "\(door.port)", folder.path)
    #expect(outcome.status == 0, "\(outcome.output)")
    let kept = Set(try await door.files(study: study))
    #expect(kept == Set(objects.map(\.keptFile)))
  }

  @Test(
    "storescu stores compressed objects without re-encoding", .enabled(if: Tool.isInstalled("storescu"), "no storescu"),
    arguments: [
      (TransferSyntax.jpegLSLossless, "-xt"), (.jpegLosslessSV1, "-xs"), (.jpegBaseline, "-xy"),
      (.jpeg2000Lossless, "-xv"), (.rleLossless, "-xr"), (.deflatedExplicitVRLittleEndian, "-xd"),
      (.explicitVRBigEndian, "-xb"), (.implicitVRLittleEndian, "-xi"),
    ])
  func compressed(syntax: TransferSyntax, option: String) async throws {
    let door = try Door.make()
    let object = SampleObject(transferSyntax: syntax)
    let folder = try Folder()
    let file = try folder.write(object, as: "object.dcm")
    let outcome = try #require(Tool("storescu")).run("-R", option, "127.0.0.1", "\(door.port)", file)
    #expect(outcome.status == 0, "\(outcome.output)")
    let records = try await door.archive.instances(study: object.study)
    #expect(records.map(\.transferSyntax) == [syntax])
    // storescu parses and writes big endian and deflated data sets anew, which may change their bytes.
    guard ![.explicitVRBigEndian, .deflatedExplicitVRLittleEndian, .implicitVRLittleEndian].contains(syntax) else {
      return
    }
    #expect(try await door.files(study: object.study) == [object.keptFile])
  }
}

/// A temporary folder that goes with its value.
final class Folder {
  let path = NSTemporaryDirectory() + "rekkas-files-\(UUID().uuidString)"

  init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Writes an object as a Part 10 file and gives its path.
  @discardableResult func write(_ object: SampleObject, as name: String) throws -> String {
    let file = "\(path)/\(name)"
    try Data(object.keptFile).write(to: URL(fileURLWithPath: file))
    return file
  }
}
