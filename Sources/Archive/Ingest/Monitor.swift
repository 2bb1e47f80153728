import Glibc

/// State that threads share and wait on: a mutex and one or more conditions.
///
/// Waiting blocks the thread: only for threads of one's own, never on Swift's shared pool.
package final class Monitor<State>: @unchecked Sendable {
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let conditions: UnsafeMutableBufferPointer<pthread_cond_t>
  private var state: State

  /// `conditions` keeps apart those who wait for different things, so that each news wakes only whom it concerns.
  package init(_ state: sending State, conditions count: Int = 1) {
    self.state = state
    conditions = .allocate(capacity: count)
    pthread_mutex_init(mutex, nil)
    // Waiting with an end must not depend on the clock on the wall.
    var attributes = pthread_condattr_t()
    pthread_condattr_init(&attributes)
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
    for index in 0..<count { pthread_cond_init(conditions.baseAddress! + index, &attributes) }
    pthread_condattr_destroy(&attributes)
  }

  deinit {
    for index in conditions.indices { pthread_cond_destroy(conditions.baseAddress! + index) }
    pthread_mutex_destroy(mutex)
    conditions.deallocate()
    mutex.deallocate()
  }

  /// Runs `body` alone.
  package func withLock<R, E: Error>(_ body: (inout State) throws(E) -> R) throws(E) -> R {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return try body(&state)
  }

  /// Runs `body` alone, then wakes everybody who waits on `condition`.
  package func change<R, E: Error>(waking condition: Int = 0, _ body: (inout State) throws(E) -> R) throws(E) -> R {
    defer { wake(condition) }
    return try withLock(body)
  }

  /// Wakes everybody who waits on `condition`; allowed while holding the lock.
  package func wake(_ condition: Int = 0) { pthread_cond_broadcast(conditions.baseAddress! + condition) }

  /// Blocks until `body` gives a value; it runs alone, now and whenever `condition` wakes.
  package func wait<R, E: Error>(on condition: Int = 0, _ body: (inout State) throws(E) -> R?) throws(E) -> R {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    while true {
      if let result = try body(&state) { return result }
      pthread_cond_wait(conditions.baseAddress! + condition, mutex)
    }
  }

  /// As ``wait(on:_:)``, but `body` also runs again when the time has come that `until` gives: nil for no such time.
  package func wait<R, E: Error>(
    on condition: Int = 0, until: (State) -> ContinuousClock.Instant?, _ body: (inout State) throws(E) -> R?
  ) throws(E) -> R {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    while true {
      if let result = try body(&state) { return result }
      let condition = conditions.baseAddress! + condition
      guard let time = until(state) else {
        pthread_cond_wait(condition, mutex)
        continue
      }
      // At least a millisecond: a time that has passed must not make a loop that never sleeps.
      let left = max(.milliseconds(1), time - .now).components
      var end = timespec()
      clock_gettime(CLOCK_MONOTONIC, &end)
      end.tv_sec += Int(left.seconds)
      end.tv_nsec += Int(left.attoseconds / 1_000_000_000)
      if end.tv_nsec >= 1_000_000_000 {
        end.tv_sec += 1
        end.tv_nsec -= 1_000_000_000
      }
      pthread_cond_timedwait(condition, mutex, &end)
    }
  }
}
