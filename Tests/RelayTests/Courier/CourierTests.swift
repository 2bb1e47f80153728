import Archive
import DICOM
import Foundation
import Synchronization
import Testing

@testable import Relay

@Suite("The courier")
struct CourierTests {
  private let items = (1...6).map { Traveller.make($0, side: 64) }

  @Test("What a courier carries is at the hub as if it had come over the link, and the site knows it")
  func journey() async throws {
    let courier = try CourierFixture()
    try courier.store(items)
    let form = try courier.site.cases.create(
      CaseForm(urgency: .urgent, patient: CasePatient(id: "P1", name: "Essai^1"), question: "?"))
    let exported = try await courier.export()
    #expect(exported.objects == 6 && exported.cases == 1 && exported.left == 0 && exported.unreadable == 0)
    #expect(exported.bytes == items.reduce(0) { $0 + $1.bytes.count })
    await #expect(throws: CourierFailure.noReceipts(courier.folder.path)) { try await courier.receipts() }

    let imported = try await courier.takeOver()
    #expect(imported.failures.isEmpty)
    let report = try #require(imported.reports.first)
    #expect(report.site == "MIDELT" && report.objects == 6 && report.before == 0 && report.cases == 1)
    #expect(report.isGood && report.isEverything)
    for item in items { #expect(try await courier.hub.kept(item.object) == item.bytes) }
    #expect(try courier.hub.archive.cases.get(form.number)?.question == "?")
    #expect(try courier.waiting() == 6)

    #expect(try await courier.receipts() == CourierReceipts.Report(objects: 6, cases: 1))
    #expect(try courier.waiting() == 0)
    #expect(try courier.site.cases.pending().isEmpty)
    #expect(try await courier.receipts().objects == 6)
    let empty = try await courier.export()
    #expect(empty.objects == 0 && empty.cases == 0 && empty.acknowledged == 6)
  }

  @Test("Nothing on a carrier tells whose it is or whom it is about")
  func tellsNothing() async throws {
    let courier = try CourierFixture()
    try courier.store(items)
    _ = try await courier.export(chunkSize: 20_000)
    _ = try await courier.takeOver()
    let all = try FileManager.default.subpathsOfDirectory(atPath: courier.carrier)
    var everything = all.joined(separator: "\n").utf8.map { $0 }
    for path in all {
      everything += (try? Data(contentsOf: URL(fileURLWithPath: courier.carrier + "/" + path))) ?? Data()
    }
    #expect(everything.count > 50_000)
    let text = String(decoding: everything, as: UTF8.self)
    for secret in ["MIDELT", "Essai", "2.25.1", "DICM", "digest", String(items[0].object.digest.prefix(12))] {
      #expect(!text.contains(secret))
    }
  }

  @Test("Objects that are longer than a file go on in the next")
  func acrossFiles() async throws {
    let courier = try CourierFixture()
    try courier.store(items)
    let exported = try await courier.export(chunkSize: 3000)
    #expect(exported.objects == 6 && exported.files > 15)
    #expect(try await courier.takeOver().reports.first?.objects == 6)
    for item in items { #expect(try await courier.hub.kept(item.object) == item.bytes) }
  }

  @Test("Importing twice is importing once")
  func twice() async throws {
    let courier = try CourierFixture()
    try courier.store(items)
    _ = try await courier.export()
    let sent = Mutex(0)
    func takeOver() async throws -> CourierImport.Report? {
      let receiver = courier.hub.receiver
      return try await courier.takeOver(answer: { request in
        sent.withLock { $0 += request.body.count }
        return await receiver.answer(request)
      }).reports.first
    }
    let first = try #require(try await takeOver())
    let all = items.reduce(0) { $0 + $1.bytes.count }
    #expect(first.isGood && first.objects == 6 && first.before == 0 && sent.withLock { $0 } > all)
    let receipts = try courier.folder.read(CourierFolder.receiptsName)
    sent.withLock { $0 = 0 }
    let second = try #require(try await takeOver())
    #expect(second.isGood && second.objects == 6 && second.before == 6)
    // What is there is not handed over again; the receipts are written anew.
    #expect(sent.withLock { $0 } < all / 4)
    #expect(try courier.folder.read(CourierFolder.receiptsName) != receipts)
    #expect(try await courier.receipts().objects == 6)
    #expect(try courier.hub.archive.statistics().instances == 6)
  }

  @Test("What the hub got over the link meanwhile is receipted too")
  func linkWasFaster() async throws {
    let courier = try CourierFixture()
    try courier.store(items)
    _ = try await courier.export()
    var site = try await courier.hub.site()
    _ = try await site.send(.announce([items[0].object]), items[0].header, items[0].rest)
    #expect(try await courier.takeOver().reports.first?.objects == 6)
    #expect(try await courier.receipts().objects == 6)
  }

  // MARK: What goes wrong

  @Test("A damaged file costs what was in it, and the next export brings that")
  func damagedFile() async throws {
    let courier = try CourierFixture()
    try courier.store(items)
    _ = try await courier.export(chunkSize: items[0].bytes.count)
    let damaged = courier.chunks[3]
    try courier.change(damaged) { $0[$0.count / 2] ^= 1 }
    let report = try #require(try await courier.takeOver().reports.first)
    #expect(report.damagedFiles == [damaged])
    #expect((3...5).contains(report.objects))
    _ = try await courier.receipts()
    #expect(try courier.waiting() == 6 - report.objects)
    #expect(try await courier.export().objects == 6 - report.objects)
    #expect(try await courier.takeOver().reports.first?.damagedFiles == [])
    _ = try await courier.receipts()
    #expect(try courier.waiting() == 0)
    for item in items { #expect(try await courier.hub.kept(item.object) == item.bytes) }
  }

  @Test("Every byte of a file matters, its head's too")
  func everyByte() throws {
    let key = try SiteKey.generate(site: "MIDELT")
    let file = CourierFile(kind: .chunk, number: 7, export: CourierFile.random(16), content: Array("content".utf8))
    let bytes = try file.sealed(for: key)
    #expect(CourierFile(bytes, of: key) == file)
    #expect(try file.sealed(for: key) != bytes)
    for index in bytes.indices {
      var bad = bytes
      bad[index] ^= 1
      #expect(CourierFile(bad, of: key) == nil)
      #expect(CourierFile(Array(bytes.prefix(index)), of: key) == nil)
    }
    #expect(CourierFile(bytes, of: try .generate(site: "MIDELT")) == nil)
  }

  @Test("Files that changed places, or are another export's, are damaged ones")
  func swapped() async throws {
    let courier = try CourierFixture()
    try courier.store(items)
    _ = try await courier.export(chunkSize: items[0].bytes.count)
    let chunks = courier.chunks
    let folder = courier.folder
    let (one, two) = (try #require(try folder.read(chunks[1])), try #require(try folder.read(chunks[2])))
    try folder.write(two, as: chunks[1])
    try folder.write(one, as: chunks[2])
    #expect(try await courier.takeOver().reports.first?.damagedFiles == [chunks[1], chunks[2]])
    let old = try #require(try folder.read(chunks[0]))
    _ = try await courier.export(chunkSize: items[0].bytes.count)
    try folder.write(old, as: courier.chunks[0])
    #expect(try await courier.takeOver().reports.first?.damagedFiles == [courier.chunks[0]])
  }

  @Test("A carrier that was pulled out is known as such")
  func pulledOut() async throws {
    let courier = try CourierFixture()
    try courier.store(items)
    _ = try await courier.export(chunkSize: items[0].bytes.count)
    let missing = courier.chunks[2]
    try courier.folder.remove([missing])
    #expect(try await courier.takeOver().reports.first?.damagedFiles == [missing])
    try courier.folder.remove([CourierFolder.manifestName])
    #expect(try await courier.takeOver().failures == [.unfinished(courier.folder.path)])
    // The site writes it anew, and nothing of the old is left.
    let before = Set(courier.chunks)
    _ = try await courier.export()
    #expect(before.isDisjoint(with: courier.chunks))
    #expect(try await courier.takeOver().failures.isEmpty)
    _ = try await courier.receipts()
    #expect(try courier.waiting() == 0)
    #expect(try courier.hub.archive.statistics().instances == 6)
  }

  @Test("A key that the hub does not know opens nothing, and keeps no other site waiting")
  func wrongKey() async throws {
    let courier = try CourierFixture()
    let other = try CourierFixture(site: "AZILAL", hub: courier.hub)
    try courier.store(items)
    try other.store([Traveller.make(1, study: 9)])
    _ = try await courier.export()
    _ = try await other.export()
    var keys = courier.hub.keys
    keys["MIDELT"] = try .generate(site: "MIDELT")
    let result = try await courier.takeOver(keys: keys)
    #expect(result.failures == [.unknownKey(courier.folder.path)])
    #expect(result.reports.map(\.site) == ["AZILAL"] && result.reports.first?.objects == 1)
    // With the right keys both are taken, each under its own name.
    #expect(try await courier.takeOver().reports.map(\.site).sorted() == ["AZILAL", "MIDELT"])
    #expect(try await other.receipts().objects == 1 && other.waiting() == 0)
    #expect(try courier.waiting() == 6)
  }

  @Test("Receipts of another key, or damaged ones, acknowledge nothing")
  func falseReceipts() async throws {
    let courier = try CourierFixture()
    try courier.store(items)
    _ = try await courier.export()
    _ = try await courier.takeOver()
    try courier.change(CourierFolder.receiptsName) { $0[60] ^= 1 }
    let receipts = courier.folder.path + "/" + CourierFolder.receiptsName
    await #expect(throws: CourierFailure.unreadable(receipts)) { try await courier.receipts() }
    // A manifest of the site itself is no receipt either.
    let manifest = try #require(try courier.folder.read(CourierFolder.manifestName))
    try courier.folder.write(manifest, as: CourierFolder.receiptsName)
    await #expect(throws: CourierFailure.unreadable(receipts)) { try await courier.receipts() }
    #expect(try courier.waiting() == 6)
    #expect(try await courier.export().objects == 6)
  }

  @Test("A carrier that is too small takes what fits, and the next one the rest")
  func tooSmall() async throws {
    let courier = try CourierFixture()
    try courier.store(items)
    await #expect(throws: CourierFailure.noRoom(courier.carrier)) { try await courier.export(room: 20) }
    let room = 40_000
    let exported = try await courier.export(chunkSize: 9000, room: room)
    #expect((1...4).contains(exported.objects) && exported.left == 6 - exported.objects)
    let written = try courier.chunks.reduce(0) { $0 + (try courier.folder.read($1)?.count ?? 0) }
    #expect(written <= room)
    let report = try #require(try await courier.takeOver().reports.first)
    #expect(!report.isEverything && report.objects == exported.objects)
    let again = try await courier.export()
    #expect(again.acknowledged == exported.objects && again.objects == exported.left)
    #expect(try await courier.takeOver().reports.first?.isEverything == true)
    for item in items { #expect(try await courier.hub.kept(item.object) == item.bytes) }
  }

  @Test("A folder without a courier says so")
  func nothing() async throws {
    let courier = try CourierFixture()
    try Data("holiday".utf8).write(to: URL(fileURLWithPath: courier.carrier + "/photo.jpg"))
    await #expect(throws: CourierFailure.nothingThere(courier.carrier)) { try await courier.takeOver() }
    await #expect(throws: CourierFailure.nothingThere(courier.carrier)) { try await courier.receipts() }
  }
}
