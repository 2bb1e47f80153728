import Foundation
import GRDB
import Logging

/// Looks after the outbox for as long as the archive is open: seals what has become quiet, removes what the hub has and whose time has come.
final class OutboxClerk: Sendable {
  private struct State {
    var isStopping = false
    var isRunning = true
  }

  private let outbox: Outbox
  private let cases: Cases
  private let sealAfter: Duration
  private let keepSentFor: Duration?
  private let latch: FailureLatch
  private let logger: Logger
  private let monitor = Monitor(State())

  /// How often it looks.
  private let tick: Duration

  init(
    outbox: Outbox, cases: Cases, sealAfter: Duration, keepSentFor: Duration?, latch: FailureLatch, logger: Logger
  ) {
    self.outbox = outbox
    self.cases = cases
    self.sealAfter = sealAfter
    self.keepSentFor = keepSentFor
    self.latch = latch
    self.logger = logger
    tick = min(.seconds(10), max(.milliseconds(20), sealAfter / 4))
    Thread.detachNewThread { [self] in
      run()
      monitor.change { $0.isRunning = false }
    }
  }

  func stop() {
    monitor.change { $0.isStopping = true }
    monitor.wait { $0.isRunning ? nil : () }
  }

  private func run() {
    var quiet = QuietStudies()
    while !latch.hasFailed {
      do {
        let due = quiet.due(try outbox.openStudies(), after: sealAfter, at: .now)
        if !due.isEmpty { try cases.sealQuiet(due) }
        let removed = try outbox.release(byRule: keepSentFor)
        try outbox.removeFiles()
        if removed > 0 {
          logger.info("Objects that the hub has were removed here.", metadata: ["objects": "\(removed)"])
        }
      } catch {
        logger.warning("The outbox could not be looked after; tried again later.", metadata: ["error": "\(error)"])
      }
      let end = ContinuousClock.now + tick
      let until = { (_: State) -> ContinuousClock.Instant? in end }
      let isStopping = monitor.wait(until: until) { state -> Bool? in
        state.isStopping ? true : .now >= end ? false : nil
      }
      if isStopping { return }
    }
  }
}

/// Finds out which studies have become quiet, by a clock that does not jump: a box without a battery wakes up in another year.
struct QuietStudies {
  struct Open: Sendable, Hashable {
    /// The row.
    let study: Int64
    let objects: Int
    let lastAt: Double
  }

  private var known: [Int64: (state: Open, since: ContinuousClock.Instant)] = [:]

  /// The studies to which nothing has come for so long. What was open before the process began counts from its begin.
  mutating func due(_ open: [Open], after duration: Duration, at now: ContinuousClock.Instant) -> [Int64] {
    var next: [Int64: (state: Open, since: ContinuousClock.Instant)] = [:]
    for study in open {
      let before = known[study.study]
      next[study.study] = before?.state == study ? before : (study, now)
    }
    known = next
    return next.values.filter { now - $0.since >= duration }.map(\.state.study).sorted()
  }
}

extension Outbox {
  /// Studies that nobody has sealed.
  func openStudies() throws -> [QuietStudies.Open] {
    try index.pool.read { db in
      try Row.fetchAll(
        db, sql: "SELECT study_id, objects, last_at FROM outbox_study WHERE sealed_by = '' AND objects > 0"
      ).map { QuietStudies.Open(study: $0[0], objects: $0[1], lastAt: $0[2]) }
    }
  }
}

extension Cases {
  /// Seals studies by the timer, and the cases of which all studies are sealed then.
  func sealQuiet(_ studies: [Int64]) throws {
    try durably { db in
      let now = CaseTime.whole(Date())
      for study in studies {
        try db.execute(
          sql: "UPDATE outbox_study SET sealed_by = 'timer', sealed_at = ? WHERE study_id = ? AND sealed_by = ''",
          arguments: [now.timeIntervalSince1970, study])
        guard let uid = try String.fetchOne(db, sql: "SELECT uid FROM study WHERE id = ?", arguments: [study]) else {
          continue
        }
        for item in try CaseRows.cases(ofStudy: uid, db)
        where item.site == site && item.sealed == nil && item.state == .open {
          let open = try Int.fetchOne(
            db,
            sql: """
              SELECT count(*) FROM case_study JOIN study ON uid = study_uid JOIN outbox_study ON study_id = study.id
              WHERE number = ? AND sealed_by = ''
              """, arguments: [item.number])
          if open == 0 { try seal(item, by: .timer, who: "timer", at: now, db) }
        }
      }
    }
  }
}
