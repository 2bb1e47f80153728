import DICOM
import Foundation
import Logging

/// The one that reads the queue and changes the archive for the preparation. Every call blocks.
struct PreparationClerk {
  enum Next {
    case take(PreparationJob)
    case wait(until: ContinuousClock.Instant)
  }

  var plan: PreparationPlan
  let options: PreparationOptions
  let replacement: Replacement
  let reserve: DiskReserve
  let metrics: PreparationMetrics
  let logger: Logger

  /// nil until it was read from the index.
  private var superseded: SupersededFiles?
  /// Since the queue was last empty.
  private var prepared = 0

  init(
    plan: PreparationPlan, options: PreparationOptions, replacement: Replacement, reserve: DiskReserve,
    metrics: PreparationMetrics, logger: Logger
  ) {
    self.plan = plan
    self.options = options
    self.replacement = replacement
    self.reserve = reserve
    self.metrics = metrics
    self.logger = logger
  }

  /// Attempts that ended with the process: after so many an object is not tried again.
  private static let mostAttempts = 2
  /// Free bytes above the reserve that an object's file needs besides its own size.
  private static let elbowRoom = 16 << 20

  /// What to do next, with the attempt noted in the index.
  mutating func next() throws -> Next {
    try readSuperseded()
    guard options.prepares else { return .wait(until: .now + .seconds(3600)) }
    while true {
      let now = ContinuousClock.now
      switch plan.next(at: now) {
      case .wait(let time): return .wait(until: time)
      case .load(let study): try load(study, now)
      case .findNewest:
        let newest = try replacement.index.newestWaiting(except: plan.excluded(at: now))
        if let study = plan.found(newest, at: now) { try load(study, now) }
        if newest == nil { noteIdle() }
      case .take(let job):
        if let job = try begin(job, now) { return .take(job) }
      }
    }
  }

  private mutating func load(_ study: UID, _ now: ContinuousClock.Instant) throws {
    plan.loaded(study, try replacement.index.waiting(study), at: now)
  }

  /// nil when the object is not to be begun now.
  private mutating func begin(_ job: PreparationJob, _ now: ContinuousClock.Instant) throws -> PreparationJob? {
    // A ladder is never longer than five quarters of its image.
    guard reserve.left() > job.size + job.size / 4 + Self.elbowRoom else {
      plan.putBack(job)
      plan.pause(until: now + .seconds(10))
      return nil
    }
    if job.attempts >= Self.mostAttempts {
      plan.finished(job)
      try set(job, .refused, "process-ended", "the process went down \(job.attempts) times while this was prepared")
      return nil
    }
    do {
      try replacement.writer.change(keepsRows: true) { try PreparationNote.begin(job, $0) }
    } catch {
      plan.putBack(job)
      throw error
    }
    metrics.running.record(plan.runningCount)
    return job
  }

  /// Settles an object that a worker is done with.
  mutating func end(_ job: PreparationJob, _ result: PreparationWork.Result, _ took: Duration) {
    let started = ContinuousClock.now
    defer { metrics.running.record(plan.runningCount) }
    do {
      switch result {
      case .made(let path, let entry, let facts, let encoding, let proof):
        if case .replaced(let file) = try replacement.replace(job.id, with: path, entry, facts) {
          if let file { superseded?.append(file) }
          if let refusal = facts.refusal {
            noteRefusal(job, refusal.code, refusal.detail)
            break
          }
          prepared += 1
          metrics.prepared.increment()
          metrics.receivedBytes.increment(by: job.size)
          metrics.preparedBytes.increment(by: entry.size)
          metrics.encoding.record(duration: encoding)
          metrics.proof.record(duration: proof)
          metrics.duration.record(duration: took + (ContinuousClock.now - started))
        }
      case .untouched(let code, let detail): try set(job, .untouched, code, detail)
      case .refused(let code, let detail): try set(job, .refused, code, detail)
      case .cancelled: try giveUp(job)
      case .failed(let reason):
        try giveUp(job)
        return failed(job, reason)
      }
      plan.finished(job)
    } catch {
      try? giveUp(job)
      failed(job, "\(error)")
    }
  }

  /// The index could not be read or written.
  mutating func stumbled(_ error: any Error) {
    plan.pause(until: .now + .seconds(5))
    metrics.failures.increment()
    logger.warning("The preparation could not read or write the index.", metadata: ["error": "\(error)"])
  }

