import DICOM

/// The SOP Instance UIDs that are being stored at this moment: the same image sent twice at once is stored once.
final class Flights: Sendable {
  private struct State {
    var inFlight: Set<UID> = []
    var running = 0
    var isClosed = false
  }

  private let monitor = Monitor(State())
  private let metrics: ArchiveMetrics

  init(metrics: ArchiveMetrics) { self.metrics = metrics }

  /// Runs `body` while no other thread stores under `uid`; blocks until it is this one's turn.
  func alone<R>(_ uid: UID, _ body: () throws(StoreFailure) -> R) throws(StoreFailure) -> R {
    monitor.wait { $0.inFlight.insert(uid).inserted ? () : nil }
    defer { monitor.change { _ = $0.inFlight.remove(uid) } }
    return try body()
  }

  /// Counts a store from its first step to its last; refuses when the archive is closed.
  func counted<R>(_ body: () throws(StoreFailure) -> R) throws(StoreFailure) -> R {
    let running = monitor.withLock { state -> Int? in
      if state.isClosed { return nil }
      state.running += 1
      return state.running
    }
    guard let running else { throw StoreFailure(.cannotStore, "the archive is closed") }
    metrics.queue.record(running)
    defer {
      metrics.queue.record(
        monitor.change {
          $0.running -= 1
          return $0.running
        })
    }
    return try body()
  }

  /// Refuses new stores and blocks until the running ones have ended. False when it was closed before.
  func close() -> Bool {
    let isFirst = monitor.withLock { state in
      defer { state.isClosed = true }
      return !state.isClosed
    }
    monitor.wait { $0.running == 0 ? () : nil }
    return isFirst
  }
}
