import Archive
import DICOM
import Foundation
import Testing

@testable import Relay

@Suite("Receiving over the link")
struct LinkReceiverTests {
  @Test("One request brings an object, and the answer is its receipt")
  func oneRequest() async throws {
    let hub = try LinkFixture()
    var site = try await hub.site()
    let item = Traveller.make(1)
    let answer = try await site.send(.announce([item.object]), item.header, item.rest)
    #expect(answer.receipts == [item.object.digest])
    #expect(answer.objects.isEmpty && answer.damaged.isEmpty && answer.unknown.isEmpty && answer.refused == nil)
    #expect(abs(Double(answer.clock) / 1000 - Date().timeIntervalSince1970) < 10)
    #expect(try await hub.kept(item.object) == item.bytes)
  }

  @Test("Ranges come in any order and any number of times, and the hub says what it has")
  func anyOrder() async throws {
    let hub = try LinkFixture()
    var site = try await hub.site()
    let item = Traveller.make(1)
    let size = item.bytes.count
    var answer = try await site.send(.announce([item.object]), item.segment(size - 100..<size))
    #expect(answer.receipts.isEmpty && answer.objects.isEmpty && answer.damaged.isEmpty)
    answer = try await site.send(item.segment(size - 200..<size - 50), item.header)
    #expect(answer.receipts.isEmpty)
    // A site that lost its memory asks.
    answer = try await site.send(.announce([item.object]))
    let have = try #require(answer.objects.first?.have)
    #expect(answer.objects.map(\.state) == [.partial])
    #expect(have.flat == [0, item.object.header, size - 200, size])
    answer = try await site.send(item.segment(item.object.header..<size - 100))
    #expect(answer.receipts == [item.object.digest])
    answer = try await site.send(.announce([item.object]))
    #expect(answer.receipts == [item.object.digest] && answer.objects.isEmpty)
    #expect(try await hub.kept(item.object) == item.bytes)
  }

  @Test("A damaged record is named, and the others count")
  func damagedRecord() async throws {
    let hub = try LinkFixture()
    var site = try await hub.site()
    let (one, two) = (Traveller.make(1), Traveller.make(2))
    let records = [.announce([one.object, two.object]), one.header, one.rest, two.header, two.rest]
    var batch = try BatchWriter.make(records)
    batch[try BatchWriter.make(Array(records.prefix(3))).count - 1] ^= 0x10
    let (status, answer) = try await site.send(batch: batch)
    #expect(status == 200 && answer.damaged == [2] && answer.problems == ["record 2: checksum"])
    #expect(answer.receipts == [two.object.digest])
    #expect(try await site.send(one.rest).receipts == [one.object.digest])
    #expect(hub.receiver.sites().first { $0.site == "MIDELT" }?.damagedRecords == 1)
  }

  @Test("Bytes outside of an object, and of objects that nobody announced, change nothing")
  func outside() async throws {
    let hub = try LinkFixture()
    var site = try await hub.site()
    let (item, stranger) = (Traveller.make(1), Traveller.make(2))
    let outside = BatchSegment(object: item.name, offset: item.bytes.count - 1, bytes: [1, 2])
    let answer = try await site.send(.announce([item.object]), .segment(outside), stranger.rest, stranger.header)
    #expect(answer.damaged == [1])
    #expect(answer.unknown == [String(stranger.object.digest.prefix(16))])
    #expect(try await site.send(item.header, item.rest).receipts == [item.object.digest])
  }

  @Test("Wrong bytes are found by the digest, thrown away, and wanted again")
  func wrongBytes() async throws {
    let hub = try LinkFixture()
    var site = try await hub.site()
    let item = Traveller.make(1)
    var wrong = item.bytes
    wrong[wrong.count - 1] ^= 1
    let segment = BatchSegment(
      object: item.name, offset: item.object.header, bytes: wrong[item.object.header...])
    var answer = try await site.send(.announce([item.object]), item.header, .segment(segment))
    #expect(answer.objects.map(\.state) == [.damaged] && answer.receipts.isEmpty)
    answer = try await site.send(.announce([item.object]), item.header, item.rest)
    #expect(answer.receipts == [item.object.digest])
  }

  // MARK: Cases and manifests

