import Archive
import DICOM
import Foundation
import Testing

@testable import Relay

@Suite("Strangers and liars on the link")
struct HostileLinkTests {
  private let item = Traveller.make(1)

  private func batch() throws -> [UInt8] { try BatchWriter.make([.announce([item.object]), item.header, item.rest]) }

  /// The code of a refusal; nil when it was none.
  private func code(_ response: LinkResponse) throws -> LinkRefusal.Code? { try response.answer().refused?.code }

  @Test("A site that the hub does not know gets nothing")
  func unknownSite() async throws {
    let hub = try LinkFixture()
    let stranger = LinkSigner(key: try .generate(site: "NOWHERE"))
    for path in [LinkProtocol.sessionPath, LinkProtocol.batchPath] {
      let header = stranger.header(method: "POST", path: path, session: "ab", number: 1, body: [])
      let response = await hub.receiver.answer(
        LinkRequest(method: "POST", path: path, headers: ["rekkas-link": header], body: []))
      #expect(response.status == 401 && response.headers[LinkProtocol.answerHeader] == nil)
      #expect(try code(response) == .unknownSite)
    }
  }

  @Test("A known name with another key gets nothing, and the administrator sees it")
  func wrongKey() async throws {
    let hub = try LinkFixture()
    let good = try await hub.site()
    let thief = LinkSigner(key: try .generate(site: "MIDELT"))
    let body = try batch()
    for (path, session) in [(LinkProtocol.batchPath, good.session), (LinkProtocol.sessionPath, LinkSigner.nonce())] {
      let header = thief.header(method: "POST", path: path, session: session, number: 5, body: body)
      let response = await hub.receiver.answer(
        LinkRequest(method: "POST", path: path, headers: ["rekkas-link": header], body: body))
      #expect(response.status == 401 && response.headers[LinkProtocol.answerHeader] == nil)
      #expect(try code(response) == .badSignature)
    }
    #expect(try hub.archive.statistics().instances == 0)
    let state = try #require(hub.receiver.sites().last)
    #expect(state.refusals == 2 && state.lastRefusal == .badSignature)
  }

  @Test("A recorded request counts once, whoever sends it again")
  func replay() async throws {
    let hub = try LinkFixture()
    var site = try await hub.site()
    let request = site.next(try batch())
    #expect(await hub.receiver.answer(request).status == 200)
    let before = hub.receiver.sites()
    for _ in 0..<3 {
      let response = await hub.receiver.answer(request)
      #expect(response.status == 409)
      #expect(try code(response) == .replayed)
      #expect(site.isSigned(response, session: site.session, number: site.number))
    }
    #expect(hub.receiver.sites().map(\.requests) == before.map(\.requests))
    // The recorded opening of a session opens none.
    let hello = try site.hello(LinkSigner.nonce())
    #expect(await hub.receiver.answer(hello).status == 200)
    #expect(try code(await hub.receiver.answer(hello)) == .replayed)
  }

  @Test("After a restart of the hub no recorded request counts, and the site goes on where it was")
  func restart() async throws {
    let hub = try LinkFixture()
    var site = try await hub.site()
    let recorded = site.next(try BatchWriter.make([.announce([item.object]), item.header]))
    #expect(await hub.receiver.answer(recorded).status == 200)
    let receiver = try hub.restarted()
    defer { receiver.close() }
    let response = await receiver.answer(recorded)
    #expect(response.status == 401)
    #expect(try code(response) == .sessionUnknown)
    // It is the hub's own word, so the site may act on it.
    #expect(site.isSigned(response, session: site.session, number: 1))
    var again = try await hub.site(to: receiver)
    let answer = try await again.send(.announce([item.object]))
    #expect(answer.objects.first?.have?.flat == [0, item.object.header])
    #expect(try await again.send(item.rest).receipts == [item.object.digest])
  }

  @Test("A request for one session, number, path or site does not count for another")
  func bound() async throws {
    let hub = try LinkFixture()
    var site = try await hub.site()
    let other = try await hub.site()
    let request = site.next(try batch())
    let credentials = try #require(request.credentials)
    var changed = credentials
    changed.session = other.session
    var number = credentials
    number.number = 900
    var name = credentials
    name.site = "AZILAL"
    for header in [changed.header, number.header, name.header] {
      var forged = request
      forged.headers["rekkas-link"] = header
      let response = await hub.receiver.answer(forged)
      #expect(response.status == 401)
    }
    var path = request
    path.path = LinkProtocol.sessionPath
    #expect(await hub.receiver.answer(path).status != 200)
    #expect(try hub.archive.statistics().instances == 0)
    #expect(await hub.receiver.answer(request).status == 200)
  }

