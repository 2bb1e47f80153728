import Foundation
import Imaging
import Testing

/// Prepared files in the hands of others: programs that know nothing of Rekkas read them, and find the received samples.
@Suite("Prepared files read by others")
struct AcceptanceTests {
  /// What `accepted_by_others.py` says of one object, reader by reader.
  struct Report: Decodable {
    let path: String
    let pydicom, dcmdump, gdcminfo, gdcmconv, orthanc: String?
    let opjDecompress: String?
    /// Why pydicom cannot read the received file; then there is nothing to compare with.
    let unread, error: String?

    var name: String { (path as NSString).lastPathComponent }
  }

  /// Prepares what can be, has it read, and returns what was said.
  private func read(_ files: [String]) throws -> [Report] {
    for tool in ["gdcmconv", "opj_decompress", "Orthanc"] {
      _ = try #require(Executable.find(tool), "\(tool) is not installed: Scripts/test installs it")
    }
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("rekkas-accept-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(at: folder) }
    var lines: [String] = []
    for (number, file) in files.enumerated() {
      let output = folder.appendingPathComponent("\(number).dcm").path
      if case .proven = try LadderFile.prepare(path: file, output: output) { lines.append("\(file)\t\(output)") }
    }
    let list = folder.appendingPathComponent("list")
    try Data(lines.joined(separator: "\n").utf8).write(to: list)
    let result = try Executable.client("accepted_by_others.py", [list.path, folder.path], seconds: 280)
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    let reports = try result.output.split(separator: "\n").map { try decoder.decode(Report.self, from: Data($0.utf8)) }
    #expect(reports.count == lines.count, "\(result.errors.suffix(2000))")
    return reports
  }

  private func expectAccepted(_ file: Report) {
    #expect(file.error == nil && file.unread == nil, "\(file)")
    #expect(file.dcmdump == "accepted" && ["accepted", "as received"].contains(file.gdcminfo), "\(file)")
    #expect(file.pydicom == "equal" && file.opjDecompress == "equal", "\(file)")
    #expect(["equal", "as received"].contains(file.gdcmconv), "\(file)")
    let isSparedByOrthanc = file.orthanc == "orthanc died" && file.gdcmconv == "equal"
    #expect(["equal", "as received"].contains(file.orthanc) || isSparedByOrthanc, "\(file)")
  }

  @Test func everyDepthSignShapeAndColour() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("rekkas-cases-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(at: folder) }
    let written = try Executable.client("picture_cases.py", [folder.path])
    #expect(written.status == 0, "\(written.errors)")
    // What the pixels become does not matter here: one file of each depth and sign. Orthanc divides by a width less one.
    let files = TestData.files(under: folder).filter { file in
      !["linear", "sigmoid", "width_one"].contains { file.contains($0) }
    }
    let reports = try read(files)
    #expect(reports.count > 100)
    for file in reports { expectAccepted(file) }
    // Orthanc takes part in what its reader of pixels survives: see the client.
    #expect(reports.filter { $0.orthanc == "equal" }.count > 80)
  }

  @Test func theCommittedImages() throws {
    let reports = try read(TestData.files(under: TestData.synthetic))
    #expect(!reports.isEmpty)
    for file in reports { expectAccepted(file) }
  }

  @Test(.enabled(if: TestData.real != nil))
  func realImages() throws {
    let files = TestData.files(under: try #require(TestData.real)).filter { !$0.contains("/malformed/") }
    let reports = try read(files)
    let byOrthanc = reports.filter { $0.orthanc == "equal" }.count
    print("prepared files read by others: \(reports.count), by Orthanc \(byOrthanc)")
    #expect(reports.count > 100 && byOrthanc > 90)
    for file in reports { expectAccepted(file) }
  }
}