  private mutating func failed(_ job: PreparationJob, _ reason: String) {
    plan.failed(job, at: .now)
    metrics.failures.increment()
    logger.warning(
      "An object could not be prepared now; it is tried again later.",
      metadata: ["digest": "\(job.received)", "error": "\(reason)"])
  }

  private func giveUp(_ job: PreparationJob) throws {
    try replacement.writer.change(keepsRows: true) { try PreparationNote.giveUp(job, $0) }
  }

  private func set(_ job: PreparationJob, _ state: PreparationState, _ code: String, _ detail: String) throws {
    try replacement.writer.change(keepsRows: true) {
      try PreparationNote.end(job, state, code: code, detail: detail, $0)
    }
    if state == .refused { return noteRefusal(job, code, detail) }
    metrics.untouched(code).increment()
    logger.debug(
      "An object stays as it was received.",
      metadata: ["digest": "\(job.received)", "code": "\(code)", "detail": "\(detail)"])
  }

  private func noteRefusal(_ job: PreparationJob, _ code: String, _ detail: String) {
    metrics.refused(code).increment()
    logger.error(
      "An object could not be prepared; its pixels stay as they were received.",
      metadata: ["digest": "\(job.received)", "code": "\(code)", "detail": "\(detail)"])
  }

  private mutating func noteIdle() {
    guard prepared > 0, plan.runningCount == 0 else { return }
    logger.info("Everything that waited is prepared.", metadata: ["prepared": "\(prepared)"])
    prepared = 0
  }

  // MARK: - Superseded files

  /// Files in one transaction, and how many are read again before anything else may be done.
  private static let batch = (proven: 256, unproven: 16)

  /// Before the first object is prepared: what earlier processes left.
  private mutating func readSuperseded() throws {
    if superseded == nil { superseded = try replacement.superseded() }
  }

  /// Removes received files whose time has come, and the oldest others where the disk is short. Gives when to look again.
  ///
  /// - Parameter isLast: nobody may come any more who has only a path.
  mutating func removeSuperseded(isLast: Bool = false) throws -> ContinuousClock.Instant {
    try readSuperseded()
    let now = ContinuousClock.now
    let due = now - max(options.keepReceivedFor, isLast ? .zero : options.removalDelay)
    let held = superseded?.takeHeld() ?? []
    try remove(held, now)
    var isMore = false
    repeat {
      // Nobody waits at the end of the process for what has to be read again.
      let isProven = superseded?.oldest?.isProven ?? true
      if isLast && !isProven { break }
      let most = isProven ? Self.batch.proven : Self.batch.unproven
      let files = superseded?.take(most, replacedBy: due) ?? []
      try remove(files, now)
      isMore = files.count == most
    } while isLast && isMore
    if !isLast, try relieve(now) { return now + DiskReserve.answerAge }
    let count = superseded?.count ?? 0
    metrics.superseded.record(count)
    if isMore { return now }
    return count == 0 ? now + .seconds(3600) : now + min(.seconds(1), options.removalDelay + .milliseconds(10))
  }

  /// Removes the oldest files while the disk is short. Whether it was not enough yet.
  private mutating func relieve(_ now: ContinuousClock.Instant) throws -> Bool {
    let shortage = reserve.shortage()
    let due = now - options.removalDelay
    var freed = 0
    for _ in 0..<Self.batch.unproven {
      if freed >= shortage { return false }
      let oldest = superseded?.take(4, replacedBy: due) ?? []
      if oldest.isEmpty { return false }
      freed += try remove(oldest, now)
    }
    return freed < shortage
  }

  /// Removes what nobody reads, and holds the rest. Gives the bytes that were freed.
  @discardableResult
  private mutating func remove(_ files: [SupersededFiles.File], _ now: ContinuousClock.Instant) throws -> Int {
    if files.isEmpty { return 0 }
    let longest = options.longestReading
    do {
      let removal = try replacement.remove(files) { now - $0.since >= longest }
      superseded?.hold(removal.read)
      if removal.restored > 0 {
        logger.error(
          "Prepared files did not survive; the received ones are in their places again.",
          metadata: ["objects": "\(removal.restored)"])
      }
      return removal.bytes
    } catch {
      superseded?.hold(files)
      throw error
    }
  }
}
