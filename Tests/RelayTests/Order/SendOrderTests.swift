import Archive
import Foundation
import Testing

@testable import Relay

/// The rules of the thin link, one a test.
@Suite("Order of sending")
struct SendOrderTests {
  var hub = ModelHub()

  // MARK: Within a study

  @Test("The first request of a new study carries announcement, header and first picture of its first image")
  func firstRequest() throws {
    var order = SendOrder.make(images: 300)
    let parcel = try order.parcel(of: 16 << 10, at: .zero)
    #expect(parcel.announced.first?.object.instanceNumber == 1)
    #expect(parcel.headers.first?.object.instanceNumber == 1)
    #expect([parcel].layers == [SentPart(1, layer: 1)])
    // The rest is the beginning of the next announcements.
    #expect(parcel.announced.count > 3)
    #expect(parcel.estimate <= 16 << 10)
  }

  @Test("New images come with their first picture: no answer is waited for between the two")
  mutating func besideAnnouncement() throws {
    var order = SendOrder.make(images: 30)
    _ = try order.parcel(of: 16 << 10, at: .zero)
    let announced = Set(order.parcels.values.flatMap { $0.announced.compactMap(\.object.instanceNumber) })
    // Nothing is answered; the second request has pictures of what it announces itself, and of nothing that the first announced.
    let second = try order.parcel(of: 64 << 10, at: .zero)
    let own = Set(second.announced.compactMap(\.object.instanceNumber))
    let pictures = Set([second].layers.filter { $0.layer == 1 }.map(\.number))
    #expect(pictures.count > 5 && pictures.isSubset(of: own) && pictures.isDisjoint(with: announced))
    #expect([second].layers.allSatisfy { $0.layer == 1 })
    // A request that is lost takes announcement and picture back.
    order.lost(second.id)
    let again = try order.parcel(of: 64 << 10, at: .zero)
    #expect(Set(again.announced.compactMap(\.object.instanceNumber)).isSuperset(of: own))
    for parcel in order.parcels.values { _ = order.acknowledged(parcel.id, hub.take(parcel), now: .zero) }
    _ = order.drain(into: &hub)
    #expect(hub.whole.count == 30 && hub.wasted == 0)
  }

  @Test("What the hub may know already waits for its answer, and so do pictures of useful size")
  func nothingBeside() throws {
    var old = SendOrder.make(images: 3, isFresh: false)
    #expect(try [old.parcel(of: 64 << 10, at: .zero)].layers.isEmpty)
    var large = SendOrder.make([("1.2", .routine, (1...3).map { .make($0, layers: [150_000]) })])
    _ = try large.parcel(of: 64 << 10, at: .zero)
    let second = large.next(budget: 64 << 10, now: .zero)
    #expect([second].compactMap(\.self).layers.allSatisfy { $0.number == 1 })
  }

  @Test("Headers go before pictures, and every layer of all images before the next layer of any")
  mutating func layerByLayer() {
    var order = SendOrder.make(images: 30)
    let parcels = order.drain(into: &hub)
    let lastHeader = parcels.lastIndex { !$0.headers.isEmpty } ?? 0
    #expect(Array(parcels.prefix(lastHeader)).layers.allSatisfy { $0 == SentPart(1, layer: 1) })
    let layers = parcels.layers.map(\.layer)
    #expect(layers == layers.sorted())
    #expect(Set(parcels.layers.map(\.number)) == Set(1...30))
    #expect(hub.whole.count == 30)
  }

  @Test("First, middle and last image of a series lead, then the others from the first on")
  mutating func leads() {
    var order = SendOrder.make(images: 9)
    let first = order.drain(into: &hub).layers.filter { $0.layer == 1 }.map(\.number)
    #expect(first == [1, 5, 9, 2, 3, 4, 6, 7, 8])
  }

  @Test("A key image leads, wherever it lies")
  mutating func keyImage() {
    let images = (1...9).map { QueuedObject.make($0, isKeyImage: $0 == 7) }
    var order = SendOrder.make([("1.2", .routine, images)])
    let first = order.drain(into: &hub).layers.filter { $0.layer == 1 }.map(\.number)
    #expect(Array(first.prefix(4)) == [1, 5, 9, 7])
  }

  @Test("A report goes with the headers, whole")
  mutating func reports() throws {
    let report = QueuedObject.make(99, series: "1.2.9", header: 9000, layers: [])
    var order = SendOrder.make([("1.2", .routine, (1...20).map { .make($0) } + [report])])
    let parcels = order.drain(into: &hub)
    let reported = try #require(parcels.firstIndex { $0.headers.contains { $0.object == report } })
    let second = try #require(parcels.firstIndex { [$0].layers.contains { $0.layer == 1 && $0.number != 1 } })
    // Headers come before segments in a request.
    #expect(reported <= second)
  }

