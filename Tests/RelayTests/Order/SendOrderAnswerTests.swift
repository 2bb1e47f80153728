import Archive
import Foundation
import Testing

@testable import Relay

/// What answers, losses and wishes of the hub change.
@Suite("Order of sending: answers")
struct SendOrderAnswerTests {
  var hub = ModelHub()

  @Test("Objects that the hub has cost their announcement and nothing else")
  mutating func known() {
    let images = (1...50).map { QueuedObject.make($0, isFresh: false) }
    for image in images { hub.keep(image) }
    var order = SendOrder.make([("1.2", .routine, images)])
    let parcels = order.drain(into: &hub)
    #expect(parcels.flatMap(\.headers).isEmpty && parcels.flatMap(\.segments).isEmpty)
    #expect(order.studies["1.2"]?.pending == 0)
  }

  @Test("After a restart only what is missing is sent")
  mutating func resume() {
    let image = QueuedObject.make(1, isFresh: false)
    hub.keep(0..<50_000, of: image)
    hub.keep(70_000..<80_000, of: image)
    var order = SendOrder.make([("1.2", .routine, [image])])
    _ = order.drain(into: &hub)
    #expect(hub.wasted == 0)
    #expect(hub.bytes == image.object.size - 60_000)
    #expect(hub.whole == [image.digest])
  }

  @Test("A lost parcel is sent again before what comes after it")
  mutating func lost() throws {
    var order = SendOrder.make(images: 40)
    let first = try order.parcel(of: 16 << 10, at: .zero)
    order.lost(first.id)
    let again = try order.parcel(of: 16 << 10, at: .zero)
    #expect(again.announced.map(\.object.digest) == first.announced.map(\.object.digest))
    #expect([again].layers == [first].layers)
    _ = order.acknowledged(again.id, hub.take(again), now: .zero)
    _ = order.drain(into: &hub)
    #expect(hub.whole.count == 40)
    #expect(hub.wasted == 0)
  }

  @Test("A damaged record is sent again, and only it")
  mutating func damagedRecord() throws {
    var order = SendOrder.make(images: 3)
    let first = try order.parcel(of: 64 << 10, at: .zero)
    _ = order.acknowledged(first.id, hub.take(first), now: .zero)
    let second = try order.parcel(of: 40_000, at: .zero)
    #expect(second.segments.count >= 3)
    // The hub could not use the second segment.
    var damaged = second
    let victim = damaged.segments.remove(at: 1)
    var answer = hub.take(damaged)
    answer.damaged = [second.records[1].number]
    _ = order.acknowledged(second.id, answer, now: .zero)
    let parcels = order.drain(into: &hub)
    #expect(parcels.first?.announced.map(\.object.digest) == [victim.object.digest])
    #expect(hub.whole.count == 3)
    #expect(hub.wasted == 0)
  }

  @Test("An object that was damaged at the hub starts anew")
  mutating func damagedObject() throws {
    let image = QueuedObject.make(1, layers: [4000, 9000])
    var order = SendOrder.make([("1.2", .routine, [image])])
    let parcel = try order.parcel(of: 64 << 10, at: .zero)
    var answer = LinkAnswer(clock: 0)
    answer.objects = [ArrivalAnswer(digest: image.digest, state: .damaged)]
    let outcome = order.acknowledged(parcel.id, answer, now: .zero)
    #expect(outcome.failed.map(\.isAside) == [false])
    #expect(order.isQuiet(at: .zero))
    let later = Duration.seconds(30)
    while let parcel = order.next(budget: 64 << 10, now: later) {
      _ = order.acknowledged(parcel.id, hub.take(parcel), now: later)
    }
    #expect(hub.whole == [image.digest])
    #expect(hub.bytes == image.object.size)
  }

  @Test("What was acknowledged before the hub threw an object away does not count when its answer comes late")
  mutating func lateAcknowledgement() throws {
    let image = QueuedObject.make(1, layers: [4000, 9000, 100_000])
    var order = SendOrder.make([("1.2", .routine, [image])])
    let first = try order.parcel(of: 10_000, at: .zero)
    let second = try order.parcel(of: 10_000, at: .zero)
    var answer = LinkAnswer(clock: 0)
    answer.objects = [ArrivalAnswer(digest: image.digest, state: .damaged)]
    _ = order.acknowledged(first.id, answer, now: .zero)
    _ = order.acknowledged(second.id, LinkAnswer(clock: 0), now: .zero)
    while let parcel = order.next(budget: 50_000, now: .seconds(60)) {
      _ = order.acknowledged(parcel.id, hub.take(parcel), now: .seconds(60))
    }
    #expect(hub.whole == [image.digest])
  }

