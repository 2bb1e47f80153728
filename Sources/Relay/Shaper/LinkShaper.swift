import Foundation
import Glibc

/// A thin link in this process: a TCP relay on loopback that lets bytes through as slowly and as late as a rural link does.
///
/// For demonstrations and tests; a real link is worse (loss, slow start). "Up" is from whoever connects here towards the target. All
/// connections share one line in each direction; each byte arrives half a round trip after it left the line, and a new
/// connection costs one round trip before its first byte moves.
public final class LinkShaper: Sendable {
  /// What the link is like.
  public struct Profile: Sendable, Hashable {
    /// kbit/s from the site to the hub, and back.
    public var up: Double
    public var down: Double
    public var roundTrip: Duration

    public init(up: Double, down: Double, roundTrip: Duration) {
      self.up = up
      self.down = down
      self.roundTrip = roundTrip
    }

    /// A satellite link of a health centre in a valley.
    public static let vsat = Profile(up: 512, down: 2048, roundTrip: .milliseconds(600))
  }

  /// The system did not give a socket.
  public struct Failure: Error, Sendable, CustomStringConvertible {
    public let description: String
  }

  /// Where to connect to, on 127.0.0.1.
  public let port: Int

  private struct State {
    var open: [ObjectIdentifier: ShapedConnection] = [:]
    var deadUntil = ContinuousClock.now
    var isStopped = false
  }

  private let listener: Int32
  private let target: Int
  private let up: ShapedLine
  private let down: ShapedLine
  private let roundTrip: Duration
  private let lock = NSLock()
  private nonisolated(unsafe) var state = State()

  /// Listens on a port of 127.0.0.1 that the system chooses.
  ///
  /// - Parameter target: a port of 127.0.0.1.
  public init(target: Int, profile: Profile = .vsat) throws {
    self.target = target
    roundTrip = profile.roundTrip
    up = ShapedLine(kilobits: profile.up, delay: profile.roundTrip / 2)
    down = ShapedLine(kilobits: profile.down, delay: profile.roundTrip / 2)
    (listener, port) = try LoopbackSocket.listen()
    let thread = Thread { [self] in accept() }
    thread.name = "shaper"
    thread.start()
  }

  /// Bytes that went through since the start.
  public var bytes: (up: Int, down: Int) { (up.count, down.count) }

  /// Resets every connection, and refuses new ones for a while.
  public func cut(for outage: Duration = .zero) {
    let connections = lock.withLock {
      state.deadUntil = .now + outage
      return Array(state.open.values)
    }
    for connection in connections { connection.reset() }
  }

  /// Nothing moves for a while, and nobody is told.
  public func stall(for outage: Duration) {
    up.stall(until: .now + outage)
    down.stall(until: .now + outage)
  }

  /// Changes one bit of what goes up next.
  public func corruptNext() { up.corruptNext() }

  /// Ends the link and its connections.
  public func stop() {
    let connections = lock.withLock {
      state.isStopped = true
      return Array(state.open.values)
    }
    shutdown(listener, Int32(SHUT_RDWR))
    for connection in connections { connection.reset() }
  }

  private func accept() {
    defer { close(listener) }
    while true {
      let socket = Glibc.accept(listener, nil, nil)
      let (isStopped, isDead) = lock.withLock { (state.isStopped, state.deadUntil > .now) }
      if isStopped || socket < 0 {
        if socket >= 0 { close(socket) }
        if isStopped || errno != EINTR { return }
        continue
      }
      if isDead {
        LoopbackSocket.reset(socket)
        continue
      }
      let connection = ShapedConnection(near: socket, target: target, up: up, down: down, roundTrip: roundTrip)
      lock.withLock { state.open[ObjectIdentifier(connection)] = connection }
      connection.start { [self] in lock.withLock { state.open[ObjectIdentifier(connection)] = nil } }
    }
  }
}

/// Sockets of 127.0.0.1.
enum LoopbackSocket {
  static func listen() throws -> (Int32, port: Int) {
    let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard socket >= 0 else { throw LinkShaper.Failure(description: "no socket: error \(errno)") }
    var address = Self.address(0)
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isListening = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(socket, $0, length) == 0 && Glibc.listen(socket, 64) == 0 && getsockname(socket, $0, &length) == 0
      }
    }
    guard isListening else {
      let code = errno
      close(socket)
      throw LinkShaper.Failure(description: "127.0.0.1 cannot be listened on: error \(code)")
    }
    return (socket, Int(UInt16(bigEndian: address.sin_port)))
  }

  /// A connected socket; nil when nobody listens there.
  static func connect(_ port: Int) -> Int32? {
    let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard socket >= 0 else { return nil }
    var address = Self.address(port)
    let isConnected = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
    guard isConnected else {
      close(socket)
      return nil
    }
    return socket
  }

  /// Closes so that the other side sees a reset.
  static func reset(_ socket: Int32) {
    var linger = linger(l_onoff: 1, l_linger: 0)
    setsockopt(socket, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<linger>.size))
    close(socket)
  }

  static func sendAtOnce(_ socket: Int32) {
    var yes: Int32 = 1
    setsockopt(socket, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size))
  }

  private static func address(_ port: Int) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(UInt16(truncatingIfNeeded: port)).bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return address
  }
}
