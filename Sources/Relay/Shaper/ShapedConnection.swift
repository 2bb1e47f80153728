import Foundation
import Glibc

/// One connection through a ``LinkShaper``: a thread reads and one writes, in each direction.
final class ShapedConnection: Sendable {
  private static let packet = 1400

  private let near: Int32
  private let target: Int
  private let up: ShapedLine
  private let down: ShapedLine
  private let ready: ContinuousClock.Instant
  private let lock = NSLock()
  private nonisolated(unsafe) var sockets: [Int32]
  private nonisolated(unsafe) var isReset = false
  private nonisolated(unsafe) var runningPipes = 2

  init(near: Int32, target: Int, up: ShapedLine, down: ShapedLine, roundTrip: Duration) {
    self.near = near
    self.target = target
    self.up = up
    self.down = down
    ready = .now + roundTrip
    sockets = [near]
  }

  /// Runs until both sides are done; `onEnd` is called once.
  func start(onEnd: @escaping @Sendable () -> Void) {
    Thread.detachNewThread { [self] in
      guard let far = LoopbackSocket.connect(target) else {
        reset()
        closeAll()
        return onEnd()
      }
      let isOpen = lock.withLock {
        sockets.append(far)
        return !isReset
      }
      LoopbackSocket.sendAtOnce(near)
      LoopbackSocket.sendAtOnce(far)
      if !isOpen { shutdown(far, Int32(SHUT_RDWR)) }
      pipe(from: near, to: far, over: up, onEnd)
      pipe(from: far, to: near, over: down, onEnd)
    }
  }

  /// Ends both sides at once, as a cut does.
  func reset() {
    lock.withLock {
      guard !isReset else { return }
      isReset = true
      for socket in sockets { shutdown(socket, Int32(SHUT_RDWR)) }
    }
  }

  private func closeAll() {
    lock.withLock {
      for socket in sockets { if isReset { LoopbackSocket.reset(socket) } else { close(socket) } }
      sockets = []
    }
  }

  private func pipe(
    from source: Int32, to sink: Int32, over line: ShapedLine, _ onEnd: @escaping @Sendable () -> Void
  ) {
    let queue = PacketQueue()
    Thread.detachNewThread { [self] in
      read(source, over: line, into: queue)
    }
    Thread.detachNewThread { [self] in
      write(queue, to: sink, over: line)
      let isLast = lock.withLock {
        runningPipes -= 1
        return runningPipes == 0
      }
      guard isLast else { return }
      closeAll()
      onEnd()
    }
  }

  private func read(_ socket: Int32, over line: ShapedLine, into queue: PacketQueue) {
    var buffer = [UInt8](repeating: 0, count: Self.packet)
    while true {
      let count = recv(socket, &buffer, buffer.count, 0)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { break }
      let times = line.take(count, notBefore: ready)
      if line.takesCorruption() { buffer[count / 2] ^= 0x10 }
      queue.put(Array(buffer[..<count]), at: times.there)
      // The sender feels the rate, as over a real line with a short queue.
      sleep(until: times.left)
    }
    queue.put(nil, at: .now)
  }

  private func write(_ queue: PacketQueue, to socket: Int32, over line: ShapedLine) {
    while true {
      let (packet, time) = queue.take()
      sleep(until: time)
      sleep(until: line.stalledUntil)
      guard let packet else { break }
      var sent = 0
      while sent < packet.count {
        let count = packet.withUnsafeBytes {
          send(socket, $0.baseAddress! + sent, packet.count - sent, Int32(MSG_NOSIGNAL))
        }
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { return reset() }
        sent += count
      }
    }
    if lock.withLock({ isReset }) { return }
    shutdown(socket, Int32(SHUT_WR))
  }

  private func sleep(until time: ContinuousClock.Instant) {
    while !lock.withLock({ isReset }) {
      let left = time - .now
      guard left > .zero else { return }
      // In steps, so that a cut is felt at once.
      usleep(UInt32(min(left, .milliseconds(50)) / .microseconds(1)))
    }
  }
}

/// Packets on their way, with the time of their arrival. Short: the reader waits for the line, not for the writer.
private final class PacketQueue: Sendable {
  private let condition = NSCondition()
  private nonisolated(unsafe) var packets: [(bytes: [UInt8]?, time: ContinuousClock.Instant)] = []

  func put(_ bytes: [UInt8]?, at time: ContinuousClock.Instant) {
    condition.lock()
    packets.append((bytes, time))
    condition.signal()
    condition.unlock()
  }

  /// Blocks until there is one; the end of the stream has no bytes.
  func take() -> ([UInt8]?, ContinuousClock.Instant) {
    condition.lock()
    defer { condition.unlock() }
    while packets.isEmpty { condition.wait() }
    return packets.removeFirst()
  }
}
