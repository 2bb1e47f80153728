import Archive
import Foundation
import Testing

@testable import Relay

/// The sender over HTTP, through an emulated line.
@Suite("Sending over a line", .serialized)
struct LinkSenderHTTPTests {
  let hub: LinkFixture
  let site: SiteFixture
  let key: SiteKey

  init() throws {
    hub = try LinkFixture()
    site = try SiteFixture()
    key = try #require(hub.keys["MIDELT"])
  }

  private func sender(port: Int) throws -> LinkSender {
    try LinkSender(
      archive: site.archive, key: key, options: LinkSenderOptions(hub: "http://127.0.0.1:\(port)"),
      logger: LinkFixture.logger)
  }

  @Test("Over a line with a delay everything arrives, and the rate and the round trip are measured")
  func line() async throws {
    try site.storeCT(slices: 10, side: 192)
    try await hub.listening { port in
      let shaper = try LinkShaper(
        target: port, profile: .init(up: 2000, down: 8000, roundTrip: .milliseconds(100)))
      defer { shaper.stop() }
      let sender = try sender(port: shaper.port)
      try await sender.running {
        try await eventually("everything is acknowledged", within: 60) { site.isAllAcknowledged }
        let link = sender.status().link
        // A machine with much else to do is late, never early.
        #expect((link.rttMs ?? 0) > 60 && (link.rttMs ?? 0) < 3000)
        #expect((link.rateKbit ?? 0) > 100 && (link.rateKbit ?? 0) < 4000)
      }
      let bytes = try site.objects().reduce(0) { $0 + $1.bytes }
      // Announcements and headers of small images weigh more than those of real ones.
      #expect(shaper.bytes.up < bytes * 11 / 10 + 20_000)
    }
    #expect(try await hub.hasAll(of: site))
  }

  @Test("Cuts, silence and flipped bits on the line: everything arrives, byte for byte")
  func faults() async throws {
    try site.storeCT(slices: 10, side: 192)
    try await hub.listening { port in
      let shaper = try LinkShaper(target: port, profile: .init(up: 1500, down: 8000, roundTrip: .milliseconds(60)))
      defer { shaper.stop() }
      let sender = try sender(port: shaper.port)
      try await sender.running {
        for round in 0..<6 {
          try await Task.sleep(for: .milliseconds(350))
          switch round % 3 {
          case 0: shaper.cut(for: .milliseconds(100))
          case 1: shaper.stall(for: .milliseconds(500))
          default: shaper.corruptNext()
          }
        }
        try await eventually("everything is acknowledged", within: 60) { site.isAllAcknowledged }
      }
    }
    #expect(try await hub.hasAll(of: site))
  }

  @Test("Over TLS with an authority of one's own everything arrives; a hub of another authority is not believed")
  func ownAuthority() async throws {
    try site.storeCT(slices: 2)
    let (own, other) = (try TestAuthority(in: site.folder, "own"), try TestAuthority(in: site.folder, "other"))
    try await hub.listening(certificate: own) { port in
      func sender(trusting authority: TestAuthority) throws -> LinkSender {
        var options = LinkSenderOptions(hub: "https://localhost:\(port)")
        options.certificateAuthority = authority.certificate
        return try LinkSender(archive: site.archive, key: key, options: options, logger: LinkFixture.logger)
      }
      let wrong = try sender(trusting: other)
      try await wrong.running {
        try await eventually("the certificate is refused") { wrong.status().link.problem == .certificate }
      }
      // A box without a battery, switched on: no certificate is valid in 1970.
      let unset = try site.sender(
        key: key,
        transport: HTTPTransport(
          HubAddress("https://localhost:\(port)"), certificateAuthority: other.certificate, connections: 1),
        clock: TestClock(-1_700_000_000))
      try await unset.running {
        try await eventually("the clock is named, not the certificate") { unset.status().link.problem == .clock }
        #expect(unset.status().link.clock == LinkStatus.Clock(isWrong: true))
      }
      let right = try sender(trusting: own)
      try await right.running {
        try await eventually("everything is acknowledged", within: 60) { site.isAllAcknowledged }
      }
    }
    #expect(try await hub.hasAll(of: site))
  }

  @Test("An emergency behind a transfer of minutes is at the hub within ten seconds, over 512 kbit/s with 600 ms")
  func emergency() async throws {
    let site = try SiteFixture(prepares: false)
    // 60 s of the line.
    try site.store([Traveller.make(1, study: 1, side: 1400).bytes])
    try await hub.listening { port in
      let shaper = try LinkShaper(target: port)
      defer { shaper.stop() }
      let sender = try LinkSender(
        archive: site.archive, key: key, options: LinkSenderOptions(hub: "http://127.0.0.1:\(shaper.port)"),
        logger: LinkFixture.logger)
      try await sender.running {
        try await eventually("the line is full") { shaper.bytes.up > 300_000 }
        let urgent = Traveller.make(1, study: 2)
        try site.store([urgent.bytes], from: "URGENT")
        let began = ContinuousClock.now
        try await eventually("the emergency is whole") { try await hub.kept(urgent.object) != nil }
        #expect(ContinuousClock.now - began < .seconds(10))
        #expect(sender.status().studies.first?.urgency == "emergency")
        #expect(!site.isAllAcknowledged)
      }
    }
  }

  @Test("A sender that never ran can be let go, and says where it would send")
  func neverRun() throws {
    #expect(try sender(port: 9).status().hub == "http://127.0.0.1:9")
  }

  @Test("A file without certificates is refused when the sender is made")
  func noAuthority() throws {
    let path = site.folder + "/empty.pem"
    try Data("nothing".utf8).write(to: URL(fileURLWithPath: path))
    var options = LinkSenderOptions(hub: "https://localhost:1")
    options.certificateAuthority = path
    #expect(throws: LinkSenderFailure.certificates(path: path, detail: "there is no PEM certificate in it")) {
      try LinkSender(archive: site.archive, key: key, options: options, logger: LinkFixture.logger)
    }
  }

  @Test("A hub that is not there is asked for again and again; when it is there, everything arrives")
  func absentHub() async throws {
    try site.storeCT(slices: 2)
    try await hub.listening { port in
      let shaper = try LinkShaper(target: port, profile: .init(up: 10_000, down: 10_000, roundTrip: .milliseconds(10)))
      defer { shaper.stop() }
      shaper.cut(for: .seconds(2))
      let sender = try sender(port: shaper.port)
      try await sender.running {
        try await eventually("it says that it is offline") {
          sender.status().link.state == .offline && sender.status().link.problem != nil
        }
        try await eventually("everything is acknowledged", within: 60) { site.isAllAcknowledged }
      }
    }
  }
}

/// A certificate for localhost that is its own authority, made by openssl.
struct TestAuthority: Sendable {
  let certificate: String
  let key: String

  init(in folder: String, _ name: String) throws {
    certificate = "\(folder)/\(name).pem"
    key = "\(folder)/\(name).key"
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [
      "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key,
      "-out",
      certificate, "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
    ]
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0, "openssl is needed")
  }
}
