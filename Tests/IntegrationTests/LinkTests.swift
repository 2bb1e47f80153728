import Foundation
import Testing

/// Site and hub as two programs, with a link between them that fails.
@Suite("The thin link", .serialized)
struct LinkTests {
  /// `Scripts/test --long` asks for many rounds.
  @Test("Whatever ends, site, hub, both or the link: every acknowledged image comes to the hub, and nothing differs")
  func nothingIsLost() throws {
    let image = try #require(TestData.files(under: TestData.synthetic).first { $0.contains("ct") })
    let rounds = ProcessInfo.processInfo.environment["REKKAS_TEST_LINK_ROUNDS"].flatMap(Int.init) ?? 4
    let result = try Executable.client(
      "link_crash.py", ["--rekkas", Executable.rekkas.path, "--image", image, "--rounds", "\(rounds)"],
      seconds: Double(240 + rounds * 20))
    print(result.output)
    #expect(result.status == 0, "\(result.output)\(result.errors)")
  }

  @Test(
    "What goes wrong between a site and its hub is said clearly, and loses nothing",
    arguments: [
      "two_patients_with_one_id", "case_before_images", "wrong_key", "captive_portal", "damaged_on_the_way",
      "hub_is_full", "site_is_full", "stranger_replays", "dead_link_for_a_while", "dead_link_and_a_courier",
      "courier_while_both_run", "courier_is_killed", "another_client",
    ])
  func scenario(_ name: String) throws {
    let image = try #require(TestData.files(under: TestData.synthetic).first { $0.contains("ct") })
    let result = try Executable.client(
      "link_scenarios.py", ["--rekkas", Executable.rekkas.path, "--image", image, "--only", name], seconds: 180)
    #expect(result.status == 0, "\(result.output)\(result.errors)")
  }

  @Test("A site without a name, a key or a hub says what is missing, and how to give it")
  func clearErrors() throws {
    func errors(_ arguments: [String]) throws -> String {
      let directory = FileManager.default.temporaryDirectory.appendingPathComponent("rekkas-site-\(UUID().uuidString)")
      defer { try? FileManager.default.removeItem(at: directory) }
      let result = try Executable.run(Executable.rekkas, ["site", "--data", directory.path] + arguments, seconds: 20)
      #expect(result.status != 0)
      return result.errors
    }
    #expect(try errors([]).contains("site.name is not set: give --name"))
    #expect(try errors(["--name", "MIDELT"]).contains("link.hub is not set: give --hub"))
    #expect(try errors(["--name", "MIDELT", "--hub", "https://hub.example.org"]).contains("rekkas key MIDELT"))
    let key = String(repeating: "5a", count: 32)
    let site = ["--name", "MIDELT", "--set", "link.key=\(key)"]
    let plain = try errors(site + ["--hub", "http://hub.example.org"])
    #expect(plain.contains("https"))
    #expect(!plain.contains(key))
    #expect(
      try errors(site + ["--hub", "https://hub.example.org", "--dicom", "0.0.0.0:0"]).contains(
        "name each with its AE title and address"))
    #expect(
      try errors(site + ["--hub", "https://hub.example.org", "--http", "0.0.0.0:0"]).contains("loopback only"))
  }

  @Test("The hub's link listens elsewhere than on loopback only with TLS")
  func linkDoor() throws {
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent("rekkas-hub-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: directory) }
    let result = try Executable.run(
      Executable.rekkas, ["hub", "--data", directory.path, "--set", "link.address=0.0.0.0:0"], seconds: 20)
    #expect(result.status != 0)
    #expect(result.errors.contains("without TLS"))
  }

  @Test("A key is made once, shown by its fingerprint, and never overwritten")
  func keys() throws {
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent("rekkas-key-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    let path = directory.appendingPathComponent("site.key").path
    let made = try Executable.run(Executable.rekkas, ["key", "midelt", "--output", path])
    #expect(made.status == 0 && made.output.contains("name: MIDELT"))
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600)
    let before = try String(contentsOfFile: path, encoding: .utf8)
    #expect(try Executable.run(Executable.rekkas, ["key", "MIDELT", "--output", path]).status != 0)
    #expect(try String(contentsOfFile: path, encoding: .utf8) == before)
    let shown = try Executable.run(Executable.rekkas, ["key", "--show", path])
    #expect(shown.output.hasPrefix("MIDELT  fingerprint "))
    let secret = before.split(separator: " ")[2]
    #expect(secret.count == 64 && !made.output.contains(secret) && !shown.output.contains(secret))
  }
}
