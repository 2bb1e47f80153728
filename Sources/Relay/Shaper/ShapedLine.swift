import Foundation

/// One direction of a link: a line on which one packet leaves after the other, shared by all connections.
final class ShapedLine: Sendable {
  private struct State {
    var free = ContinuousClock.now
    var stalledUntil = ContinuousClock.now
    var count = 0
    var corrupts = false
  }

  private let nanosecondsPerByte: Double
  private let delay: Duration
  private let lock = NSLock()
  private nonisolated(unsafe) var state = State()

  init(kilobits: Double, delay: Duration) {
    nanosecondsPerByte = 8e6 / kilobits
    self.delay = delay
  }

  /// Bytes that left so far.
  var count: Int { lock.withLock { state.count } }

  /// Takes the line for a packet: when its last byte has left, and when it is there.
  func take(_ bytes: Int, notBefore: ContinuousClock.Instant) -> (
    left: ContinuousClock.Instant, there: ContinuousClock.Instant
  ) {
    lock.withLock {
      let start = max(.now, notBefore, state.free, state.stalledUntil)
      state.free = start + .nanoseconds(Int64(Double(bytes) * nanosecondsPerByte))
      state.count += bytes
      return (state.free, state.free + delay)
    }
  }

  /// When a packet that could be handed on now may be.
  var stalledUntil: ContinuousClock.Instant { lock.withLock { state.stalledUntil } }

  func stall(until time: ContinuousClock.Instant) {
    lock.withLock { state.stalledUntil = max(state.stalledUntil, time) }
  }

  func corruptNext() { lock.withLock { state.corrupts = true } }

  /// Whether this packet is the one to be damaged.
  func takesCorruption() -> Bool {
    lock.withLock {
      defer { state.corrupts = false }
      return state.corrupts
    }
  }
}
