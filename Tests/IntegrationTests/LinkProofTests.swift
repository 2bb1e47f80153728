import Foundation
import Testing

/// What a rural place does to a site and its hub beside failing links: large transfers, clocks that jump, power that goes.
@Suite("The thin link under hard conditions", .serialized)
struct LinkProofTests {
  private let image = TestData.files(under: TestData.synthetic).first { $0.contains("ct") }

  private func environment(_ name: String) -> String? { ProcessInfo.processInfo.environment[name] }

  private func run(_ script: String, _ arguments: [String], seconds: Double) throws {
    let image = try #require(image)
    let result = try Executable.client(
      script, ["--rekkas", Executable.rekkas.path, "--image", image] + arguments, seconds: seconds)
    print(result.output)
    #expect(result.status == 0, "\(result.output)\(result.errors)")
  }

  /// 200 MB, as they take an hour; `Scripts/test --long` asks for 2 GB, which take nine. Nobody waits for their end.
  @Test("An emergency behind a transfer of hours is at the hub within 5 s, seen within 10, and memory stays small")
  func emergencyBehindALongTransfer() throws {
    let megabytes = environment("REKKAS_TEST_LINK_MEGABYTES").flatMap(Int.init) ?? 200
    // The sanitizer takes several times the memory.
    let memory = environment("ASAN_OPTIONS") == nil ? [] : ["--most-rss", "4000"]
    try run("link_urgent.py", ["--megabytes", "\(megabytes)"] + memory, seconds: Double(240 + megabytes / 2))
  }

  @Test("Clocks of a site and of its hub that are set by days and years stop nothing and remove nothing early")
  func clocksThatJump() throws {
    guard environment("ASAN_OPTIONS") == nil else {
      print("SKIPPED: the sanitizer takes no library before its own")
      return
    }
    let compiler = try #require(Executable.find("cc") ?? Executable.find("clang"))
    let shim = FileManager.default.temporaryDirectory.appendingPathComponent("rekkas-clock-\(UUID().uuidString).so")
    defer { try? FileManager.default.removeItem(at: shim) }
    let source = Executable.package.appendingPathComponent("Tests/IntegrationTests/Clients/clock.c").path
    let made = try Executable.run(compiler, ["-O1", "-shared", "-fPIC", "-o", shim.path, source, "-ldl", "-lpthread"])
    try #require(made.status == 0, "\(made.errors)")
    try run("link_clock.py", ["--shim", shim.path], seconds: 400)
  }

  /// One of each kind; `Scripts/test --long` asks for 20.
  @Test("After a power cut at the site, the hub or both, everything that was acknowledged is whole at the hub")
  func powerCuts() throws {
    guard geteuid() == 0, FileManager.default.fileExists(atPath: "/dev/loop-control"),
      Executable.find("mkfs.ext4") != nil
    else {
      print("SKIPPED: power cuts need root, loop devices and mkfs.ext4")
      return
    }
    let rounds = environment("REKKAS_TEST_POWER_ROUNDS").flatMap(Int.init) ?? 5
    try run("link_power.py", ["--rounds", "\(rounds)"], seconds: Double(300 + rounds * 40))
  }
}
