/// Which request a worker takes next, and what becomes of requests whose worker died: the decisions of `RenderPool`, without its
/// threads, processes and clocks.
struct WorkerQueue {
  struct Job: Sendable {
    let id: UInt64
    let request: WorkerRequest
    /// From the moment a worker takes it.
    var timeLimit: Duration = .seconds(20)
    var attempts = 0
  }

  struct Limits: Sendable {
    /// Workers at one time.
    var workers: Int
    /// Requests that may wait; more are refused.
    var waiting = 1024
    /// An idle worker ends after this time.
    var idle: Duration = .seconds(60)
    /// A file that killed a worker or timed out is refused for this time, so that one page with its thumbnail does not keep all
    /// workers dying.
    var quarantine: Duration = .seconds(600)
  }

  enum Admission: Equatable {
    /// `startsWorker`: a new worker thread is to be started for it.
    case queued(startsWorker: Bool)
    case refused(RenderFailure)
  }

  enum Turn {
    case perform(Job)
    /// Nothing to do; ask again when woken or at this instant.
    case wait(until: ContinuousClock.Instant)
    case end
  }

  let limits: Limits
  private var jobs: [Job] = []
  private var firstJob = 0
  private(set) var workers = 0
  private var idleWorkers = 0
  private var shunned: [String: (failure: RenderFailure, until: ContinuousClock.Instant)] = [:]
  private(set) var isClosed = false

  init(limits: Limits) { self.limits = limits }

  var waiting: Int { jobs.count - firstJob }

  mutating func admit(_ job: Job, now: ContinuousClock.Instant) -> Admission {
    if isClosed { return .refused(.unavailable("shut down")) }
    if let entry = shunned[job.request.riskKey] {
      if now < entry.until { return .refused(entry.failure) }
      shunned[job.request.riskKey] = nil
    }
    guard waiting < limits.waiting else { return .refused(.overloaded) }
    jobs.append(job)
    // As many workers as there is work for, so that an idle hub has none.
    let starts = workers < limits.workers && waiting > idleWorkers
    if starts { workers += 1 }
    return .queued(startsWorker: starts)
  }

  /// A worker asks what to do. `idleSince` is nil when it has just finished something or has been started.
  mutating func next(idleSince: ContinuousClock.Instant?, now: ContinuousClock.Instant) -> Turn {
    if idleSince != nil { idleWorkers -= 1 }
    if firstJob < jobs.count {
      let job = jobs[firstJob]
      firstJob += 1
      if firstJob == jobs.count || firstJob > 256 {
        jobs.removeFirst(firstJob)
        firstJob = 0
      }
      return .perform(job)
    }
    let end = (idleSince ?? now) + limits.idle
    if isClosed || now >= end {
      workers -= 1
      return .end
    }
    idleWorkers += 1
    return .wait(until: end)
  }

  /// What to do with a job whose worker died or was ended: true when it is tried once more.
  ///
  /// A death may be another's fault (the kernel short of memory), so a second worker may try; a time-out is not tried again.
  mutating func retries(_ job: Job, after failure: RenderFailure, now: ContinuousClock.Instant) -> Bool {
    guard failure == .crashed || failure == .timedOut else { return false }
    if failure == .crashed, job.attempts == 0, !isClosed {
      var again = job
      again.attempts = 1
      jobs.insert(again, at: firstJob)
      return true
    }
    if shunned.count >= 1024 { shunned.removeAll() }
    shunned[job.request.riskKey] = (failure, now + limits.quarantine)
    return false
  }

  /// Forgets a waiting job (cancelled).
  mutating func remove(id: UInt64) {
    if let index = jobs[firstJob...].firstIndex(where: { $0.id == id }) { jobs.remove(at: index) }
  }

  /// Nothing new is admitted; returns what waited.
  mutating func close() -> [Job] {
    isClosed = true
    defer {
      jobs = []
      firstJob = 0
    }
    return Array(jobs[firstJob...])
  }
}
