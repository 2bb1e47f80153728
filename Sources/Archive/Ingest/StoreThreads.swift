import Foundation

/// A few threads for work that blocks, started when first needed, so that Swift's shared pool never waits for a disk.
final class StoreThreads: Sendable {
  private struct State {
    var jobs: [@Sendable () -> Void] = []
    var threads = 0
    var idle = 0
    var isClosed = false
  }

  private let limit: Int
  private let monitor = Monitor(State())

  init(limit: Int) { self.limit = max(1, limit) }

  /// Runs `job` on one of the threads as soon as one is free; after ``close()`` it runs nowhere and gives false.
  func run(_ job: @escaping @Sendable () -> Void) -> Bool {
    let (accepted, isNew) = monitor.change { state -> (Bool, Bool) in
      if state.isClosed { return (false, false) }
      state.jobs.append(job)
      guard state.idle < state.jobs.count, state.threads < limit else { return (true, false) }
      state.threads += 1
      return (true, true)
    }
    if isNew { Thread.detachNewThread { [monitor] in Self.work(monitor) } }
    return accepted
  }

  /// Lets the threads end after what is queued.
  func close() { monitor.change { $0.isClosed = true } }

  private static func work(_ monitor: Monitor<State>) {
    while true {
      monitor.withLock { $0.idle += 1 }
      let job = monitor.wait { state -> (@Sendable () -> Void)?? in
        if state.jobs.isEmpty && !state.isClosed { return nil }
        state.idle -= 1
        return .some(state.jobs.isEmpty ? nil : state.jobs.removeFirst())
      }
      guard let job else { return }
      job()
    }
  }
}
