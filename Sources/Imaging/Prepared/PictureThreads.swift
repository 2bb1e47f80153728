import Foundation

/// The threads on which prepared objects are decoded, so that neither an event loop nor Swift's shared pool ever waits for a codec.
///
/// Short work (a thumbnail: a millisecond) goes before long work (a radiograph at full size: half a second), and one thread never takes
/// long work, so that a page of thumbnails does not wait behind a few radiographs. Threads start when there is work and end when idle.
final class PictureThreads: @unchecked Sendable {
  // Everything mutable is guarded by `condition`.
  private let condition = NSCondition()
  private var short = JobQueue()
  private var long = JobQueue()
  private var threads = 0
  private var idle = 0
  private var busyWithLong = 0
  private var isClosed = false
  private var shutdownWaiters: [CheckedContinuation<Void, Never>] = []

  private let longLimit: Int
  private let waitingLimit: Int
  private let idleLimit: TimeInterval

  enum Length { case short, long }

  /// - Parameters:
  ///   - longLimit: long jobs at once, about the number of processors; one thread more takes short ones.
  ///   - waitingLimit: jobs that may wait; more fail with `.overloaded`.
  ///   - idleLimit: seconds after which a thread without work ends.
  init(longLimit: Int, waitingLimit: Int = 1024, idleLimit: TimeInterval = 30) {
    self.longLimit = max(1, longLimit)
    self.waitingLimit = waitingLimit
    self.idleLimit = idleLimit
  }

  /// Runs `body` on one of the threads. Throws what it throws, `RenderFailure.overloaded`, or `CancellationError` when the task was
  /// cancelled before its turn came.
  func run<R: Sendable>(_ length: Length, _ body: @escaping @Sendable () throws -> R) async throws -> R {
    let ticket = Ticket()
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<R, any Error>) in
        let refusal = enqueue(length) {
          if ticket.isCancelled { return continuation.resume(throwing: CancellationError()) }
          continuation.resume(with: Result { try body() })
        }
        if let refusal { continuation.resume(throwing: refusal) }
      }
    } onCancel: {
      ticket.isCancelled = true
    }
  }

  /// Whether nothing else is waiting, so that one job may use more than one processor.
  var isQuiet: Bool { condition.withLock { short.isEmpty && long.isEmpty && threads - idle <= 1 } }

  /// Takes nothing new, and returns when what was taken is done.
  func shutdown() async {
    await withCheckedContinuation { (waiter: CheckedContinuation<Void, Never>) in
      condition.lock()
      isClosed = true
      let ended = threads == 0
      if !ended { shutdownWaiters.append(waiter) }
      condition.broadcast()
      condition.unlock()
      if ended { waiter.resume() }
    }
  }

  private func enqueue(_ length: Length, _ job: @escaping @Sendable () -> Void) -> RenderFailure? {
    condition.lock()
    defer { condition.unlock() }
    if isClosed { return .unavailable("shut down") }
    if short.count + long.count >= waitingLimit { return .overloaded }
    switch length {
    case .short: short.append(job)
    case .long: long.append(job)
    }
    if idle > 0 { condition.signal() }
    // A thread that was woken for the job before has not left the idle ones yet.
    if idle < short.count + long.count, threads <= longLimit {
      threads += 1
      let thread = Thread { [self] in serve() }
      thread.name = "pictures"
      // A debug build's frames are large, and a codec may put a row of samples on the stack.
      thread.stackSize = 1 << 20
      thread.start()
    }
    return nil
  }

  /// A thread's life.
  private func serve() {
    condition.lock()
    while true {
      if let job = short.takeFirst() {
        condition.unlock()
        job()
        condition.lock()
      } else if busyWithLong < longLimit, let job = long.takeFirst() {
        busyWithLong += 1
        condition.unlock()
        job()
        condition.lock()
        busyWithLong -= 1
      } else {
        // What another thread may not take now (too much long work) is looked at again by the thread that ends some.
        idle += 1
        let woken = isClosed ? false : condition.wait(until: Date(timeIntervalSinceNow: idleLimit))
        idle -= 1
        if !woken, short.isEmpty, long.isEmpty || busyWithLong > 0 { break }
      }
    }
    threads -= 1
    let waiters = isClosed && threads == 0 ? shutdownWaiters : []
    if !waiters.isEmpty { shutdownWaiters = [] }
    condition.unlock()
    for waiter in waiters { waiter.resume() }
  }
}

/// First in, first out, at constant cost.
private struct JobQueue {
  private var jobs: [@Sendable () -> Void] = []
  private var first = 0

  var count: Int { jobs.count - first }
  var isEmpty: Bool { count == 0 }

  mutating func append(_ job: @escaping @Sendable () -> Void) { jobs.append(job) }

  mutating func takeFirst() -> (@Sendable () -> Void)? {
    guard first < jobs.count else { return nil }
    let job = jobs[first]
    first += 1
    if first == jobs.count || first > 256 {
      jobs.removeFirst(first)
      first = 0
    }
    return job
  }
}

/// Whether somebody still waits for a job.
private final class Ticket: @unchecked Sendable {
  // Guarded by `lock`.
  private let lock = NSLock()
  private var cancelled = false

  var isCancelled: Bool {
    get { lock.withLock { cancelled } }
    set { lock.withLock { cancelled = newValue } }
  }
}
