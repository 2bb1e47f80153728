import DICOM
import Foundation
import Glibc
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Testing

@testable import Web

/// Clients that hold connections, over real sockets.
@Suite struct ConnectionTests {
  /// A bare connection.
  private final class Peer: Sendable {
    let descriptor: Int32

    init(port: Int) throws {
      descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_port = in_port_t(port).bigEndian
      address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
      let connected = withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
      }
      try #require(connected == 0)
      var limit = timeval(tv_sec: 10, tv_usec: 0)
      setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(descriptor) }

    func send(_ text: String) {
      _ = text.withCString { Glibc.send(descriptor, $0, strlen($0), Int32(MSG_NOSIGNAL)) }
    }

    /// Everything until the other side closes; nil when it does not within ten seconds.
    func readToEnd() -> String? {
      var all: [UInt8] = []
      var piece = [UInt8](repeating: 0, count: 4096)
      while true {
        let count = recv(descriptor, &piece, piece.count, 0)
        if count == 0 { return String(decoding: all, as: UTF8.self) }
        if count < 0 { return errno == ECONNRESET ? String(decoding: all, as: UTF8.self) : nil }
        all += piece[..<count]
      }
    }

    func readOnce() -> String {
      var piece = [UInt8](repeating: 0, count: 4096)
      let count = recv(descriptor, &piece, piece.count, 0)
      return count > 0 ? String(decoding: piece[..<count], as: UTF8.self) : ""
    }
  }

  private static let stall =
    "POST /dicom-web/studies HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n"
    + "Content-Type: multipart/related; type=\"application/dicom\"; boundary=B\r\n\r\n--B"

  @Test func stalledUploadsDoNotKeepAGoodClientWaiting() async throws {
    try await WebFixture.runLive { port in
      let held = try (0..<200).map { _ in
        let peer = try Peer(port: port)
        peer.send(Self.stall)
        return peer
      }
      let started = ContinuousClock.now
      let good = try Peer(port: port)
      good.send("GET /dicom-web/studies?limit=1 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
      #expect(good.readToEnd()?.hasPrefix("HTTP/1.1 204") == true)
      // A debug build among other tests; the benchmark holds the real limit of one second.
      #expect(ContinuousClock.now - started < .seconds(20))
      withExtendedLifetime(held) {}
    }
  }

  @Test func whoStallsIsHungUpOn() async throws {
    try await WebFixture.runLive(
      .make {
        $0.limits.headTimeout = .milliseconds(300)
        $0.limits.bodySilence = .milliseconds(300)
      }
    ) { port in
      let peers = try (0..<3).map { _ in try Peer(port: port) }
      peers[1].send("GET /dicom-web/stu")
      peers[2].send(Self.stall)
      let started = ContinuousClock.now
      for peer in peers { #expect(peer.readToEnd() != nil) }
      #expect(ContinuousClock.now - started < .seconds(20))
    }
  }

  @Test func aBodyThatTricklesIsHungUpOn() async throws {
    try await WebFixture.runLive(.make { $0.limits.bodySilence = .milliseconds(500) }) { port in
      let peer = try Peer(port: port)
      peer.send(Self.stall)
      Thread.detachNewThread {
        for _ in 0..<60 {
          peer.send("x")
          usleep(100_000)
        }
      }
      let started = ContinuousClock.now
      #expect(peer.readToEnd() != nil)
      #expect(ContinuousClock.now - started < .seconds(20))
    }
  }

  @Test func whoWaitsToBeToldMaySend() async throws {
    try await WebFixture.runLive { port in
      let peer = try Peer(port: port)
      peer.send(
        "POST /dicom-web/studies HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Type: application/dicom\r\nExpect: 100-continue\r\n\r\n"
      )
      #expect(peer.readOnce().hasPrefix("HTTP/1.1 100 Continue\r\n\r\n"))
      peer.send("hello")
      #expect(peer.readOnce().hasPrefix("HTTP/1.1 409 "))
    }
  }

  @Test func nonsenseAndEndlessHeadsAreRefused() async throws {
    try await WebFixture.runLive { port in
      for text in [
        "NONSENSE\r\n\r\n", "GET /\(String(repeating: "a", count: 100_000)) HTTP/1.1\r\nHost: localhost\r\n\r\n",
      ] {
        let peer = try Peer(port: port)
        peer.send(text)
        #expect(peer.readToEnd()?.hasPrefix("HTTP/1.1 4") == true)
      }
      let many = try Peer(port: port)
      many.send("GET / HTTP/1.1\r\n" + String(repeating: "X-Y: z\r\n", count: 5000))
      #expect(many.readToEnd() != nil)
    }
  }

  @Test func otherHostsAreMisdirected() async throws {
    try await WebFixture.runLive { port in
      let peer = try Peer(port: port)
      peer.send("GET /dicom-web/studies HTTP/1.1\r\nHost: rebound.example\r\nConnection: close\r\n\r\n")
      #expect(peer.readToEnd()?.hasPrefix("HTTP/1.1 421 ") == true)
    }
  }
}