  @Test("A document of a megabyte comes behind the thumbnails and before the second layers")
  mutating func largeDocument() throws {
    let document = QueuedObject.make(99, series: "1.2.9", header: 900_000, layers: [])
    var order = SendOrder.make([("1.2", .routine, (1...20).map { .make($0) } + [document])])
    let parcels = order.drain(into: &hub)
    let began = try #require(parcels.firstIndex { $0.segments.contains { $0.object == document } })
    let lastThumbnail = try #require(parcels.lastIndex { [$0].layers.contains { $0.layer == 1 } })
    let secondLayer = try #require(parcels.firstIndex { [$0].layers.contains { $0.layer == 2 } })
    #expect(lastThumbnail <= began && began <= secondLayer)
  }

  @Test("Of a compressed clip go first, middle and last frame, then the others")
  mutating func clip() {
    var order = SendOrder.make([("1.2", .routine, [.make(1, layers: [30_000], frames: 11)])])
    let frames = order.drain(into: &hub).layers.map(\.frame)
    #expect(frames == [0, 5, 10, 1, 2, 3, 4, 6, 7, 8, 9])
  }

  @Test("A frame of megabytes without layers waits for the previews of others")
  mutating func largeFrame() throws {
    let large = QueuedObject.make(1, series: "1.2.1", layers: [5_000_000])
    let others = (2...9).map { QueuedObject.make($0, series: "1.2.2") }
    var order = SendOrder.make([("1.2", .routine, [large] + others)])
    let layers = order.drain(into: &hub).layers
    let place = try #require(layers.firstIndex { $0.number == 1 })
    #expect(layers.prefix(place).filter { $0.layer <= 3 }.count == 8 * 3)
  }

  @Test("A layer that does not fit is cut, and its rest is the first of the next request")
  func cut() throws {
    var order = SendOrder.make([("1.2", .routine, [.make(1, layers: [4000, 500_000])])])
    var hub = ModelHub()
    for _ in 0..<3 {
      let parcel = try order.parcel(of: 64 << 10, at: .zero)
      #expect(parcel.estimate <= 64 << 10)
      _ = order.acknowledged(parcel.id, hub.take(parcel), now: .zero)
    }
    #expect(hub.wasted == 0)
    let image = QueuedObject.make(1, layers: [4000, 500_000])
    #expect(hub.has(0..<2000 + 4000 + 100_000, of: image))
  }

  @Test("The bytes between and behind frames travel with the layer before them, so that nothing is left")
  mutating func rest() throws {
    var order = SendOrder.make([("1.2", .routine, [.make(1, layers: [3000, 9000], frames: 5)])])
    _ = order.drain(into: &hub)
    #expect(hub.whole.count == 1)
    #expect(order.studies["1.2"]?.bytesLeft == 0)
  }

  // MARK: Between studies

  @Test("What is urgent goes before what is not, and an emergency before both")
  mutating func urgency() {
    var order = SendOrder.make([
      ("1.2", .routine, [.make(1, study: "1.2")]), ("1.3", .urgent, [.make(1, study: "1.3")]),
      ("1.4", .emergency, [.make(1, study: "1.4")]),
    ])
    var seen: [String] = []
    for study in order.drain(into: &hub).studies where !seen.contains(study) { seen.append(study) }
    #expect(seen == ["1.4", "1.3", "1.2"])
  }

  @Test("An emergency that comes in the middle of a transfer has the very next request")
  mutating func preemption() throws {
    var order = SendOrder.make([("1.2", .routine, [.make(1, layers: [4000, 2_000_000_000])])])
    _ = order.drain(into: &hub, limit: 10)
    let routine = QueuedStudy(uid: "1.2", urgency: .routine, storedAt: .distantPast, waiting: 1)
    let emergency = QueuedStudy(uid: "1.3", urgency: .emergency, storedAt: .now, waiting: 1)
    order.update(studies: [routine, emergency], forms: [])
    order.load([.make(1, study: "1.3")], of: "1.3", now: .zero)
    #expect(order.mostUrgent(now: .zero) == .emergency)
    let parcel = try order.parcel(of: 64 << 10, at: .zero)
    #expect(parcel.urgency == .emergency)
    #expect(parcel.parts.first?.study == "1.3")
    #expect([parcel].layers.first == SentPart(1, layer: 1))
  }

  @Test("While others fill the line, a request of something urgent is not lengthened by what is not")
  mutating func urgentAlone() throws {
    var order = SendOrder.make([("1.2", .routine, [.make(1, layers: [4000, 2_000_000_000])])])
    _ = order.drain(into: &hub, limit: 10)
    order.update(
      studies: [QueuedStudy(uid: "1.2", urgency: .routine, storedAt: .now, waiting: 1)],
      forms: [(CaseReceipt(number: "A-1", revision: 1), .emergency)])
    let next = order.next(budget: 64 << 10, fillsUp: false, now: .zero)
    let form = try #require(next)
    #expect(form.urgency == .emergency && form.forms.count == 1 && !form.hasObjects)
    // What is not urgent goes in the next one, whether it fills up or not.
    let rest = order.next(budget: 64 << 10, fillsUp: false, now: .zero)
    #expect(rest?.urgency == .routine && rest?.hasObjects == true)
  }

