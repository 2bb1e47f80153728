import Foundation
import Testing

@testable import Relay

/// What Sources/Relay/Relay.docc/LinkProtocol.md says, checked against the code.
@Suite("Link protocol")
struct LinkProtocolTests {
  private let article: String
  /// The fenced blocks, in their order.
  private let blocks: [String]

  init() throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../../..")
    article = try String(
      contentsOf: root.appendingPathComponent("Sources/Relay/Relay.docc/LinkProtocol.md"), encoding: .utf8)
    // Every second piece between fences is a block, behind its language.
    blocks = article.components(separatedBy: "```").enumerated().filter { $0.offset % 2 == 1 }.map {
      $0.element.drop { $0 != "\n" }.trimmingCharacters(in: .newlines)
    }
    try #require(blocks.count == 9)
  }

  @Test("The version is the one in the paths of the article")
  func version() {
    #expect(LinkProtocol.version == 1)
    #expect(article.contains("POST \(LinkProtocol.sessionPath)") && article.contains("POST \(LinkProtocol.batchPath)"))
  }

  @Test("The article's key is read as one")
  func key() throws {
    let key = try SiteKey(text: blocks[0])
    #expect(key.site == "MIDELT" && key.secret == Array(0..<32))
    #expect(key.text == blocks[0] + "\n")
  }

  @Test("The article's session is signed as the code signs")
  func session() throws {
    let body = Array(blocks[1].utf8)
    let hello = try JSONDecoder().decode(LinkHello.self, from: Data(body))
    let signer = LinkSigner(key: try SiteKey(text: blocks[0]))
    #expect(
      LinkMac.request(
        method: "POST", path: LinkProtocol.sessionPath, site: signer.site, session: hello.nonce, number: 0, body: body)
        == blocks[2])
    let header = signer.header(
      method: "POST", path: LinkProtocol.sessionPath, session: hello.nonce, number: 0, body: body)
    #expect("\(LinkProtocol.credentialsHeader): \(header)" == blocks[3])
  }

  @Test("The article's batch is what the code writes and signs")
  func batch() throws {
    let bytes = try #require(Hex.bytes(blocks[4].replacing(" ", with: "")))
    let records: [BatchRecord] = [
      .health(SiteHealth(uptime: 60)),
      .segment(BatchSegment(object: 0x0123_4567_89AB_CDEF, offset: 4096, bytes: [0xFF, 0x52, 0x00, 0x0C])),
    ]
    #expect(try BatchReader.items(bytes) == records.map { .record($0) })
    #expect(try BatchWriter.make(records) == bytes)
    let signer = LinkSigner(key: try SiteKey(text: blocks[0]))
    let session = "8899aabbccddeeff0011223344556677"
    let header = signer.header(
      method: "POST", path: LinkProtocol.batchPath, session: session, number: 1, body: bytes)
    #expect("\(LinkProtocol.credentialsHeader): \(header)" == blocks[5])
    let answer = Array(blocks[6].utf8)
    #expect(try JSONDecoder().decode(LinkAnswer.self, from: Data(answer)).clock == 1_795_340_000_000)
    #expect(LinkMac.answer(site: "MIDELT", session: session, number: 1, status: 200, body: answer) == blocks[7])
    let mac = String(blocks[8].dropFirst(LinkProtocol.answerHeader.count + 2))
    #expect(signer.believes(status: 200, body: answer, mac: mac, session: session, number: 1))
  }

  @Test("The article names every code, every member of an answer, and the limits")
  func names() throws {
    let codes: [LinkRefusal.Code] = [
      .malformed, .version, .unknownSite, .badSignature, .sessionUnknown, .replayed, .tooLarge, .busy, .hubFull,
      .hubFailed,
    ]
    for code in codes { #expect(article.contains("| `\(code.rawValue)` |")) }
    var answer = LinkAnswer(clock: 1, refused: LinkRefusal(.busy, ""), retryAfter: 1)
    answer.receipts = [""]
    answer.cases = [CaseReceipt(number: "", revision: 1)]
    answer.demandCursor = 1
    answer.damaged = [1]
    answer.problems = [""]
    answer.unknown = [""]
    let members = try JSONSerialization.jsonObject(with: JSONEncoder().encode(answer)) as? [String: Any] ?? [:]
    #expect(members.count == 9)
    for member in members.keys { #expect(article.contains("| `\(member)` |")) }
    let limits = LinkLimits()
    #expect(limits.batch.bytes == 8 << 20 && limits.batch.records == 4096 && limits.batch.objects == 4096)
    #expect(limits.batch.unpackedRecord == 8 << 20 && limits.batch.unpacked == 32 << 20)
    #expect(limits.inFlightPerSite == 4 && limits.sessionsPerSite == 4)
  }
}
