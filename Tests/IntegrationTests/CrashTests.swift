import Foundation
import Testing

/// What was acknowledged is never lost: the real hub is killed, or its disk is cut off, while images come in.
@Suite("Crashes", .serialized)
struct CrashTests {
  /// `Scripts/test --long` asks for many rounds.
  private func rounds(_ variable: String, _ usual: Int) -> Int {
    ProcessInfo.processInfo.environment[variable].flatMap(Int.init) ?? usual
  }

  private func crash(_ mode: String, rounds: Int, preparing: Bool) throws -> CommandResult {
    let image = try #require(TestData.files(under: TestData.synthetic).first { $0.contains("ct") })
    return try Executable.client(
      "crash.py",
      ["--rekkas", Executable.rekkas.path, "--image", image, "--mode", mode, "--rounds", "\(rounds)"]
        + (preparing ? ["--preparation"] : []),
      seconds: Double(60 + rounds * 30))
  }

  @Test(arguments: [false, true])
  func nothingAcknowledgedIsLostByKill9(whilePreparing: Bool) throws {
    let usual = whilePreparing ? 6 : 12
    let result = try crash("kill", rounds: rounds("REKKAS_TEST_KILL_ROUNDS", usual), preparing: whilePreparing)
    print(result.output)
    #expect(result.status == 0, "\(result.output)\(result.errors)")
  }

  @Test(arguments: [false, true])
  func nothingAcknowledgedIsLostByAPowerCut(whilePreparing: Bool) throws {
    guard geteuid() == 0, FileManager.default.fileExists(atPath: "/dev/loop-control"),
      Executable.find("mkfs.ext4") != nil
    else {
      print("SKIPPED: power cuts need root, loop devices and mkfs.ext4")
      return
    }
    let result = try crash("power", rounds: rounds("REKKAS_TEST_POWER_ROUNDS", 3), preparing: whilePreparing)
    print(result.output)
    #expect(result.status == 0, "\(result.output)\(result.errors)")
  }
}
