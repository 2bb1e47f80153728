import Foundation
import Testing

@testable import Relay

@Suite("Keeping the link")
struct LinkKeeperTests {
  // MARK: Rate and size

  @Test(
    "The rate is measured within a tenth, whatever the link",
    arguments: [(64_000.0, 0.6), (125_000, 0.15), (16_000, 0.4), (1_250_000, 0.05), (64_000, 0.8)])
  func rate(rate: Double, roundTrip: Double) throws {
    var link = LinkModel(rate: rate, roundTrip: roundTrip)
    var keeper = LinkKeeper()
    _ = keeper.fill(&link, seconds: 30)
    let measured = try #require(keeper.rate)
    #expect(abs(measured - rate) < rate / 10)
    let trip = try #require(keeper.roundTrip).inSeconds
    #expect(trip > roundTrip * 0.7 && trip < roundTrip * 1.3 + 0.05)
  }

  @Test(
    "The line is idle for less than five of a hundred seconds, and less than twenty where a round trip takes longer than any should",
    arguments: [
      (64_000.0, 0.6, 57.0), (125_000, 0.15, 57), (16_000, 0.4, 57), (1_250_000, 0.05, 57), (64_000, 0.8, 57),
      (64_000, 1.4, 48),
    ])
  func utilisation(rate: Double, roundTrip: Double, least: Double) {
    var link = LinkModel(rate: rate, roundTrip: roundTrip)
    var keeper = LinkKeeper()
    _ = keeper.fill(&link, seconds: 10)
    let before = link.busy
    _ = keeper.fill(&link, seconds: 60, firstId: 10_000)
    #expect(link.busy - before > least)
  }

  @Test(
    "What is on its way takes the link four seconds at most, once the rate is known",
    arguments: [(64_000.0, 0.6), (125_000, 0.15), (16_000, 0.4)])
  func preemption(rate: Double, roundTrip: Double) {
    var link = LinkModel(rate: rate, roundTrip: roundTrip)
    var keeper = LinkKeeper()
    _ = keeper.fill(&link, seconds: 20)
    #expect(Double(keeper.bytesInFlight) <= 4.4 * rate)
    #expect(keeper.flights.count <= 3)
  }

  @Test("The first request is small: nobody knows the link yet")
  func firstRequest() {
    let keeper = LinkKeeper()
    #expect(keeper.advice(now: .zero) == .send(bytes: 24 << 10))
  }

  @Test(
    "A fresh link is full after a few round trips, though the first requests were small",
    arguments: [(64_000.0, 0.6, 3.5), (125_000, 0.15, 1.5), (16_000, 0.4, 6)])
  func ramp(rate: Double, roundTrip: Double, seconds: Double) {
    var link = LinkModel(rate: rate, roundTrip: roundTrip)
    var keeper = LinkKeeper()
    // The first images of a study come one by one: these say nothing of the rate.
    for id in 1...2 {
      keeper.started(-10 * id, bytes: 6000, isFull: false, now: .seconds(link.now))
      link.start(-10 * id, bytes: 6000)
      while let done = link.run(atMost: 5) {
        keeper.succeeded(done, now: .seconds(link.now))
        break
      }
    }
    #expect(keeper.rate == nil)
    _ = keeper.fill(&link, seconds: seconds, firstId: 1)
    let before = link.busy
    _ = keeper.fill(&link, seconds: 10, firstId: 1000)
    #expect(link.busy - before > 9.3)
  }

  @Test("A link that becomes slower gets smaller requests")
  func slower() throws {
    var link = LinkModel(rate: 125_000, roundTrip: 0.15)
    var keeper = LinkKeeper()
    _ = keeper.fill(&link, seconds: 20)
    link.rate = 8000
    let sizes = keeper.fill(&link, seconds: 120, firstId: 1000)
    #expect(try #require(keeper.rate) < 12_000)
    #expect(try #require(sizes.last) <= 24_000)
  }

  @Test("A cap is kept on average, and small requests say nothing of the rate")
  func cap() {
    var link = LinkModel(rate: 125_000, roundTrip: 0.15)
    var keeper = LinkKeeper(.init(rateLimit: 10_000))
    var sent = 0
    var id = 0
    var starts: [Int: Int] = [:]
    while link.now < 60 {
      while case .send(let bytes) = keeper.advice(now: .seconds(link.now)) {
        keeper.started(id, bytes: bytes, now: .seconds(link.now))
        link.start(id, bytes: bytes)
        starts[id] = bytes
        sent += bytes
        id += 1
      }
      if let done = link.run(atMost: 0.1) { keeper.succeeded(done, now: .seconds(link.now)) }
    }
    #expect(sent < 650_000 + 24_000)
    #expect(sent > 500_000)
  }

