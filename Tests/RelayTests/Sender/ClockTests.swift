import Archive
import Foundation
import Testing

@testable import Relay

/// Clocks that are wrong, and clocks that are set while something is under way.
@Suite("Clocks")
struct ClockTests {
  private let start = Date(timeIntervalSince1970: 1_795_000_000)

  private func milliseconds(_ date: Date) -> Int { Int(date.timeIntervalSince1970 * 1000) }

  @Test("A clock is wrong from a minute on and right again below half of one, and only a change is news")
  func judgement() {
    var clock = HubClock()
    var changes = 0
    func judged(_ ahead: TimeInterval) -> Bool {
      if clock.judge(start + ahead, now: .seconds(10)) { changes += 1 }
      return clock.isWrong
    }
    #expect(!judged(99_999), "nothing is known before the hub was heard")
    clock.heard(milliseconds(start), sent: .seconds(10), now: .seconds(10))
    #expect(!judged(59) && judged(61) && judged(45) && judged(-70) && !judged(29) && !judged(-59) && judged(-61))
    #expect(changes == 3)
    #expect(clock.difference(start - 11_520, now: .seconds(10)) == -11_520)
  }

  @Test("A link on which an answer takes two minutes makes no clock wrong")
  func slowAnswers() throws {
    var clock = HubClock()
    // The hub looked at its clock when the request came, and its answer was on the way for all the time.
    clock.heard(milliseconds(start), sent: .zero, now: .seconds(120))
    _ = clock.judge(start + 120, now: .seconds(120))
    #expect(!clock.isWrong)
    // Three hours are three hours even so.
    let isNews = clock.judge(start + 10_920, now: .seconds(120))
    #expect(isNews && clock.isWrong)
  }

  @Test("The hub's clock runs on while the hub is not heard")
  func runsOn() {
    var clock = HubClock()
    clock.heard(milliseconds(start), sent: .zero, now: .zero)
    #expect(clock.date(now: .seconds(86_400)) == start + 86_400)
    _ = clock.judge(start + 86_410, now: .seconds(86_400))
    #expect(!clock.isWrong)
  }

  @Test(
    "A site whose clock is hours or decades from the hub's sends everything, and both ends say how far it is",
    arguments: [-11_520, 7_200, -1_700_000_000, 86_400 * 400] as [TimeInterval])
  func skewed(_ ahead: TimeInterval) async throws {
    let hub = try LinkFixture()
    let site = try SiteFixture()
    let (clock, log) = (TestClock(ahead), TestLog())
    try site.storeCT(slices: 4)
    let sender = try site.sender(
      key: #require(hub.keys["MIDELT"]), transport: DirectTransport(hub.receiver.answer), clock: clock,
      logger: log.logger
    ) { $0.heartbeat = .milliseconds(100) }
    try await sender.running {
      try await eventually("everything is acknowledged") { site.isAllAcknowledged }
      try await eventually("the site says so") { sender.status().link.problem == .clock }
      let link = sender.status().link
      #expect([.connected, .sending].contains(link.state))
      #expect(link.clock?.isWrong == true && abs((link.clock?.difference ?? 0) - ahead) < 5)
      try await eventually("the hub says so") {
        hub.receiver.sites().first { $0.site == "MIDELT" }?.health?.clockDifference.map {
          abs(Double($0) - ahead) < 5
        } ?? false
      }
      #expect(log.count("clock is not the hub's") == 1, "once, not for each answer")
      clock.set(0)
      try await eventually("the clock was set") { sender.status().link.problem == nil }
      #expect(sender.status().link.clock?.isWrong == false)
      #expect(log.count("clock agrees") == 1)
    }
    #expect(try await hub.hasAll(of: site))
  }

  @Test("A clock that jumps to and fro while the link is silent is seen at once, and makes no link look dead or alive")
  func jumps() async throws {
    let hub = try LinkFixture()
    let site = try SiteFixture()
    let (clock, cut) = (TestClock(), Flag())
    let transport = DirectTransport(hub.receiver.answer) { _, _ in cut.isSet ? .lost : .delivered }
    let sender = try site.sender(
      key: #require(hub.keys["MIDELT"]), transport: transport, clock: clock
    ) { $0.heartbeat = .milliseconds(100) }
    try await sender.running {
      try await eventually("the link stands") { sender.status().link.state == .connected }
      cut.set()
      try await eventually("the link is cut") { sender.status().link.state == .retrying }
      for seconds in [86_400.0, -86_400, 0] {
        clock.set(seconds)
        try await eventually("the jump is seen") {
          let link = sender.status().link
          let heard = link.lastHeard.map { abs($0.timeIntervalSince(clock.now)) } ?? .infinity
          return (link.clock?.isWrong ?? false) == (seconds != 0) && heard < 30
        }
        let link = sender.status().link
        // An hour's jump is no hour of silence.
        #expect(link.state == .retrying)
        #expect(abs(try #require(link.since).timeIntervalSince(clock.now)) < 30)
        #expect(link.problem != .clock, "what cuts the link is said first")
      }
    }
  }

  @Test("A month's bytes and the hours of originals go by the hub's clock, whatever the site's shows")
  func budgets() async throws {
    let hub = try LinkFixture()
    let site = try SiteFixture()
    let clock = TestClock(-1_700_000_000)
    try site.storeCT(slices: 2)
    let file = site.folder + "/month.json"
    let parts = Calendar.current.dateComponents([.hour, .minute], from: Date())
    let minute = (parts.hour ?? 0) * 60 + (parts.minute ?? 0)
    let sender = try site.sender(
      key: #require(hub.keys["MIDELT"]), transport: DirectTransport(hub.receiver.answer), clock: clock
    ) {
      $0.monthFile = file
      $0.originalsWindows = [DailyWindow(from: (minute + 1380) % 1440, to: (minute + 60) % 1440)]
    }
    try await sender.running {
      try await eventually("everything is acknowledged") { site.isAllAcknowledged }
    }
    let text = try String(contentsOfFile: file, encoding: .utf8)
    let now = Calendar(identifier: .gregorian).dateComponents([.year], from: Date())
    #expect(text.contains("\"\(try #require(now.year))-"), "\(text)")
  }

  @Test("A hub whose own clock jumps takes signed requests as before")
  func hubJumps() async throws {
    let clock = TestClock()
    let hub = try LinkFixture(clock: clock)
    let site = try SiteFixture()
    let sender = try site.sender(
      key: #require(hub.keys["MIDELT"]), transport: DirectTransport(hub.receiver.answer)
    ) { $0.heartbeat = .milliseconds(100) }
    try await sender.running {
      try await eventually("the link stands") { sender.status().link.state == .connected }
      clock.set(-50_000_000)
      try site.storeCT(slices: 3)
      try await eventually("everything is acknowledged") { site.isAllAcknowledged }
      try await eventually("the site says that they differ") { sender.status().link.problem == .clock }
      clock.set(50_000_000)
      try site.storeCT(slices: 3, seed: 2)
      try await eventually("everything is acknowledged") { site.isAllAcknowledged }
    }
    #expect(try await hub.hasAll(of: site))
  }
}
