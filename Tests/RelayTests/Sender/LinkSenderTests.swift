import Archive
import DICOM
import Foundation
import Testing

@testable import Relay

/// The sender against the real receiver, over a link of the test's making.
@Suite("Sending")
struct LinkSenderTests {
  let hub: LinkFixture
  let site: SiteFixture
  let key: SiteKey

  init() throws {
    hub = try LinkFixture()
    site = try SiteFixture()
    key = try #require(hub.keys["MIDELT"])
  }

  private func arrives(_ sender: LinkSender, within seconds: Double = 40) async throws {
    try await sender.running {
      try await eventually("everything is acknowledged", within: seconds) { site.isAllAcknowledged }
    }
    #expect(try await hub.hasAll(of: site))
  }

  @Test("A study that is there, and one that comes while the sender runs, are whole and equal at the hub")
  func whole() async throws {
    try site.storeCT(slices: 6)
    let sender = try site.sender(key: key, transport: DirectTransport(hub.receiver.answer))
    try await sender.running {
      try await eventually("the first study is acknowledged") { site.isAllAcknowledged }
      try site.storeCT(slices: 4, seed: 2)
      try await eventually("both are acknowledged") {
        let studies = try site.objects()
        return studies.count == 2 && studies.allSatisfy(\.isAcknowledged)
      }
      try await eventually("the page says so") {
        let status = sender.status()
        return status.link.state == .connected && status.studies.count == 2
          && status.studies.allSatisfy { $0.stage == .complete && $0.percent == 100 } && status.queue.bytes == 0
      }
    }
    #expect(try await hub.hasAll(of: site))
    let status = sender.status()
    #expect(status.link.problem == nil)
    #expect(status.link.monthBytes > 0)
    #expect(try LinkStatus(json: status.json()).studies.map(\.study) == status.studies.map(\.study))
  }

  @Test("Images that nothing prepares travel as they are")
  func unprepared() async throws {
    let plain = try SiteFixture(prepares: false)
    try plain.storeCT(slices: 3)
    let sender = try plain.sender(key: key, transport: DirectTransport(hub.receiver.answer))
    try await sender.running {
      try await eventually("everything is acknowledged") { plain.isAllAcknowledged }
    }
    #expect(try await hub.hasAll(of: plain))
  }

  @Test("Requests and answers that are lost, cut and damaged cost time and nothing else")
  func faults() async throws {
    try site.storeCT(slices: 8)
    let transport = DirectTransport(hub.receiver.answer) { number, _ in
      switch number % 7 {
      case 2: .lost
      case 4: .answerLost
      case 5: .corrupted
      default: .delivered
      }
    }
    try await arrives(site.sender(key: key, transport: transport))
  }

  @Test("A hub that restarts knows no session: another is opened, and what was under way goes on")
  func hubRestarts() async throws {
    try site.storeCT(slices: 8, side: 160)
    let first = hub.receiver
    let second = try hub.restarted()
    defer { second.close() }
    let transport = DirectTransport { request in
      // The old session is used three times, then the hub has restarted.
      await first.sites().first { $0.site == "MIDELT" }?.requests ?? 0 < 3
        ? first.answer(request) : second.answer(request)
    }
    let sender = try site.sender(key: key, transport: transport)
    try await arrives(sender)
    #expect(transport.requests.filter { $0.path == LinkProtocol.sessionPath }.count == 2)
  }

  @Test("A portal's page is not the hub's word: nothing is believed, and the page says what is wrong")
  func portal() async throws {
    try site.storeCT(slices: 3)
    let isOpen = Flag()
    let html = LinkResponse(
      status: 200, headers: ["content-type": "text/html"], body: Array("<html>Bienvenue</html>".utf8))
    let transport = DirectTransport(hub.receiver.answer) { _, _ in isOpen.isSet ? .delivered : .portal(html) }
    let sender = try site.sender(key: key, transport: transport)
    try await sender.running {
      try await eventually("the portal is noticed") { sender.status().link.problem == .portal }
      #expect(sender.status().link.nextTry != nil)
      #expect(sender.status().link.state == .offline)
      isOpen.set()
      sender.retryNow()
      try await eventually("everything is acknowledged") {
        sender.retryNow()
        return site.isAllAcknowledged
      }
      try await eventually("the problem is gone") { sender.status().link.problem == nil }
    }
  }

  @Test("A site whose key the hub refuses says so, and loses nothing")
  func wrongKey() async throws {
    try site.storeCT(slices: 2)
    let other = try SiteKey.generate(site: "MIDELT")
    let sender = try site.sender(key: other, transport: DirectTransport(hub.receiver.answer))
    try await sender.running {
      try await eventually("the refusal is shown") {
        sender.status().link.problem == .key && sender.status().link.state == .refused
      }
    }
    #expect(try site.objects().allSatisfy { $0.acknowledged == 0 })
    try await arrives(site.sender(key: key, transport: DirectTransport(hub.receiver.answer)))
  }