  @Test("An object that fails three times steps aside, and the rest of its case goes on")
  mutating func poison() throws {
    let images = (1...5).map { QueuedObject.make($0) }
    var order = SendOrder.make([("1.2", .routine, images)])
    var failures: [SendOrder.Failure] = []
    var now = Duration.zero
    for _ in 0..<200 {
      now = now + .seconds(5)
      guard let parcel = order.next(budget: 64 << 10, now: now) else { continue }
      // The second image cannot be read.
      if parcel.parts.contains(where: { $0.slot.object == 1 && !$0.slot.isAnnouncement }) {
        order.lost(parcel.id)
        failures += order.unreadable(images[1].digest, reason: "the file cannot be read", now: now)
      } else {
        _ = order.acknowledged(parcel.id, hub.take(parcel), now: now)
      }
    }
    #expect(failures.map(\.isAside) == [false, false, true])
    #expect(hub.whole == Set(images.map(\.digest)).subtracting([images[1].digest]))
    // Somebody at the site says "try again".
    order.load(images.filter { !hub.whole.contains($0.digest) }, of: "1.2", now: now)
    _ = order.drain(into: &hub)
    #expect(hub.whole.count == 5)
  }

  @Test("An object that the hub refuses is not sent; a full hub is no failure of the object")
  mutating func refused() throws {
    var order = SendOrder.make(images: 2, isFresh: false)
    let parcel = try order.parcel(of: 64 << 10, at: .zero)
    let digests = parcel.announced.map(\.object.digest)
    var answer = LinkAnswer(clock: 0)
    answer.objects = [
      ArrivalAnswer(digest: digests[0], state: .refused, reason: .conflict, text: "another object has its UID"),
      ArrivalAnswer(digest: digests[1], state: .refused, reason: .hubFull),
    ]
    let outcome = order.acknowledged(parcel.id, answer, now: .zero)
    #expect(outcome.failed.map(\.reason) == ["refused by the hub: conflict: another object has its UID"])
    #expect(outcome.isHubFull)
    #expect(order.isQuiet(at: .zero))
    // Later it is asked again, for both; or now, when somebody wants it.
    var hurried = order
    let later = try order.parcel(of: 64 << 10, at: .seconds(100))
    #expect(later.announced.count == 2)
    hurried.wakeAll()
    #expect(try hurried.parcel(of: 64 << 10, at: .zero).announced.count == 2)
  }

  @Test("A new session announces again what is under way, and believes the hub's answer")
  mutating func newSession() throws {
    let image = QueuedObject.make(1)
    var order = SendOrder.make([("1.2", .routine, [image])])
    for _ in 0..<2 {
      let parcel = try order.parcel(of: 30_000, at: .zero)
      _ = order.acknowledged(parcel.id, hub.take(parcel), now: .zero)
    }
    hub.forget(image.digest)
    order.sessionLost()
    let parcel = try order.parcel(of: 64 << 10, at: .zero)
    #expect(parcel.announced.count == 1 && parcel.segments.isEmpty)
    _ = order.acknowledged(parcel.id, hub.take(parcel), now: .zero)
    _ = order.drain(into: &hub)
    #expect(hub.whole == [image.digest])
  }

  @Test("Segments of an object that the hub does not know make it announced again")
  mutating func unknownObject() throws {
    let image = QueuedObject.make(1)
    var order = SendOrder.make([("1.2", .routine, [image])])
    let parcel = try order.parcel(of: 30_000, at: .zero)
    _ = order.acknowledged(parcel.id, hub.take(parcel), now: .zero)
    hub.forget(image.digest)
    _ = order.drain(into: &hub)
    #expect(hub.whole == [image.digest])
  }

  // MARK: Wishes

