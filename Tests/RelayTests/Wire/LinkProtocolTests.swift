import Testing

@testable import Relay

@Suite("Link protocol")
struct LinkProtocolTests {
  @Test("The version is the one in the paths of the article")
  func version() { #expect(LinkProtocol.version == 1) }
}
