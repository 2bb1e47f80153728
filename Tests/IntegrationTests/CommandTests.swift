import Foundation
import Testing

@Suite("The command line")
struct CommandTests {
  @Test(arguments: [[], ["hub"], ["import"], ["verify"], ["quarantine"], ["arrivals"], ["prepare"], ["phantom"]])
  func helpTeachesWithAnExample(command: [String]) throws {
    let result = try Executable.run(Executable.rekkas, command + ["--help"])
    #expect(result.status == 0)
    #expect(result.output.contains("rekkas \(command.first ?? "hub")"))
    #expect(result.output.contains("USAGE"))
  }

  @Test(arguments: [
    (["hub", "--http", "0.0.0.0:0"], "loopback"),
    (["hub", "--dicom", "192.0.2.1:11112"], "loopback"),
    (["hub", "--http", "nonsense"], "--http: http.address is an address and a port"),
    (["hub", "--ae-title", "A_TITLE_THAT_IS_TOO_LONG"], "1 to 16"),
    (["hub", "--set", "htp.address=1"], "did you mean http.address?"),
    (["hub", "--config", "/nonexistent.yaml"], "/nonexistent.yaml"),
    (["import", "/nonexistent"], "does not exist"),
  ])
  func aMistakeIsNamedWithTheWayOut(arguments: [String], message: String) throws {
    let data = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    defer { try? FileManager.default.removeItem(at: data) }
    let result = try Executable.run(Executable.rekkas, arguments + ["--data", data.path])
    #expect(result.status != 0)
    #expect(result.errors.contains(message), "\(result.errors)")
  }

  @Test func flagsGoOverTheEnvironmentAndTheEnvironmentOverTheFile() throws {
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).yaml")
    defer { try? FileManager.default.removeItem(at: file) }
    try "dicom:\n  ae-title: FROMFILE\nhttp:\n  address: 1.2.3.4:5\n".write(to: file, atomically: true, encoding: .utf8)
    func complaint(_ arguments: [String], _ environment: [String: String]) throws -> String {
      try Executable.run(Executable.rekkas, ["hub", "--config", file.path] + arguments, environment: environment).errors
    }
    #expect(try complaint([], [:]).contains("1.2.3.4:5"))
    #expect(try complaint([], ["REKKAS_HTTP_ADDRESS": "1.2.3.4:6"]).contains("1.2.3.4:6"))
    #expect(try complaint(["--http", "1.2.3.4:7"], ["REKKAS_HTTP_ADDRESS": "1.2.3.4:6"]).contains("1.2.3.4:7"))
    #expect(try complaint([], ["REKKAS_HTTP_ADRESS": "x"]).contains("did you mean REKKAS_HTTP_ADDRESS?"))
  }

  @Test func theAnnotatedConfigurationIsAcceptedAndHoldsTheDefaults() throws {
    let hub = try HubProcess(arguments: [
      "--config", Executable.package.appendingPathComponent("Config/hub.yaml").path,
    ])
    #expect(try WebClient.get(hub.base + "/healthz").status == 200)
    #expect(try hub.stop() == 0)
  }

  @Test func twoHubsNeverShareAnArchive() throws {
    let hub = try HubProcess()
    let second = try Executable.run(
      Executable.rekkas,
      ["hub", "--data", hub.data.path, "--http", "127.0.0.1:0", "--dicom", "127.0.0.1:0"])
    #expect(second.status != 0)
    #expect(second.errors.contains("open"), "\(second.errors)")
    let verify = try Executable.run(Executable.rekkas, ["verify", "--data", hub.data.path])
    #expect(verify.status != 0)
    #expect(verify.errors.contains("open"), "\(verify.errors)")
  }

  @Test func importTakesAFolderAndSaysWhatItDid() throws {
    let data = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    defer { try? FileManager.default.removeItem(at: data) }
    let count = TestData.files(under: TestData.synthetic).count
    let first = try Executable.run(
      Executable.rekkas, ["import", "--data", data.path, TestData.synthetic.path])
    #expect(first.status == 0, "\(first.errors)")
    #expect(first.output.contains("\(count) stored, 0 already there, 0 not taken"), "\(first.output)")
    let again = try Executable.run(Executable.rekkas, ["import", "--data", data.path, TestData.synthetic.path])
    #expect(again.output.contains("0 stored, \(count) already there"), "\(again.output)")
    let verify = try Executable.run(Executable.rekkas, ["verify", "--data", data.path])
    #expect(verify.status == 0, "\(verify.output) \(verify.errors)")
  }

  @Test func importFollowsADICOMDIR() throws {
    guard let dcmmkdir = Executable.find("dcmmkdir") else {
      Issue.record("dcmmkdir is not installed: Scripts/test installs it")
      return
    }
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    defer { try? FileManager.default.removeItem(at: folder) }
    try FileManager.default.createDirectory(
      at: folder.appendingPathComponent("CD/IMAGES"), withIntermediateDirectories: true)
    let images = TestData.files(under: TestData.synthetic).filter { $0.contains("ct") }
    #expect(images.count >= 3)
    for (n, image) in images.enumerated() {
      try FileManager.default.copyItem(atPath: image, toPath: folder.path + "/CD/IMAGES/IM\(n)")
    }
    let made = try Executable.run(
      dcmmkdir, ["+D", folder.path + "/CD/DICOMDIR", "+id", folder.path + "/CD", "+r", "IMAGES", "-Pgp", "-W"])
    #expect(made.status == 0, "\(made.errors)")
    try FileManager.default.removeItem(atPath: folder.path + "/CD/IMAGES/IM0")
    let result = try Executable.run(
      Executable.rekkas, ["import", "--data", folder.path + "/data", folder.path + "/CD/DICOMDIR"])
    #expect(result.output.contains("\(images.count - 1) stored"), "\(result.output) \(result.errors)")
    #expect(result.output.contains("1 named by a DICOMDIR but missing"))
    #expect(result.errors.contains("IM0: named by the DICOMDIR but not there"))
    #expect(result.status == 1)
  }

  @Test func whatIsKeptAsideCanBeListedExportedAndDeleted() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    defer { try? FileManager.default.removeItem(at: folder) }
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let whole = try Data(contentsOf: URL(fileURLWithPath: TestData.files(under: TestData.synthetic)[0]))
    let half = folder.appendingPathComponent("half.dcm")
    try whole.prefix(whole.count / 2).write(to: half)
    let data = folder.path + "/data"
    let result = try Executable.run(Executable.rekkas, ["import", "--data", data, half.path])
    #expect(result.status == 1)
    #expect(result.errors.contains("in quarantine as"), "\(result.errors)")
    let list = try Executable.run(Executable.rekkas, ["quarantine", "--data", data])
    let number = try #require(list.output.split(separator: "\t").first.map(String.init))
    let export = try Executable.run(
      Executable.rekkas, ["quarantine", "export", number, folder.path + "/out.dcm", "--data", data])
    #expect(export.status == 0, "\(export.errors)")
    let exported = try Data(contentsOf: folder.appendingPathComponent("out.dcm"))
    #expect(exported.suffix(1000) == whole.prefix(whole.count / 2).suffix(1000))
    #expect(try Executable.run(Executable.rekkas, ["quarantine", "delete", number, "--data", data]).status == 0)
    #expect(try Executable.run(Executable.rekkas, ["quarantine", "list", "--data", data]).output.isEmpty)
  }
}