  @Test("A demanded slice jumps ahead up to its previews, then its neighbours, then the rest of it")
  mutating func demand() throws {
    var order = SendOrder.make(images: 200)
    _ = order.drain(into: &hub, limit: 1)
    order.demand(LinkDemand(study: "1.2", series: "1.2.1", instance: "1.2.1.140"), now: .zero)
    let parcels = order.drain(into: &hub, limit: 12)
    let layers = parcels.layers
    #expect(
      Array(layers.prefix(6)) == [
        SentPart(140, layer: 1), SentPart(140, layer: 2), SentPart(140, layer: 3), SentPart(141, layer: 1),
        SentPart(141, layer: 2), SentPart(141, layer: 3),
      ])
    #expect(layers[6].number == 139)
    #expect(parcels.first?.announced.first?.object.instanceNumber == 140)
    let whole = layers.firstIndex(of: SentPart(140, layer: 5))
    #expect(whole == 3 + 2 * SendOrder.neighbours * 3 + 1)
  }

  @Test("A demand jumps ahead within its urgency, not before an emergency")
  mutating func demandWithinUrgency() throws {
    var order = SendOrder.make([
      ("1.2", .emergency, (1...3).map { .make($0, study: "1.2") }),
      ("1.3", .routine, (1...3).map { .make($0, study: "1.3") }),
      ("1.4", .routine, (1...3).map { .make($0, study: "1.4") }),
    ])
    order.demand(LinkDemand(study: "1.4"), now: .zero)
    var seen: [String] = []
    for study in order.drain(into: &hub).studies where !seen.contains(study) { seen.append(study) }
    #expect(seen == ["1.2", "1.4", "1.3"])
  }

  @Test("A demand for a study that is not in memory waits until it is")
  mutating func demandBeforeLoading() throws {
    var order = SendOrder()
    order.update(studies: [QueuedStudy(uid: "1.2", urgency: .routine, storedAt: .now, waiting: 9)], forms: [])
    order.demand(LinkDemand(study: "1.2", instance: "1.2.1.7"), now: .zero)
    order.load((1...9).map { .make($0) }, of: "1.2", now: .zero)
    let parcel = try order.parcel(of: 16 << 10, at: .zero)
    #expect(parcel.announced.first?.object.instanceNumber == 7)
  }

  // MARK: Budgets

  @Test("Originals of routine studies wait for their hours; those of others do not")
  mutating func hold() {
    var order = SendOrder.make([
      ("1.2", .routine, [.make(1, study: "1.2")]), ("1.3", .emergency, [.make(1, study: "1.3")]),
    ])
    order.hold = .calendar
    let parcels = order.drain(into: &hub)
    #expect(hub.whole == [QueuedObject.make(1, study: "1.3").digest])
    let held = parcels.flatMap(\.parts).filter { $0.study == "1.2" && $0.slot.layer > 3 }
    #expect(held.isEmpty)
    order.hold = nil
    _ = order.drain(into: &hub)
    #expect(hub.whole.count == 2)
  }

  @Test("A demanded original is sent at any hour")
  mutating func heldBackButDemanded() {
    var order = SendOrder.make(images: 3)
    order.hold = .budget
    _ = order.drain(into: &hub)
    #expect(hub.whole.isEmpty)
    order.demand(LinkDemand(study: "1.2", instance: "1.2.1.2"), now: .zero)
    _ = order.drain(into: &hub)
    #expect(hub.whole == [QueuedObject.make(2).digest])
  }

  // MARK: Memory

  @Test("Only as many objects are in memory as there may be, the most urgent and oldest first")
  mutating func loading() {
    var order = SendOrder()
    let list = (0..<10).map { index in
      QueuedStudy(
        uid: "1.\(index)", urgency: index == 7 ? .urgent : .routine,
        storedAt: Date(timeIntervalSince1970: Double(index)), waiting: 10)
    }
    order.update(studies: list, forms: [])
    #expect(order.plan(objects: 30, now: .zero).load == ["1.7", "1.0", "1.1"])
    for uid in ["1.7", "1.0", "1.1"] { order.load((1...10).map { .make($0, study: uid) }, of: uid, now: .zero) }
    // When all that it can show is there, a study makes room for one that cannot be read yet.
    order.hold = .calendar
    _ = order.drain(into: &hub)
    var list2 = list
    list2[7].waiting = 0
    order.update(studies: list2, forms: [])
    let plan = order.plan(objects: 30, now: .zero)
    #expect(plan.load == ["1.2", "1.3", "1.4"])
    #expect(Set(plan.unload) == ["1.0", "1.1"])
    for uid in plan.unload { order.unload(uid) }
    for uid in plan.load { order.load((1...10).map { .make($0, study: uid) }, of: uid, now: .zero) }
    #expect(order.plan(objects: 30, now: .zero).load.isEmpty)
  }
}
