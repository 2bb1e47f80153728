import Archive
import Foundation
import Synchronization
import Testing

@testable import Relay

@Suite("The courier in trouble")
struct CourierTroubleTests {
  private let items = (1...6).map { Traveller.make($0, side: 64) }

  // MARK: At the hub

  @Test("An import that ended in the middle goes on where it was, and hands over only what the hub lacks")
  func interrupted() async throws {
    let courier = try CourierFixture()
    try courier.store(items)
    _ = try await courier.export(chunkSize: items[0].bytes.count)
    let receiver = courier.hub.receiver
    let sent = Mutex((calls: 0, bytes: 0))
    // The hub ends after a few batches, for good.
    let first = try await courier.takeOver(answer: { request in
      let calls = sent.withLock { sent in
        sent.calls += 1
        return sent.calls
      }
      return calls <= 8 ? await receiver.answer(request) : LinkResponse(status: 200, body: Array("<html>".utf8))
    }).reports.first
    #expect(first?.stopped == .stranger("the hub"))
    let here = try #require(first?.objects)
    #expect((1...5).contains(here))
    // What came is receipted all the same.
    #expect(try await courier.receipts().objects == here)
    let second = try await courier.takeOver(answer: { request in
      sent.withLock { $0.bytes += request.body.count }
      return await receiver.answer(request)
    }).reports.first
    #expect(second?.isGood == true && second?.objects == 6 && second?.before == here)
    #expect(sent.withLock { $0.bytes } < (7 - here) * items[0].bytes.count + 6000)
    for item in items { #expect(try await courier.hub.kept(item.object) == item.bytes) }
  }

  @Test("A hub that is started anew in the middle is spoken to again")
  func restart() async throws {
    let courier = try CourierFixture()
    try courier.store(items)
    _ = try await courier.export(chunkSize: items[0].bytes.count)
    let (before, after) = (courier.hub.receiver, try courier.hub.restarted())
    let calls = Mutex(0)
    defer { after.close() }
    let report = try await courier.takeOver(answer: { request in
      let number = calls.withLock { calls in
        calls += 1
        return calls
      }
      return await (number <= 6 ? before : after).answer(request)
    }).reports.first
    #expect(report?.isGood == true && report?.objects == 6)
  }

  @Test("Receipts of an import that came to its end outlive one that did not")
  func receiptsStay() async throws {
    let courier = try CourierFixture()
    try courier.store(items)
    _ = try await courier.export()
    _ = try await courier.takeOver()
    let receiver = courier.hub.receiver
    let calls = Mutex(0)
    let report = try await courier.takeOver(answer: { request in
      let number = calls.withLock { calls in
        calls += 1
        return calls
      }
      return number <= 1 ? await receiver.answer(request) : LinkResponse(status: 500)
    }).reports.first
    #expect(report?.stopped != nil && report?.objects == 0)
    #expect(try await courier.receipts().objects == 6)
  }

  @Test("A hub without room says so of every image, and takes them when there is room")
  func full() async throws {
    let hub = try LinkFixture(configure: { $0.diskReserve = 1 << 60 })
    let courier = try CourierFixture(hub: hub)
    try courier.store(items)
    _ = try await courier.export()
    let report = try #require(try await courier.takeOver().reports.first)
    #expect(!report.isGood && report.objects == 0)
    #expect(
      report.stopped == .hubFull || report.refused.values.allSatisfy { $0 == "hub-full" } && report.refused.count == 6)
    #expect(try await courier.receipts().objects == 0)
    #expect(try courier.waiting() == 6)
  }

  @Test("A running hub that has another key of the site than the command says so")
  func otherList() async throws {
    let courier = try CourierFixture()
    try courier.store(items)
    _ = try await courier.export()
    var keys = courier.hub.keys
    keys["MIDELT"] = try .generate(site: "MIDELT")
    let receiver = LinkReceiver(
      archive: courier.hub.archive, sites: try LinkFixture.registry(keys), logger: LinkFixture.logger)
    defer { receiver.close() }
    #expect(try await courier.takeOver(at: receiver).failures == [.hubRefuses(site: "MIDELT")])
    let empty = LinkReceiver(archive: courier.hub.archive, sites: SiteRegistry(), logger: LinkFixture.logger)
    defer { empty.close() }
    #expect(try await courier.takeOver(at: empty).failures == [.hubRefuses(site: "MIDELT")])
  }

