import Foundation
import Glibc
import Testing

@testable import Relay

/// Times here have wide margins: what is proven is that the link is slow and late, not how exactly.
@Suite("The emulated link")
struct LinkShaperTests {
  /// Answers each connection with what it gets.
  private final class Echo: Sendable {
    let port: Int
    private let listener: Int32

    init() throws {
      (listener, port) = try LoopbackSocket.listen()
      Thread.detachNewThread { [listener] in
        while true {
          let socket = accept(listener, nil, nil)
          guard socket >= 0 else { return }
          Thread.detachNewThread {
            var buffer = [UInt8](repeating: 0, count: 4096)
            while case let count = recv(socket, &buffer, buffer.count, 0), count > 0 {
              _ = send(socket, buffer, count, Int32(MSG_NOSIGNAL))
            }
            close(socket)
          }
        }
      }
    }

    deinit {
      shutdown(listener, Int32(SHUT_RDWR))
      close(listener)
    }
  }

  private func roundTrip(_ bytes: [UInt8], over socket: Int32) -> [UInt8] {
    Thread.detachNewThread {
      _ = bytes.withUnsafeBytes { send(socket, $0.baseAddress!, $0.count, Int32(MSG_NOSIGNAL)) }
    }
    var back: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while back.count < bytes.count, case let count = recv(socket, &buffer, buffer.count, 0), count > 0 {
      back += buffer[..<count]
    }
    return back
  }

  @Test("Bytes come through unchanged, no faster than the line and no earlier than the delay")
  func rate() throws {
    let echo = try Echo()
    // 40,000 bytes at 1,600 kbit/s are 0.2 s; the way there and back another 0.2 s, and the connection 0.2 s.
    let shaper = try LinkShaper(
      target: echo.port, profile: .init(up: 1600, down: 100_000, roundTrip: .milliseconds(200)))
    defer { shaper.stop() }
    let sent = (0..<40_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    // From before the connection, whose delay may be over before a busy machine comes back to this line.
    let start = ContinuousClock.now
    let socket = try #require(LoopbackSocket.connect(shaper.port))
    defer { close(socket) }
    #expect(roundTrip(sent, over: socket) == sent)
    #expect(ContinuousClock.now - start > .milliseconds(560))
    #expect(shaper.bytes.up == 40_000 && shaper.bytes.down == 40_000)
  }

  @Test("A cut resets connections, and new ones are refused until it is over")
  func cut() throws {
    let echo = try Echo()
    let shaper = try LinkShaper(
      target: echo.port, profile: .init(up: 10_000, down: 10_000, roundTrip: .milliseconds(2)))
    defer { shaper.stop() }
    let socket = try #require(LoopbackSocket.connect(shaper.port))
    #expect(roundTrip([1, 2, 3], over: socket) == [1, 2, 3])
    shaper.cut(for: .milliseconds(300))
    #expect(roundTrip([4], over: socket).isEmpty)
    close(socket)
    let refused = try #require(LoopbackSocket.connect(shaper.port))
    #expect(roundTrip([5], over: refused).isEmpty)
    close(refused)
    usleep(350_000)
    let again = try #require(LoopbackSocket.connect(shaper.port))
    #expect(roundTrip([6], over: again) == [6])
    close(again)
  }

  @Test("A stall holds bytes back and loses none; corruption changes one bit")
  func stall() throws {
    let echo = try Echo()
    let shaper = try LinkShaper(
      target: echo.port, profile: .init(up: 10_000, down: 10_000, roundTrip: .milliseconds(2)))
    defer { shaper.stop() }
    let socket = try #require(LoopbackSocket.connect(shaper.port))
    defer { close(socket) }
    let start = ContinuousClock.now
    shaper.stall(for: .milliseconds(300))
    #expect(roundTrip([7, 8], over: socket) == [7, 8])
    #expect(ContinuousClock.now - start > .milliseconds(280))
    shaper.corruptNext()
    #expect(roundTrip([0, 0], over: socket) == [0, 0x10])
  }
}
