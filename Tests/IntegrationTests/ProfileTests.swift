import Imaging
import Testing

@testable import rekkas

@Suite("The default profile")
struct DefaultProfileTests {
  @Test func theOneInTheProgramIsTheOneInConfig() throws {
    let file = Executable.package.appendingPathComponent("Config/profiles/default.yaml").path
    #expect(try ProfileFile.read(file) == .standard)
  }
}
