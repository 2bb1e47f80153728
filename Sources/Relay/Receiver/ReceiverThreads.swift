import Foundation

/// Threads for what blocks: checking and writing batches, and waiting for the disk. Neither an event loop nor Swift's shared pool
/// ever does that.
final class ReceiverThreads: @unchecked Sendable {
  private let condition = NSCondition()
  private let limit: Int
  private var jobs: [@Sendable () -> Void] = []
  private var threads = 0
  private var idle = 0
  private var isClosed = false

  init(limit: Int) { self.limit = max(1, limit) }

  /// Runs a job on one of the threads; nil after ``close()``.
  func run<R: Sendable>(_ job: @escaping @Sendable () -> R) async -> R? {
    await withCheckedContinuation { continuation in
      let isAccepted = add { continuation.resume(returning: job()) }
      if !isAccepted { continuation.resume(returning: nil) }
    }
  }

  private func add(_ job: @escaping @Sendable () -> Void) -> Bool {
    condition.lock()
    defer { condition.unlock() }
    if isClosed { return false }
    jobs.append(job)
    if idle < jobs.count, threads < limit {
      threads += 1
      Thread.detachNewThread { [self] in work() }
    } else {
      condition.signal()
    }
    return true
  }

  /// Lets the threads end after what waits.
  func close() {
    condition.lock()
    isClosed = true
    condition.broadcast()
    condition.unlock()
  }

  private func work() {
    while let job = next() { job() }
  }

  private func next() -> (@Sendable () -> Void)? {
    condition.lock()
    defer { condition.unlock() }
    idle += 1
    defer { idle -= 1 }
    while jobs.isEmpty {
      if isClosed { return nil }
      condition.wait()
    }
    return jobs.removeFirst()
  }
}
