import DICOM
import Foundation
import Logging

/// Prepares what was received, in the background, for as long as the archive is open.
///
/// One thread (the clerk) reads the queue and changes the archive; others, at low priority, encode and prove. So nothing that a sender
/// could wait for is ever held by a thread that the system lets wait.
final class Preparation: Sendable {
  private struct State {
    var jobs: [PreparationJob] = []
    var results: [(job: PreparationJob, result: PreparationWork.Result, took: Duration)] = []
    var demands: [UID] = []
    /// Changes of the index.
    var changes = 0
    /// The clerk has found nothing to prepare and wants to hear of the next change.
    var isLookingOut = false
    var isStopping = false
    var threads = 0
  }

  /// Between two looks of an idle clerk, whatever changes.
  private static let shortestLook = Duration.milliseconds(20)

  private enum Wake {
    static let clerk = 0
    static let workers = 1
    static let ended = 2
    static let count = 3
  }

  private let options: PreparationOptions
  private let replacement: Replacement
  private let placer: Placer
  private let reserve: DiskReserve
  private let latch: FailureLatch
  private let logger: Logger
  private let metrics = PreparationMetrics()
  private let monitor = Monitor(State(), conditions: Wake.count)
  private let largeFrames: NSLock?

  /// Starts the threads.
  init(
    options: PreparationOptions, replacement: Replacement, placer: Placer, reserve: DiskReserve, latch: FailureLatch,
    logger: Logger
  ) {
    self.options = options
    self.replacement = replacement
    self.placer = placer
    self.reserve = reserve
    self.latch = latch
    self.logger = logger
    largeFrames = options.threadsOfLargeFrames > 1 ? NSLock() : nil
    let workers = options.prepares ? max(1, options.threads) : 0
    monitor.withLock { $0.threads = workers + 1 }
    replacement.index.changes.listen { [weak self] in self?.noteChange() }
    Thread.detachNewThread { [self] in
      runClerk()
      endThread()
    }
    for _ in 0..<workers {
      BackgroundThread.start { [self] in
        runWorker()
        endThread()
      }
    }
  }

  /// Has a study prepared first.
  func demand(_ study: UID) {
    monitor.withLock { state in
      guard state.demands.last != study, state.demands.count < PreparationPlan.mostDemands else { return }
      state.demands.append(study)
      monitor.wake(Wake.clerk)
    }
  }

  /// An image has come, perhaps: an idle clerk looks soon.
  private func noteChange() {
    monitor.withLock { state in
      state.changes += 1
      guard state.isLookingOut else { return }
      // Once: until the clerk has looked again, it knows.
      state.isLookingOut = false
      monitor.wake(Wake.clerk)
    }
  }

  /// Ends within a frame. What is under way is given up; it waits for the next start.
  func stop() {
    replacement.index.changes.listen(nil)
    monitor.withLock { $0.isStopping = true }
    monitor.wake(Wake.clerk)
    monitor.wake(Wake.workers)
    monitor.wait(on: Wake.ended) { $0.threads == 0 ? () : nil }
  }

  private func endThread() { monitor.change(waking: Wake.ended) { $0.threads -= 1 } }

  // MARK: - Workers

  private func runWorker() {
    let work = PreparationWork(
      objects: replacement.objects, placer: placer, options: options, largeFrames: largeFrames)
    while true {
      let job = monitor.wait(on: Wake.workers) { state -> PreparationJob?? in
        if state.isStopping { return .some(nil) }
        return state.jobs.isEmpty ? nil : .some(state.jobs.removeFirst())
      }
      guard let job else { return }
      let started = ContinuousClock.now
      let result = work.run(job) { () throws(PreparationWork.Cancelled) in try waitForQuiet() }
      monitor.change(waking: Wake.clerk) { $0.results.append((job, result, ContinuousClock.now - started)) }
    }
  }

  /// Before a frame: gives way to stores.
  private func waitForQuiet() throws(PreparationWork.Cancelled) {
    let begun = ContinuousClock.now
    while true {
      if monitor.withLock({ $0.isStopping }) || latch.hasFailed { throw PreparationWork.Cancelled() }
      if replacement.flights.isQuiet(for: options.quiet) || ContinuousClock.now - begun >= options.longestPause {
        return
      }
      usleep(10_000)
    }
  }

  // MARK: - Clerk

  private func runClerk() {
    var clerk = PreparationClerk(
      plan: PreparationPlan(lookout: options.lookout), options: options, replacement: replacement, reserve: reserve,
      metrics: metrics, logger: logger)
    // One more than there are threads, so that none waits while the clerk settles what another has done.
    let most = max(1, options.threads) + 1
    while true {
      let looked = ContinuousClock.now
      let seen = monitor.withLock { $0.changes }
      var wakeUp = looked
      // The system may fail the index, too: everything is tried again later.
      do {
        while clerk.plan.runningCount < most {
          switch try clerk.next() {
          case .take(let job):
            monitor.change(waking: Wake.workers) { $0.jobs.append(job) }
            continue
          case .wait(let time): wakeUp = time
          }
          break
        }
        if clerk.plan.runningCount >= most { wakeUp = .now + .seconds(3600) }
        wakeUp = min(wakeUp, try clerk.removeSuperseded())
      } catch {
        clerk.stumbled(error)
        wakeUp = .now + .seconds(1)
      }
      let news = wait(until: wakeUp, isLookingOut: clerk.plan.isLookingOut, seen: seen, looked: looked)
      if news.changes != seen { clerk.plan.lookNow() }
      for study in news.demands { clerk.plan.demand(study) }
      for (job, result, took) in news.results { clerk.end(job, result, took) }
      if news.isStopping || latch.hasFailed { break }
    }
    stopClerk(&clerk)
  }

  /// Until something has happened that concerns the clerk, or the time has come; a clerk without work hears of every change of the index,
  /// but not more often than every ``shortestLook``.
  private func wait(
    until end: ContinuousClock.Instant, isLookingOut: Bool, seen: Int, looked: ContinuousClock.Instant
  ) -> State {
    let time = { (state: State) -> ContinuousClock.Instant? in
      isLookingOut && state.changes != seen ? min(end, looked + Self.shortestLook) : end
    }
    return monitor.wait(on: Wake.clerk, until: time) { state -> State? in
      guard state.isStopping || !state.results.isEmpty || !state.demands.isEmpty || .now >= time(state) ?? end else {
        state.isLookingOut = isLookingOut && state.changes == seen
        return nil
      }
      defer {
        state.results = []
        state.demands = []
        state.isLookingOut = false
      }
      return state
    }
  }

  /// Waits for the workers and settles what they leave.
  private func stopClerk(_ clerk: inout PreparationClerk) {
    monitor.withLock { state in
      state.isStopping = true
      for job in state.jobs { state.results.append((job, .cancelled, .zero)) }
      state.jobs = []
    }
    monitor.wake(Wake.workers)
    while clerk.plan.runningCount > 0 {
      let results = monitor.wait(on: Wake.clerk) { state in
        state.results.isEmpty ? nil : state.results
      }
      monitor.withLock { $0.results.removeFirst(results.count) }
      for (job, result, took) in results { clerk.end(job, result, took) }
    }
    if !latch.hasFailed { _ = try? clerk.removeSuperseded(isLast: true) }
  }
}
