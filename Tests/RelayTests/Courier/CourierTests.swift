import Archive
import DICOM
import Foundation
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
    let exported = try courier.export()
    #expect(exported.objects == 6 && exported.cases == 1 && exported.left == 0 && exported.unreadable == 0)
    #expect(exported.bytes == items.reduce(0) { $0 + $1.bytes.count })
    #expect(throws: CourierFailure.noReceipts(courier.folder.path)) { try courier.receipts() }

    let imported = try courier.takeOver()
    #expect(imported.failures.isEmpty)
    #expect(imported.reports == [CourierImport.Report(site: "MIDELT", objects: 6, cases: 1)])
    for item in items { #expect(try await courier.hub.kept(item.object) == item.bytes) }
    #expect(try courier.hub.archive.cases.get(form.number)?.question == "?")
    #expect(try courier.waiting() == 6)

    #expect(try courier.receipts() == CourierReceipts.Report(objects: 6, cases: 1))
    #expect(try courier.waiting() == 0)
    #expect(try courier.site.cases.pending().isEmpty)
    #expect(try courier.receipts().objects == 6)
    let empty = try courier.export()
    #expect(empty.objects == 0 && empty.cases == 0 && empty.acknowledged == 6)
  }

  @Test("Nothing on a carrier tells whose it is or whom it is about")
  func tellsNothing() throws {
    let courier = try CourierFixture()
    try courier.store(items)
    _ = try courier.export(chunkSize: 20_000)
    _ = try courier.takeOver()
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
    let exported = try courier.export(chunkSize: 3000)
    #expect(exported.objects == 6 && exported.files > 15)
    #expect(try courier.takeOver().reports.first?.objects == 6)
    for item in items { #expect(try await courier.hub.kept(item.object) == item.bytes) }
  }

  @Test("Importing twice is importing once")
  func twice() throws {
    let courier = try CourierFixture()
    try courier.store(items)
    _ = try courier.export()
    let first = try courier.takeOver().reports
    #expect(try courier.takeOver().reports == first)
    #expect(try courier.hub.archive.statistics().instances == 6)
  }

  @Test("What the hub got over the link meanwhile is receipted too")
  func linkWasFaster() async throws {
    let courier = try CourierFixture()
    try courier.store(items)
    _ = try courier.export()
    var site = try await courier.hub.site()
    _ = try await site.send(.announce([items[0].object]), items[0].header, items[0].rest)
    #expect(try courier.takeOver().reports.first?.objects == 6)
    #expect(try courier.receipts().objects == 6)
  }

  // MARK: What goes wrong

  @Test("A damaged file costs what was in it, and the next export brings that")
  func damagedFile() async throws {
    let courier = try CourierFixture()
    try courier.store(items)
    _ = try courier.export(chunkSize: items[0].bytes.count)
    let damaged = courier.chunks[3]
    try courier.change(damaged) { $0[$0.count / 2] ^= 1 }
    let report = try #require(try courier.takeOver().reports.first)
    #expect(report.damagedFiles == [damaged])
    #expect((3...5).contains(report.objects))
    _ = try courier.receipts()
    #expect(try courier.waiting() == 6 - report.objects)
    #expect(try courier.export().objects == 6 - report.objects)
    #expect(try courier.takeOver().reports.first?.damagedFiles == [])
    _ = try courier.receipts()
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
  func swapped() throws {
    let courier = try CourierFixture()
    try courier.store(items)
    _ = try courier.export(chunkSize: items[0].bytes.count)
    let chunks = courier.chunks
    let folder = courier.folder
    let (one, two) = (try #require(try folder.read(chunks[1])), try #require(try folder.read(chunks[2])))
    try folder.write(two, as: chunks[1])
    try folder.write(one, as: chunks[2])
    #expect(try courier.takeOver().reports.first?.damagedFiles == [chunks[1], chunks[2]])
    let old = try #require(try folder.read(chunks[0]))
    _ = try courier.export(chunkSize: items[0].bytes.count)
    try folder.write(old, as: courier.chunks[0])
    #expect(try courier.takeOver().reports.first?.damagedFiles == [courier.chunks[0]])
  }

  @Test("A carrier that was pulled out is known as such")
  func pulledOut() throws {
    let courier = try CourierFixture()
    try courier.store(items)
    _ = try courier.export(chunkSize: items[0].bytes.count)
    let missing = courier.chunks[2]
    try courier.folder.remove([missing])
    #expect(try courier.takeOver().reports.first?.damagedFiles == [missing])
    try courier.folder.remove([CourierFolder.manifestName])
    #expect(try courier.takeOver().failures == [.unfinished(courier.folder.path)])
    // The site writes it anew, and nothing of the old is left.
    let before = Set(courier.chunks)
    _ = try courier.export()
    #expect(before.isDisjoint(with: courier.chunks))
    #expect(try courier.takeOver().failures.isEmpty)
    _ = try courier.receipts()
    #expect(try courier.waiting() == 0)
    #expect(try courier.hub.archive.statistics().instances == 6)
  }

  @Test("A key that the hub does not know opens nothing, and keeps no other site waiting")
  func wrongKey() throws {
    let courier = try CourierFixture()
    let other = try CourierFixture(site: "AZILAL", hub: courier.hub)
    try courier.store(items)
    try other.store([Traveller.make(1, study: 9)])
    _ = try courier.export()
    _ = try other.export()
    var keys = courier.hub.keys
    keys["MIDELT"] = try .generate(site: "MIDELT")
    let result = try courier.takeOver(keys: keys)
    #expect(result.failures == [.unreadable(courier.folder.path)])
    #expect(result.reports == [CourierImport.Report(site: "AZILAL", objects: 1)])
    // With the right keys both are taken, each under its own name.
    #expect(try courier.takeOver().reports.map(\.site).sorted() == ["AZILAL", "MIDELT"])
    #expect(try other.receipts().objects == 1 && other.waiting() == 0)
    #expect(try courier.waiting() == 6)
  }

  @Test("Receipts of another key, or damaged ones, acknowledge nothing")
  func falseReceipts() throws {
    let courier = try CourierFixture()
    try courier.store(items)
    _ = try courier.export()
    _ = try courier.takeOver()
    try courier.change(CourierFolder.receiptsName) { $0[60] ^= 1 }
    #expect(throws: CourierFailure.unreadable(courier.folder.path)) { try courier.receipts() }
    // A manifest of the site itself is no receipt either.
    let manifest = try #require(try courier.folder.read(CourierFolder.manifestName))
    try courier.folder.write(manifest, as: CourierFolder.receiptsName)
    #expect(throws: CourierFailure.unreadable(courier.folder.path)) { try courier.receipts() }
    #expect(try courier.waiting() == 6)
    #expect(try courier.export().objects == 6)
  }

  @Test("A carrier that is too small takes what fits, and the next one the rest")
  func tooSmall() async throws {
    let courier = try CourierFixture()
    try courier.store(items)
    #expect(throws: CourierFailure.noRoom(courier.carrier)) { try courier.export(room: 20) }
    let room = 40_000
    let exported = try courier.export(chunkSize: 9000, room: room)
    #expect((1...4).contains(exported.objects) && exported.left == 6 - exported.objects)
    let written = try courier.chunks.reduce(0) { $0 + (try courier.folder.read($1)?.count ?? 0) }
    #expect(written <= room)
    let report = try #require(try courier.takeOver().reports.first)
    #expect(!report.isEverything && report.objects == exported.objects)
    let again = try courier.export()
    #expect(again.acknowledged == exported.objects && again.objects == exported.left)
    #expect(try courier.takeOver().reports.first?.isEverything == true)
    for item in items { #expect(try await courier.hub.kept(item.object) == item.bytes) }
  }

  @Test("A folder without a courier says so")
  func nothing() throws {
    let courier = try CourierFixture()
    try Data("holiday".utf8).write(to: URL(fileURLWithPath: courier.carrier + "/photo.jpg"))
    #expect(throws: CourierFailure.nothingThere(courier.carrier)) { try courier.takeOver() }
    #expect(throws: CourierFailure.nothingThere(courier.carrier)) { try courier.receipts() }
  }
}