  @Test("The first batch after a study has come carries its first picture")
  func firstPicture() async throws {
    let transport = DirectTransport(hub.receiver.answer)
    let sender = try site.sender(key: key, transport: transport)
    try await sender.running {
      try await eventually("the link is open") { sender.status().link.state == .connected }
      let before = transport.requests.count
      try site.storeCT(slices: 2)
      // Heartbeats open the connections.
      @Sendable func items() throws -> [BatchReader.Item]? {
        try transport.requests[before...].filter { $0.path == LinkProtocol.batchPath }
          .map { try BatchReader.items($0.body) }.first { !$0.allSatisfy(\.isIdle) }
      }
      try await eventually("a batch has gone") { try items() != nil }
      let items = try #require(try items())
      let kinds = items.map { item -> String in
        switch item {
        case .record(.announce): "announce"
        case .record(.headers): "headers"
        case .record(.segment): "segment"
        default: "other"
        }
      }
      #expect(kinds.starts(with: ["announce", "headers", "segment"]) || kinds.prefix(4).contains("segment"))
    }
  }

  @Test("An idle site is heard of, in less than two kilobytes")
  func heartbeat() async throws {
    let transport = DirectTransport(hub.receiver.answer)
    let sender = try site.sender(key: key, transport: transport) { $0.heartbeat = .milliseconds(200) }
    try await sender.running {
      try await eventually("two heartbeats") { transport.requests.count >= 3 }
      try await eventually("the hub knows the site's health") {
        hub.receiver.sites().first { $0.site == "MIDELT" }?.health?.queueObjects == 0
      }
    }
    let beats = transport.requests.filter { $0.path == LinkProtocol.batchPath }
    #expect(beats.allSatisfy { $0.body.count < 1000 })
  }

  @Test("A case goes to the hub before any image")
  func caseFirst() async throws {
    var form = CaseForm()
    form.urgency = .emergency
    form.question = "Fracture?"
    let made = try site.archive.cases.create(form)
    try site.storeCT(slices: 2)
    let transport = DirectTransport(hub.receiver.answer)
    try await arrives(site.sender(key: key, transport: transport))
    let first = try #require(transport.requests.first { $0.path == LinkProtocol.batchPath })
    guard case .record(.form(let sent))? = try BatchReader.items(first.body).first else {
      Issue.record("The first record of the first batch is no case")
      return
    }
    #expect(sent.number == made.number)
    #expect(try hub.archive.cases.get(made.number)?.question == "Fracture?")
    #expect(try site.archive.cases.pending().isEmpty)
  }

  @Test("What the sender knows of the month outlives it, and originals wait when its bytes are used up")
  func budget() async throws {
    let file = site.folder + "/month.json"
    try site.storeCT(slices: 3, side: 256)
    let transport = DirectTransport(hub.receiver.answer)
    let sender = try site.sender(key: key, transport: transport) {
      $0.monthlyBudget = 1
      $0.monthFile = file
    }
    try await sender.running {
      try await eventually("it pauses") { sender.status().link.state == .paused }
      #expect(sender.status().link.problem == .budget)
    }
    #expect(!site.isAllAcknowledged)
    let spent = sender.status().link.monthBytes
    #expect(MonthBytes(path: file).bytes >= spent)
    try await arrives(
      site.sender(key: key, transport: DirectTransport(hub.receiver.answer)) { $0.monthFile = file })
  }

  @Test("A demand from the hub is answered with the demanded image, and the hub hears that it was heard")
  func demands() async throws {
    try site.storeCT(slices: 3, side: 256)
    let sender = try site.sender(key: key, transport: DirectTransport(hub.receiver.answer)) {
      $0.monthlyBudget = 1
      $0.heartbeat = .milliseconds(100)
    }
    try await sender.running {
      try await eventually("it pauses") { sender.status().link.state == .paused }
      let study = try #require(try site.objects().first?.study)
      let records = try await site.archive.instances(study: UID(rawValue: study))
      let wanted = try #require(records.last)
      hub.archive.arrivals.demand(LinkDemand(study: study, instance: wanted.sopInstanceUID.rawValue))
      try await eventually("the demanded image is whole") {
        try await hub.archive.instances(study: wanted.studyInstanceUID, instance: wanted.sopInstanceUID).first?.arrival
          == nil
      }
      #expect(!site.isAllAcknowledged)
    }
  }
}

/// A switch for closures on other threads.
final class Flag: Sendable {
  private let lock = NSLock()
  private nonisolated(unsafe) var value = false
  var isSet: Bool { lock.withLock { value } }
  func set() { lock.withLock { value = true } }
  func unset() { lock.withLock { value = false } }
}

extension BatchReader.Item {
  /// What a heartbeat may hold.
  fileprivate var isIdle: Bool {
    switch self {
    case .record(.health), .record(.heard): true
    default: false
    }
  }
}
