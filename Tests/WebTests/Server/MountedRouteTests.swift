import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Synchronization
import Testing

@testable import Web

/// Routes that other rooms answer.
@Suite struct MountedRouteTests {
  /// Answers with what it was asked, one line a fact.
  private static func echo(
    _ proof: MountedRoute.Proof, limit: Int = 100,
    refuses: @escaping @Sendable (MountedRoute.Request) -> Bool = { _ in false }
  ) -> MountedRoute {
    MountedRoute(
      method: "POST", path: proof == .signed ? "/link/echo" : "/api/echo", bodyLimit: limit, proof: proof,
      refuses: { refuses($0) ? .init(status: 401, body: Array("refused".utf8)) : nil },
      handler: { request in
        let lines = [request.method, request.path, request.headers["x-word"] ?? "-", "\(request.body.count)"]
        return .init(status: 202, headers: ["X-Answer": "yes"], body: Array(lines.joined(separator: "\n").utf8))
      })
  }

  private static func with(_ routes: MountedRoute..., budget: Int = 1 << 20) -> WebConfiguration {
    .make {
      $0.mounts = routes
      $0.limits.mountedBodies = budget
    }
  }

  private static let foreign: HTTPFields = [.origin: "https://elsewhere.example"]

  @Test func requestAndAnswerArePlain() async throws {
    try await WebFixture.run(Self.with(Self.echo(.signed))) { _, client in
      var headers = HTTPFields()
      let word = HTTPField.Name("X-Word")!
      headers[values: word] = ["one", "two"]
      try await client.execute(
        uri: "/link/echo?q=1", method: .post, headers: headers, body: ByteBuffer(string: "twelve bytes")
      ) { response in
        #expect(response.status.code == 202)
        #expect(response.text == "POST\n/link/echo\none, two\n12")
        #expect(response.headers[HTTPField.Name("X-Answer")!] == "yes")
        #expect(response.headers[.cacheControl] == "no-store")
        #expect(response.headers[.xContentTypeOptions] == "nosniff")
      }
      try await client.execute(uri: "/link/echo", method: .get) { #expect($0.status.code >= 400) }
    }
  }

  @Test func onlySignedRoutesAnswerUnderEveryName() async throws {
    try await WebFixture.run(Self.with(Self.echo(.signed), Self.echo(.origin))) { _, client in
      // Router tests carry no authority: a page elsewhere is known by its Origin, a rebound name by its Host.
      try await client.execute(uri: "/link/echo", method: .post, headers: Self.foreign) {
        #expect($0.status.code == 202)
        #expect($0.headers[.accessControlAllowOrigin] == nil)
      }
    }
    try await WebFixture.runLive(Self.with(Self.echo(.signed), Self.echo(.origin))) { port in
      for (path, status) in [("/link/echo", "202"), ("/api/echo", "421")] {
        let answer = try HTTPPeer(port: port).ask(
          "POST \(path) HTTP/1.1\r\nHost: rebound.example\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        #expect(answer.hasPrefix("HTTP/1.1 \(status)"))
      }
    }
  }

  @Test func longBodiesAreRefused() async throws {
    try await WebFixture.run(Self.with(Self.echo(.signed, limit: 10))) { _, client in
      try await client.execute(uri: "/link/echo", method: .post, body: ByteBuffer(string: "ten bytes.")) {
        #expect($0.text.hasSuffix("\n10"))
      }
      try await client.execute(uri: "/link/echo", method: .post, body: ByteBuffer(string: "ten bytes..")) {
        #expect($0.status == .contentTooLarge)
      }
    }
    // Without a length it shows only while the body comes.
    try await WebFixture.runLive(Self.with(Self.echo(.signed, limit: 10))) { port in
      let answer = try HTTPPeer(port: port).ask(
        "POST /link/echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n12345678\r\n8\r\n12345678\r\n0\r\n\r\n"
      )
      #expect(answer.hasPrefix("HTTP/1.1 413"))
    }
  }

  @Test func aStrangersBodyIsNotRead() async throws {
    let wasRead = Mutex(false)
    let route = MountedRoute(
      method: "POST", path: "/link/echo", bodyLimit: 1 << 20, proof: .signed,
      refuses: { _ in .init(status: 401, body: Array("refused".utf8)) },
      handler: { _ in
        wasRead.withLock { $0 = true }
        return .init(status: 200)
      })
    try await WebFixture.runLive(Self.with(route)) { port in
      // The head promises a body that never comes: the answer does not wait for it.
      let answer = try HTTPPeer(port: port).ask(
        "POST /link/echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n")
      #expect(answer.hasPrefix("HTTP/1.1 401"))
      #expect(answer.lowercased().contains("connection: close"))
    }
    #expect(wasRead.withLock { $0 } == false)
  }

  @Test func bodiesTogetherAreBoundedAndGiveTheirShareBack() async throws {
    try await WebFixture.run(Self.with(Self.echo(.signed, limit: 1000), budget: 500)) { _, client in
      let body = ByteBuffer(bytes: [UInt8](repeating: 1, count: 400))
      for _ in 0..<5 {
        try await client.execute(uri: "/link/echo", method: .post, body: body) { #expect($0.status.code == 202) }
      }
      let long = ByteBuffer(bytes: [UInt8](repeating: 1, count: 600))
      try await client.execute(uri: "/link/echo", method: .post, body: long) {
        #expect($0.status == .serviceUnavailable)
        #expect($0.headers[.retryAfter] == "5")
      }
      try await client.execute(uri: "/link/echo", method: .post, body: body) { #expect($0.status.code == 202) }
    }
  }

  @Test func connectionsOfKnownPeersAreKeptAndThoseOfStrangersAreNot() async throws {
    let route = MountedRoute(method: "POST", path: "/link/echo", bodyLimit: 100, proof: .signed) { request in
      .init(status: request.body.isEmpty ? 401 : 200, body: Array("answer".utf8))
    }
    var configuration = Self.with(route)
    configuration.limits.headTimeout = .milliseconds(500)
    configuration.limits.siteSilence = .seconds(5)
    try await WebFixture.runLive(configuration) { port in
      let known = "POST /link/echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\n1"
      let stranger = "POST /link/echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n"
      let peer = try HTTPPeer(port: port)
      try peer.send(known)
      Thread.sleep(forTimeInterval: 1.5)
      let answers = try peer.ask(stranger)
      #expect(answers.contains("HTTP/1.1 200") && answers.contains("HTTP/1.1 401"))
      #expect(answers.lowercased().contains("connection: close"))
      // Before its first request nobody has that long.
      let started = ContinuousClock.now
      #expect(try HTTPPeer(port: port).ask("") == "")
      #expect(ContinuousClock.now - started < .seconds(4))
    }
  }
}
