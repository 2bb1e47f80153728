import DICOM

/// The SOP Instance UIDs that are being stored at this moment: the same image sent twice at once is stored once.
final class Flights: Sendable {
  private struct State {
    var inFlight: Set<UID> = []
    /// When each running store began, by its number.
    var started: [UInt64: ContinuousClock.Instant] = [:]
    var lastNumber: UInt64 = 0
    var lastEnded: ContinuousClock.Instant?
    var isClosed = false
  }

  private let monitor = Monitor(State())
  private let metrics: ArchiveMetrics

  init(metrics: ArchiveMetrics) { self.metrics = metrics }

  /// Runs `body` while no other thread stores under `uid`; blocks until it is this one's turn.
  func alone<R, E: Error>(_ uid: UID, _ body: () throws(E) -> R) throws(E) -> R {
    monitor.wait { $0.inFlight.insert(uid).inserted ? () : nil }
    defer { monitor.change { _ = $0.inFlight.remove(uid) } }
    return try body()
  }

  /// Runs `body` while no other thread stores under any of these; blocks until it may.
  func alone<R, E: Error>(_ uids: Set<UID>, _ body: () throws(E) -> R) throws(E) -> R {
    monitor.wait { state -> Void? in
      guard state.inFlight.isDisjoint(with: uids) else { return nil }
      state.inFlight.formUnion(uids)
      return ()
    }
    defer { monitor.change { $0.inFlight.subtract(uids) } }
    return try body()
  }

  /// Counts a store from its first step to its last; refuses when the archive is closed.
  func counted<R>(_ body: () throws(StoreFailure) -> R) throws(StoreFailure) -> R {
    let begun = monitor.withLock { state -> (number: UInt64, running: Int)? in
      if state.isClosed { return nil }
      state.lastNumber += 1
      state.started[state.lastNumber] = .now
      return (state.lastNumber, state.started.count)
    }
    guard let begun else { throw StoreFailure(.cannotStore, "the archive is closed") }
    metrics.queue.record(begun.running)
    defer {
      metrics.queue.record(
        monitor.change {
          $0.started[begun.number] = nil
          $0.lastEnded = .now
          return $0.started.count
        })
    }
    return try body()
  }

  /// How many stores are under way.
  var running: Int { monitor.withLock { $0.started.count } }

  /// How long the oldest running store has been under way; nil when none is.
  func oldestAge(at now: ContinuousClock.Instant = .now) -> Duration? {
    monitor.withLock { state in state.started.values.min().map { now - $0 } }
  }

  /// Whether no store is running, and none has ended within this time.
  func isQuiet(for duration: Duration, at now: ContinuousClock.Instant = .now) -> Bool {
    monitor.withLock { state in
      state.started.isEmpty && state.lastEnded.map { now - $0 >= duration } ?? true
    }
  }

  /// Refuses new stores and blocks until the running ones have ended. False when it was closed before.
  func close() -> Bool {
    let isFirst = monitor.withLock { state in
      defer { state.isClosed = true }
      return !state.isClosed
    }
    monitor.wait { $0.started.isEmpty ? () : nil }
    return isFirst
  }
}