  @Test("Nobody at the address, or somebody else, is said")
  func nobody() async throws {
    let courier = try CourierFixture()
    try courier.store(items)
    _ = try await courier.export()
    let other = try await courier.takeOver(answer: { _ in LinkResponse(status: 404, body: Array("nginx".utf8)) })
    #expect(other.failures == [.stranger("the hub")])
    let peer = try CourierPeer(address: "http://127.0.0.1:9")
    let result = try await CourierImport(
      to: peer, sites: LinkFixture.registry(courier.hub.keys), from: courier.carrier, pause: .milliseconds(1)
    ).run()
    #expect(result.failures == [.unreachable("http://127.0.0.1:9")])
    await #expect(throws: CourierFailure.unreachable("http://127.0.0.1:9")) {
      try await CourierReceipts(for: peer, on: courier.carrier).run()
    }
    await peer.close()
    #expect(throws: LinkSenderFailure.unprotected("http://192.168.1.1")) {
      try CourierPeer(address: "http://192.168.1.1")
    }
  }

  @Test("What a courier brings says nothing of the site's link")
  func seen() async throws {
    let courier = try CourierFixture()
    try courier.store(items)
    _ = try await courier.export()
    let memory = courier.hub.folder + "/sites.json"
    func receiver() throws -> LinkReceiver {
      LinkReceiver(
        archive: courier.hub.archive, sites: try LinkFixture.registry(courier.hub.keys), memory: memory,
        logger: LinkFixture.logger)
    }
    let first = try receiver()
    _ = try await courier.takeOver(at: first)
    let state = try #require(first.sites().first { $0.site == "MIDELT" })
    #expect(state.lastSeen == nil && state.lastCourier != nil && state.objects == 6 && state.software == nil)
    first.close()
    // A hub that is started anew knows it still.
    let second = try receiver()
    defer { second.close() }
    let remembered = try #require(second.sites().first { $0.site == "MIDELT" })
    #expect(remembered.lastSeen == nil && remembered.lastCourier != nil)
  }

  // MARK: The carrier

  @Test(
    "A manifest of another key under the right name is damaged, and a stick without a courier's folder is another stick"
  )
  func manifest() async throws {
    let courier = try CourierFixture()
    try courier.store(items)
    _ = try await courier.export()
    try courier.change(CourierFolder.manifestName) { $0[70] ^= 1 }
    #expect(try await courier.takeOver().failures == [.unreadable(courier.folder.path)])
    let nowhere = courier.carrier + "/nowhere"
    let takeOver = CourierImport(to: CourierPeer("") { _ in LinkResponse(status: 404) }, sites: .init(), from: nowhere)
    await #expect(throws: CourierFailure.noFolder(nowhere)) { try await takeOver.run() }
  }

  @Test("A file that was being written when the stick was pulled out is known, and goes with the next export")
  func leftover() async throws {
    let courier = try CourierFixture()
    try courier.store(items)
    _ = try await courier.export()
    let folder = courier.folder
    let files = folder.files()
    try folder.remove(files)
    #expect(FileManager.default.createFile(atPath: folder.path + "/\(files[0]).new", contents: Data([1, 2, 3])))
    #expect(try await courier.takeOver().failures == [.unfinished(folder.path)])
    _ = try await courier.export()
    #expect(folder.files(andLeftovers: true) == folder.files())
    #expect(try await courier.takeOver().reports.first?.objects == 6)
  }

  @Test(
    "Names in a manifest that lead elsewhere make it none",
    arguments: ["../../../../etc/passwd", "..", "", "a/b.rkc", "a\u{0}.rkc", "\u{1B}[2J.rkc", ".rkc", "a b.rkc"])
  func names(_ name: String) async throws {
    let courier = try CourierFixture()
    try courier.store(items)
    _ = try await courier.export()
    let manifest = CourierManifest(
      site: "MIDELT", chunks: [name], objects: 1, bytes: 1, cases: 0, isEverything: true)
    try seal(manifest, courier)
    #expect(try await courier.takeOver().failures == [.unreadable(courier.folder.path)])
  }

  @Test("Numbers in a manifest that make no sense make it none", arguments: [-1, Int.min, Int.max])
  func numbers(_ number: Int) async throws {
    let courier = try CourierFixture()
    try courier.store(items)
    _ = try await courier.export()
    try seal(
      CourierManifest(site: "MIDELT", chunks: [], objects: 1, bytes: number, cases: 0, isEverything: true), courier)
    #expect(try await courier.takeOver().failures == [.unreadable(courier.folder.path)])
  }

  private func seal(_ manifest: CourierManifest, _ courier: CourierFixture) throws {
    let content = [UInt8](try JSONEncoder().encode(manifest))
    let file = CourierFile(kind: .manifest, export: CourierFile.random(16), content: content)
    try courier.folder.write(file.sealed(for: courier.key), as: CourierFolder.manifestName)
  }

  @Test("Links on a carrier are not followed, and nothing waits for a pipe")
  func links() async throws {
    let courier = try CourierFixture()
    try courier.store(items)
    _ = try await courier.export()
    let folder = courier.folder
    let victim = courier.carrier + "/victim"
    try Data("precious".utf8).write(to: URL(fileURLWithPath: victim))
    // The receipts are first written under another name: here it leads to somebody's file.
    #expect(symlink(victim, folder.path + "/receipts.rkc.new") == 0)
    #expect(try await courier.takeOver().reports.first?.isGood == true)
    #expect(try Data(contentsOf: URL(fileURLWithPath: victim)) == Data("precious".utf8))

    try folder.remove([CourierFolder.manifestName])
    #expect(mkfifo(folder.path + "/manifest.rkc", 0o600) == 0)
    let piped = try await courier.takeOver().failures
    #expect(piped == [.system("read", path: folder.path + "/manifest.rkc", code: EINVAL)])

    // A folder that is none.
    let elsewhere = courier.carrier + "/elsewhere"
    #expect(rename(folder.path, elsewhere) == 0 && symlink(elsewhere, folder.path) == 0)
    await #expect(throws: CourierFailure.nothingThere(courier.carrier)) { try await courier.takeOver() }
    await #expect(throws: CourierFailure.system("make", path: folder.path, code: ENOTDIR)) {
      try await courier.export()
    }
  }

  // MARK: At the site

  @Test("An export that another one has overtaken ends, and orders that make no sense harm nobody")
  func orders() async throws {
    let courier = try CourierFixture()
    try courier.store(items)
    let desk = CourierDesk(archive: courier.site, key: courier.key, chunkSize: 9000)
    defer { desk.close() }
    func order(_ body: String) async -> LinkResponse {
      await desk.answer(
        LinkRequest(method: "POST", path: CourierDesk.exportPath, headers: [:], body: Array(body.utf8)))
    }
    func head(_ answer: LinkResponse) throws -> CourierDesk.FileHead {
      try JSONDecoder().decode(
        CourierDesk.FileHead.self, from: Data(#require(answer.headers[CourierDesk.headHeader]).utf8))
    }
    let first = try head(await order(#"{"number":0,"room":1000000}"#))
    let second = try head(await order(#"{"number":0,"room":1000000}"#))
    #expect(await order(#"{"export":"\#(first.export)","number":1,"room":1000000}"#).status == 409)
    #expect(await order(#"{"export":"\#(second.export)","number":2,"room":1000000}"#).status == 409)
    #expect(await order(#"{"export":"\#(second.export)","number":1,"room":1000000}"#).status == 200)
    // Without room the manifest comes, and the export is over.
    let last = try head(await order(#"{"export":"\#(second.export)","number":2,"room":-9223372036854775808}"#))
    #expect(last.isLast && last.report.left > 0)
    #expect(await order(#"{"export":"\#(second.export)","number":3,"room":1000000}"#).status == 409)
    #expect(await order(#"{"number":0,"room":-9223372036854775808}"#).status == 409)
    #expect(await order(#"{"number":9223372036854775807,"room":1}"#).status == 409)
    for nonsense in ["", "[]", #"{"number":1e99,"room":1}"#] { #expect(await order(nonsense).status == 400) }
  }

  @Test("Whoever asks a running site for a file gets nothing that can be read without the key")
  func onlyEncrypted() async throws {
    let courier = try CourierFixture()
    try courier.store(items)
    let desk = CourierDesk(archive: courier.site, key: courier.key, chunkSize: 1 << 20)
    defer { desk.close() }
    var order = CourierDesk.Order(export: nil, number: 0, room: 1 << 30)
    var files = 0
    while true {
      let answer = await desk.answer(
        LinkRequest(
          method: "POST", path: CourierDesk.exportPath, headers: [:], body: [UInt8](try JSONEncoder().encode(order))))
      let text = try #require(answer.headers[CourierDesk.headHeader])
      let head = try JSONDecoder().decode(CourierDesk.FileHead.self, from: Data(text.utf8))
      files += 1
      #expect(CourierFile(answer.body, of: courier.key) != nil)
      let said = String(decoding: answer.body, as: UTF8.self) + text
      for secret in ["MIDELT", "Essai", "2.25.1", "DICM"] { #expect(!said.contains(secret)) }
      if head.isLast { break }
      order = CourierDesk.Order(export: head.export, number: order.number + 1, room: 1 << 30)
    }
    #expect(files >= 3)
  }
}
