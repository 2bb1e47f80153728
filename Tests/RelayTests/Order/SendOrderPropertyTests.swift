import Archive
import Foundation
import Testing

@testable import Relay

@Suite("Order of sending: whatever happens")
struct SendOrderPropertyTests {
  /// What may happen between two requests.
  private enum Happening: CaseIterable {
    case send, sendUrgent, answer, answerLate, answerLost, requestLost, demand, more, restart, newSession
  }

  @Test(
    "Any course of things ends with every byte at the hub, and none sent twice but what was lost", arguments: 1...40)
  func anyInterleaving(seed: Int) throws {
    var random = SeededGenerator(seed: UInt64(seed))
    var hub = ModelHub()
    var studies = (0..<Int.random(in: 1...4, using: &random)).map { Self.study($0, &random) }
    var order = SendOrder.make(studies)
    var flying: [Parcel] = []
    var now = Duration.zero
    /// What the outbox remembers.
    var receipts: Set<String> = []
    for _ in 0..<600 {
      now = now + .seconds(1)
      switch Happening.allCases.randomElement(using: &random)! {
      case .send, .sendUrgent:
        guard flying.count < 3, let parcel = order.next(budget: .random(in: 4000...90_000, using: &random), now: now)
        else { continue }
        flying.append(parcel)
      case .answer:
        guard !flying.isEmpty else { continue }
        let parcel = flying.removeFirst()
        receipts.formUnion(Self.check(order.acknowledged(parcel.id, hub.take(parcel), now: now), hub))
      case .answerLate:
        // Another connection was faster.
        guard let parcel = flying.popLast() else { continue }
        receipts.formUnion(Self.check(order.acknowledged(parcel.id, hub.take(parcel), now: now), hub))
      case .answerLost:
        guard Bool.random(using: &random), !flying.isEmpty else { continue }
        let parcel = flying.removeFirst()
        _ = hub.take(parcel, isHeard: false)
        order.lost(parcel.id)
      case .requestLost:
        guard Bool.random(using: &random), !flying.isEmpty else { continue }
        order.lost(flying.removeFirst().id)
      case .demand:
        let study = studies.randomElement(using: &random)!
        let object = study.objects.randomElement(using: &random)!.object
        let isStudyOnly = Bool.random(using: &random)
        order.demand(
          LinkDemand(
            study: study.uid, series: isStudyOnly ? nil : object.series, instance: isStudyOnly ? nil : object.instance),
          now: now)
      case .more:
        let index = studies.indices.randomElement(using: &random)!
        studies[index].objects.append(.make(1000 + studies[index].objects.count, study: studies[index].uid))
        Self.tell(&order, studies, receipts, now)
      case .restart:
        // kill -9: what was on its way may have come, or not; nobody at the site remembers anything.
        guard Int.random(in: 0..<20, using: &random) == 0 else { continue }
        for parcel in flying where Bool.random(using: &random) { _ = hub.take(parcel, isHeard: false) }
        flying = []
        order = SendOrder()
        for index in studies.indices {
          for place in studies[index].objects.indices { studies[index].objects[place].isFresh = false }
        }
        Self.tell(&order, studies, receipts, now)
      case .newSession:
        guard Int.random(in: 0..<20, using: &random) == 0 else { continue }
        order.sessionLost()
      }
    }
    for parcel in flying {
      receipts.formUnion(Self.check(order.acknowledged(parcel.id, hub.take(parcel), now: now), hub))
    }
    Self.tell(&order, studies, receipts, now)
    _ = order.drain(into: &hub)
    let all = studies.flatMap(\.objects)
    #expect(hub.whole == Set(all.map(\.digest)))
    #expect(hub.wasted == 0)
    for study in studies {
      #expect(order.studies[study.uid]?.bytesLeft == 0)
      #expect(order.studies[study.uid]?.pending == 0)
      #expect(order.studies[study.uid]?.unanswered == 0)
      #expect(order.studies[study.uid]?.parcels == 0)
    }
    #expect(order.parcels.isEmpty)
  }

  /// What the outbox says after a change.
  private static func tell(
    _ order: inout SendOrder, _ studies: [(uid: String, urgency: Urgency, objects: [QueuedObject])],
    _ receipts: Set<String>, _ now: Duration
  ) {
    order.update(
      studies: studies.enumerated().map { index, study in
        QueuedStudy(
          uid: study.uid, urgency: study.urgency, storedAt: Date(timeIntervalSince1970: Double(index)),
          waiting: study.objects.count)
      }, forms: [])
    for study in studies {
      order.load(study.objects.filter { !receipts.contains($0.digest) }, of: study.uid, now: now)
    }
  }

  private static func check(_ outcome: SendOrder.Outcome, _ hub: ModelHub) -> [String] {
    #expect(Set(outcome.receipts).isSubset(of: hub.whole))
    #expect(outcome.failed.isEmpty)
    return outcome.receipts
  }

  private static func study(_ number: Int, _ random: inout SeededGenerator) -> (
    uid: String, urgency: Urgency, objects: [QueuedObject]
  ) {
    let uid = "1.\(number)"
    let objects = (1...Int.random(in: 1...20, using: &random)).map { index -> QueuedObject in
      switch Int.random(in: 0..<5, using: &random) {
      case 0: .make(index, study: uid, layers: [])
      case 1: .make(index, study: uid, layers: [Int.random(in: 1000...60_000, using: &random)], frames: 7)
      case 2: .make(index, study: uid, header: 90_000, layers: [3000, 7000], frames: 2)
      default: .make(index, study: uid)
      }
    }
    return (uid, Urgency.allCases.randomElement(using: &random)!, objects)
  }

  @Test("Twenty thousand images are queued, and the next request is found in milliseconds")
  func fast() throws {
    let images = (1...20_000).map { QueuedObject.make($0, isFresh: false) }
    var order = SendOrder.make([("1.2", .routine, images)])
    var hub = ModelHub()
    let parcels = 300
    let began = ContinuousClock.now
    for _ in 0..<parcels {
      let parcel = try order.parcel(of: 64 << 10, at: .zero)
      _ = order.acknowledged(parcel.id, hub.take(parcel), now: .zero)
    }
    let each = (ContinuousClock.now - began) / parcels
    // A debug build on a busy machine; sorting or copying 20,000 objects for each request would take far longer.
    #expect(each < .milliseconds(60))
  }

  @Test("All that is not payload is less than two of a hundred bytes of a CT study")
  func overhead() {
    var order = SendOrder.make(images: 300)
    var hub = ModelHub()
    let parcels = order.drain(into: &hub, budget: 90 << 10)
    let estimate = parcels.reduce(0) { $0 + $1.estimate + 400 }
    let content = 300 * QueuedObject.make(1).object.size
    #expect(Double(estimate) < 1.02 * Double(content))
  }
}