  @Test("A case is receipted with its revision, and one of another site is not taken")
  func cases() async throws {
    let hub = try LinkFixture()
    var site = try await hub.site()
    let number = "MIDELT-26-00042"
    let text = try #require(
      "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ".lazy.map { number + String($0) }.first { CaseNumber($0) != nil })
    var form = Case(number: text, site: "MIDELT", urgency: .urgent, question: "?", studies: ["2.25.1"], revision: 3)
    #expect(try await site.send(.form(form)).cases == [CaseReceipt(number: text, revision: 3)])
    #expect(try hub.archive.cases.get(text)?.revision == 3)
    form.revision = 4
    var other = try await hub.site("AZILAL")
    let answer = try await other.send(.form(form))
    #expect(answer.cases.isEmpty && answer.damaged == [0])
    #expect(try hub.archive.cases.get(text)?.revision == 3)
    let manifest = StudyManifest(study: "2.25.1", caseNumber: text, objects: 5, bytes: 9000)
    _ = try await site.send(.manifest(manifest), .announce([Traveller.make(1).object]))
    #expect(try hub.archive.arrivals.progress(study: "2.25.1")?.expected == 5)
  }

  // MARK: Demands and health

  @Test("What a reader opens, its site hears with the next answer, and once")
  func demands() async throws {
    let hub = try LinkFixture()
    var site = try await hub.site()
    let item = Traveller.make(1)
    var answer = try await site.send(.announce([item.object]), item.header)
    let demand = LinkDemand(study: item.object.study, series: nil, instance: item.object.instance, frame: 0)
    hub.archive.arrivals.demand(demand)
    answer = try await site.send(.heard(LinkHeard(demandCursor: answer.demandCursor)))
    #expect(answer.demands == [demand])
    // An answer that was lost: the cursor stands, and so does the wish.
    answer = try await site.send(.heard(LinkHeard()))
    #expect(answer.demands == [demand])
    let cursor = try #require(answer.demandCursor)
    answer = try await site.send(.heard(LinkHeard(demandCursor: cursor)))
    #expect(answer.demands.isEmpty && answer.demandCursor == nil)
    // Said once, it holds for the session, also when an older request comes late.
    answer = try await site.send(.heard(LinkHeard(demandCursor: 0)))
    #expect(answer.demands.isEmpty && answer.demandCursor == nil)
    var other = try await hub.site("AZILAL")
    #expect(try await other.send(.heard(LinkHeard())).demands.isEmpty)
  }

  @Test("A heartbeat tells how the site is, in few bytes")
  func heartbeat() async throws {
    let hub = try LinkFixture()
    var site = try await hub.site()
    #expect(hub.receiver.sites().map(\.site) == ["AZILAL", "MIDELT"])
    let health = SiteHealth(
      version: "0.1.0", uptime: 86_400, diskFree: 100 << 30, queueObjects: 300, queueBytes: 50 << 20, oldestUnsent: 61,
      temperature: 55.5, rateKbit: 128, roundTrip: 600)
    let request = site.next(try BatchWriter.make([.health(health), .heard(LinkHeard(demandCursor: 3))]))
    let response = await hub.receiver.answer(request)
    let bytes =
      request.body.count + request.headers.reduce(0) { $0 + $1.key.count + $1.value.count + 4 } + response.body.count
      + response.headers.reduce(0) { $0 + $1.key.count + $1.value.count + 4 }
    #expect(bytes < 1000)
    let state = try #require(hub.receiver.sites().last)
    #expect(state.health == health && state.title == "Centre de MIDELT" && state.software == "1.2.3")
    #expect(state.lastSeen.map { abs($0.timeIntervalSinceNow) < 10 } == true)
    #expect(hub.receiver.sites().first?.lastSeen == nil)
  }

  // MARK: Many at once

  @Test("Two sites, several requests each, at once")
  func concurrent() async throws {
    let hub = try LinkFixture()
    let finished = try await withThrowingTaskGroup(of: [String].self) { group in
      for (index, name) in ["MIDELT", "AZILAL", "MIDELT", "AZILAL"].enumerated() {
        group.addTask {
          var site = try await hub.site(name)
          var receipts: [String] = []
          for number in 0..<25 {
            let item = Traveller.make(number, study: 10 + index)
            receipts += try await site.send(.announce([item.object]), item.header, item.rest).receipts
          }
          return receipts
        }
      }
      return try await group.reduce(into: []) { $0 += $1 }
    }
    #expect(Set(finished).count == 100)
    #expect(try hub.archive.statistics().instances == 100)
    #expect(hub.receiver.sites().map(\.objects) == [50, 50])
  }

  @Test("Pieces of one object may come at the same time, and one of the answers has the receipt")
  func onePerPiece() async throws {
    let hub = try LinkFixture { _ in
    } limits: {
      $0.inFlightPerSite = 64
    }
    var site = try await hub.site()
    let item = Traveller.make(1, side: 64)
    _ = try await site.send(.announce([item.object]), item.header)
    let requests = try stride(from: item.object.header, to: item.bytes.count, by: 256).map { start in
      site.next(try BatchWriter.make([item.segment(start..<min(start + 256, item.bytes.count))]))
    }
    let receipts = try await withThrowingTaskGroup(of: [String].self) { group in
      for request in requests { group.addTask { try await hub.receiver.answer(request).answer().receipts } }
      return try await group.reduce(into: []) { $0 += $1 }
    }
    #expect(!receipts.isEmpty && Set(receipts) == [item.object.digest])
    #expect(try await hub.kept(item.object) == item.bytes)
  }
}