  @Test("Other versions, other addresses and requests without a header are told so")
  func malformed() async throws {
    let hub = try LinkFixture()
    var site = try await hub.site()
    let good = site.next(try batch())
    var request = good
    request.headers = [:]
    #expect(try code(await hub.receiver.answer(request)) == .malformed)
    var credentials = try #require(good.credentials)
    credentials.version = 2
    request.headers = ["rekkas-link": credentials.header]
    #expect(try code(await hub.receiver.answer(request)) == .version)
    request = good
    request.method = "GET"
    #expect(await hub.receiver.answer(request).status == 404)
    request = good
    request.path = "/link/v2/batch"
    #expect(await hub.receiver.answer(request).status == 404)
    let noBatch = try await site.send(batch: Array("<html>".utf8))
    #expect(noBatch.status == 400 && noBatch.answer.refused?.code == .malformed)
    let nonce = LinkSigner.nonce()
    for body in [Array("{}".utf8), Array(#"{"nonce":"00112233445566778899aabbccddeeff"}"#.utf8), []] {
      let request = site.request(LinkProtocol.sessionPath, session: nonce, number: 0, body)
      #expect(try code(await hub.receiver.answer(request)) == .malformed)
    }
  }

  @Test("What a site says of itself takes no more of the hub's memory than it needs")
  func boastful() async throws {
    let hub = try LinkFixture()
    var site = try await hub.site()
    let long = String(repeating: "é", count: 100_000)
    _ = try await site.send(.health(SiteHealth(version: long, uptime: .max, diskFree: .min, temperature: 1e308)))
    let state = try #require(hub.receiver.sites().first { $0.site == "MIDELT" })
    #expect(state.health?.version == String(repeating: "é", count: 32) && state.health?.uptime == .max)
    #expect((try JSONEncoder().encode(hub.receiver.sites())).count < 5000)
  }

  @Test("What is over the limits is refused, and what is within still counts")
  func limits() async throws {
    let hub = try LinkFixture { _ in
    } limits: {
      $0.batch.bytes = 5000
      $0.batch.records = 8
    }
    var site = try await hub.site()
    let large = try await site.send(batch: LinkProtocol.magic + [UInt8](repeating: 0, count: 5000))
    #expect(large.status == 413 && large.answer.refused?.code == .tooLarge)
    let many = try await site.send(batch: BatchWriter.make((0..<9).map { .heard(LinkHeard(demandCursor: $0)) }))
    #expect(many.status == 413 && many.answer.refused?.code == .tooLarge)
    let hello = site.request(
      LinkProtocol.sessionPath, session: LinkSigner.nonce(), number: 0, [UInt8](repeating: 32, count: 5000))
    #expect(try code(await hub.receiver.answer(hello)) == .tooLarge)
    #expect(try await site.send(batch: batch()).answer.receipts == [item.object.digest])
  }

  @Test("A site with too many requests in flight is told to wait")
  func busy() async throws {
    let hub = try LinkFixture { _ in
    } limits: {
      $0.inFlightPerSite = 0
    }
    var site = try await hub.site()
    let refused = try await site.send(batch: batch())
    #expect(refused.status == 503 && refused.answer.refused?.code == .busy && refused.answer.retryAfter == 5)
  }

  @Test("A full disk refuses with its own code, and nothing is promised")
  func full() async throws {
    let hub = try LinkFixture { $0.diskReserve = 1 << 60 }
    var site = try await hub.site()
    let answer = try await site.send(.announce([item.object]), item.header, item.rest)
    #expect(answer.receipts.isEmpty)
    #expect(answer.objects.map(\.reason) == [.hubFull] || answer.refused?.code == .hubFull)
  }

  @Test("Sites do not reach each other's objects")
  func foreignObjects() async throws {
    let hub = try LinkFixture()
    var mine = try await hub.site()
    var other = try await hub.site("AZILAL")
    _ = try await mine.send(.announce([item.object]), item.header)
    let forged = BatchSegment(
      object: item.name, offset: item.object.header, bytes: [UInt8](repeating: 0, count: 512)[...])
    #expect(try await other.send(.segment(forged)).unknown == [BatchSegment.text(of: item.name)])
    // Other bytes under the same SOP Instance UID.
    let conflict = Traveller.make(1, fill: 9)
    let answer = try await other.send(.announce([conflict.object]), conflict.header, conflict.rest)
    #expect(answer.objects.map(\.reason) == [.conflict] && answer.receipts.isEmpty)
    #expect(try await mine.send(item.rest).receipts == [item.object.digest])
    #expect(try await hub.kept(item.object) == item.bytes)
  }

  @Test("A new key ends the sessions of the old one")
  func newKey() async throws {
    let hub = try LinkFixture()
    var site = try await hub.site()
    var keys = hub.keys
    keys["MIDELT"] = try .generate(site: "MIDELT")
    keys["AZILAL"] = nil
    hub.receiver.replace(sites: try LinkFixture.registry(keys))
    let response = await hub.receiver.answer(site.next(try batch()))
    #expect(response.status == 401)
    #expect(hub.receiver.sites().map(\.site) == ["MIDELT"])
    var new = try await TestSite(key: #require(keys["MIDELT"]), receiver: hub.receiver)
    #expect(try await new.send(batch: batch()).status == 200)
  }

  @Test("Hundreds of damaged batches with right signatures leave the archive as it should be")
  func mutations() async throws {
    let hub = try LinkFixture { $0.durable = false }
    var site = try await hub.site()
    var random = SeededGenerator(seed: 77)
    let items = (1...4).map { Traveller.make($0) }
    let good = try BatchWriter.make(
      [.announce(items.map(\.object))] + items.flatMap { [$0.header, $0.rest] } + [.health(SiteHealth(uptime: 1))])
    for round in 0..<600 {
      var bad = good
      for _ in 0...round % 3 {
        bad[Int.random(in: 0..<bad.count, using: &random)] ^= UInt8.random(in: 1...255, using: &random)
      }
      if round % 5 == 0 { bad.removeLast(Int.random(in: 1..<bad.count, using: &random)) }
      let (status, answer) = try await site.send(batch: bad)
      #expect([200, 400, 413].contains(status))
      // A receipt is a promise about exactly these bytes.
      for digest in answer.receipts { #expect(items.contains { $0.object.digest == digest }) }
    }
    let answer = try await site.send(batch: good).answer
    #expect(Set(answer.receipts) == Set(items.map(\.object.digest)))
    for item in items { #expect(try await hub.kept(item.object) == item.bytes) }
    #expect(try hub.archive.statistics().instances == 4)
  }
}