  @Test("An urgent case does not wait for two requests on their way: it has a third, once")
  func urgentLane() {
    var keeper = LinkKeeper()
    keeper.started(1, bytes: 24_000, now: .zero)
    keeper.started(2, bytes: 24_000, now: .zero)
    #expect(keeper.advice(now: .zero) == .wait(until: nil))
    guard case .send = keeper.advice(isUrgent: true, now: .zero) else {
      Issue.record("An urgent case waits")
      return
    }
    keeper.started(3, bytes: 24_000, isUrgent: true, now: .zero)
    #expect(keeper.advice(isUrgent: true, now: .zero) == .wait(until: nil))
  }

  // MARK: Failures

  @Test("After a failure it waits longer each time, never more than fifteen minutes, and never gives up")
  func backOff() throws {
    var keeper = LinkKeeper()
    var now = Duration.zero
    var waits: [Double] = []
    for attempt in 0..<3000 {
      guard case .send = keeper.advice(now: now) else {
        Issue.record("No attempt after the wait")
        return
      }
      keeper.started(attempt, bytes: 1000, now: now)
      keeper.failed(attempt, chance: 1, now: now)
      let next = try #require(keeper.retryAt)
      #expect(keeper.advice(now: now) == .wait(until: next))
      waits.append((next - now).inSeconds)
      now = next
    }
    #expect(Array(waits.prefix(7)) == [1, 1, 2, 2, 4, 4, 8])
    #expect(waits.last == 900)
    // More than thirty days.
    #expect(now > .seconds(30 * 86_400))
  }

  @Test("The jitter is full: the next attempt may come at once or at the end of the time")
  func jitter() throws {
    var keeper = LinkKeeper()
    for attempt in 0..<10 {
      keeper.started(attempt, bytes: 1000, now: .seconds(attempt))
      keeper.failed(attempt, chance: 0, now: .seconds(attempt))
    }
    #expect(try #require(keeper.retryAt) - .seconds(9) < .seconds(0.1))
  }

  @Test("Two requests that fail with the link are one failure")
  func oneFailure() {
    var keeper = LinkKeeper()
    keeper.started(1, bytes: 1000, now: .zero)
    keeper.started(2, bytes: 1000, now: .zero)
    keeper.failed(1, chance: 1, now: .seconds(5))
    keeper.failed(2, chance: 1, now: .seconds(6))
    #expect(keeper.failures == 1)
    #expect(keeper.retryAt == .seconds(6))
  }

  @Test("After a failure one small request tries the link, and success brings back what there was")
  func probe() throws {
    var link = LinkModel(rate: 64_000, roundTrip: 0.6)
    var keeper = LinkKeeper()
    _ = keeper.fill(&link, seconds: 20)
    var now = Duration.seconds(20)
    for id in keeper.flights.keys { keeper.failed(id, chance: 0.5, now: now) }
    now = now + .seconds(1)
    #expect(keeper.advice(now: now) == .send(bytes: 24 << 10))
    keeper.started(900, bytes: 24 << 10, now: now)
    #expect(keeper.advice(now: now) == .wait(until: nil))
    keeper.succeeded(900, now: now + .seconds(1.2))
    guard case .send(let bytes) = keeper.advice(now: now + .seconds(1.2)) else {
      Issue.record("The link is not used again")
      return
    }
    #expect(bytes > 64_000)
  }

  @Test("A person may try at once")
  func retryNow() {
    var keeper = LinkKeeper()
    keeper.started(1, bytes: 1000, now: .zero)
    keeper.failed(1, chance: 1, now: .zero)
    keeper.retryNow()
    #expect(keeper.advice(now: .zero) == .send(bytes: 24 << 10))
  }

  @Test("A request of which nothing comes is given up after 20 s, and later on a slow link")
  func stall() throws {
    var keeper = LinkKeeper()
    var link = LinkModel(rate: 64_000, roundTrip: 0.6)
    _ = keeper.fill(&link, seconds: 20)
    for id in keeper.flights.keys { keeper.succeeded(id, now: .seconds(20)) }
    keeper.started(500, bytes: 64_000, now: .seconds(30))
    #expect(keeper.overdue(now: .seconds(49.9)).isEmpty)
    #expect(keeper.overdue(now: .seconds(53)) == [500])
    let rate = try #require(keeper.rate)
    keeper.failed(500, isStalled: true, chance: 0, now: .seconds(53))
    #expect(try #require(keeper.rate) < rate)

    var slow = LinkKeeper()
    var thin = LinkModel(rate: 2000, roundTrip: 1)
    _ = slow.fill(&thin, seconds: 300)
    slow.started(5000, bytes: 8000, now: .seconds(thin.now))
    #expect(!slow.overdue(now: .seconds(thin.now + 39)).contains(5000))
  }
}