  @Test("Cases go before any image of their urgency")
  mutating func cases() throws {
    var order = SendOrder.make(images: 3)
    order.update(
      studies: [QueuedStudy(uid: "1.2", urgency: .routine, storedAt: .now, waiting: 3)],
      forms: [(CaseReceipt(number: "A-1", revision: 2), .routine), (CaseReceipt(number: "A-2", revision: 1), .urgent)])
    let parcel = try order.parcel(of: 64 << 10, at: .zero)
    #expect(parcel.forms.map(\.number) == ["A-2", "A-1"])
    let second = order.next(budget: 64 << 10, now: .zero)
    #expect(second?.forms.isEmpty ?? true)
    let outcome = order.acknowledged(parcel.id, hub.take(parcel), now: .zero)
    #expect(outcome.cases.count == 2)
    #expect(order.forms.isEmpty)
  }

  @Test("A manifest goes with its study, and again when it changes")
  mutating func manifests() throws {
    var order = SendOrder.make(images: 1)
    func update(_ objects: Int) {
      order.update(
        studies: [
          QueuedStudy(
            uid: "1.2", urgency: .routine, storedAt: .now, waiting: 1,
            manifest: StudyManifest(study: "1.2", objects: objects, bytes: 5))
        ], forms: [])
    }
    update(1)
    let sent = order.drain(into: &hub)
    #expect(sent.flatMap(\.manifests) == ["1.2"])
    #expect(sent.first?.manifests == ["1.2"])
    update(1)
    #expect(order.isQuiet(at: .zero))
    update(2)
    let again = try order.parcel(of: 1000, at: .zero)
    #expect(again.manifests == ["1.2"])
  }

  @Test("The manifest of a study that grows waits for company")
  mutating func growing() throws {
    var order = SendOrder.make(images: 1)
    _ = order.drain(into: &hub)
    func update(isGrowing: Bool) {
      var study = QueuedStudy(uid: "1.2", urgency: .routine, storedAt: .now, waiting: 0)
      study.manifest = StudyManifest(study: "1.2", objects: 2, bytes: 5)
      study.isGrowing = isGrowing
      order.update(studies: [study], forms: [])
    }
    update(isGrowing: true)
    #expect(order.isQuiet(at: .zero))
    order.load([.make(2)], of: "1.2", now: .zero)
    let parcel = try order.parcel(of: 1000, at: .zero)
    #expect(parcel.manifests == ["1.2"])
    order.lost(parcel.id)
    update(isGrowing: false)
    #expect(!order.isQuiet(at: .zero))
  }

  @Test("Of studies of the same urgency every one has its previews before any has its originals")
  mutating func previewsFirst() {
    var order = SendOrder.make([
      ("1.2", .routine, (1...5).map { .make($0, study: "1.2") }),
      ("1.3", .routine, (1...5).map { .make($0, study: "1.3") }),
    ])
    let parcels = order.drain(into: &hub, budget: 20_000)
    // But for the oldest one's share.
    let shares = parcels.count / SendOrder.turnsOfOldest + 1
    let lastPreview = parcels.lastIndex { $0.parts.contains { $0.study == "1.3" && $0.slot.layer == 3 } } ?? 0
    let originals = parcels.prefix(lastPreview).filter { $0.parts.contains { $0.slot.layer > 3 } }
    #expect(originals.count <= shares)
  }

  @Test("The oldest study goes on although new ones never end")
  mutating func nothingStarves() {
    var order = SendOrder.make([("1.2", .routine, [.make(1, study: "1.2", layers: [4000, 1_000_000])])])
    var list = [QueuedStudy(uid: "1.2", urgency: .routine, storedAt: .distantPast, waiting: 1)]
    var sent = 0
    for number in 3...200 {
      let uid = "1.\(number)"
      list.append(QueuedStudy(uid: uid, urgency: .routine, storedAt: Date(timeIntervalSince1970: 1000), waiting: 5))
      order.update(studies: list, forms: [])
      order.load((1...5).map { .make($0, study: uid) }, of: uid, now: .zero)
      guard let parcel = order.next(budget: 20_000, now: .zero) else { break }
      _ = order.acknowledged(parcel.id, hub.take(parcel), now: .zero)
      sent += parcel.parts.filter { $0.study == "1.2" }.reduce(0) { $0 + $1.range.count }
    }
    #expect(sent > 198 / SendOrder.turnsOfOldest * 15_000)
  }
}
