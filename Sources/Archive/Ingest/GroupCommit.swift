import DICOM

/// Ends the stores that wait at the same time together: one flush of the journal, one transaction of the index, and each
/// waiting thread is woken once.
///
/// No thread of its own: whoever finds nobody at work does it for all who wait, then leaves it to one of those who came
/// meanwhile. So a lone sender waits for the disk only, and sixteen share what costs the same for one as for sixteen.
///
/// Where many stores are under way, the first waits up to a millisecond for half of them: a flush and a transaction for each
/// one or two would cost the processors that the others need.
final class GroupCommit: Sendable {
  private enum Turn {
    case done(Result<Void, StoreFailure>)
    case lead
  }

  private final class Job: Sendable {
    let ticket: Journal.Ticket
    /// nil for an object that has its row.
    let entry: IndexEntry?
    let turn = Monitor<Turn?>(nil)

    init(_ ticket: Journal.Ticket, _ entry: IndexEntry?) {
      self.ticket = ticket
      self.entry = entry
    }
  }

  private struct State {
    var waiting: [Job] = []
    var isLed = false
    /// How many the leader waits for.
    var wanted = 0
  }

  private let journal: Journal
  private let writer: IndexWriter
  /// Whether the journal's bytes are to be on the disk before anybody hears of success.
  private let isDurable: Bool
  private let flights: Flights
  private let state = Monitor(State())

  private static let patience = Duration.milliseconds(1)

  init(journal: Journal, writer: IndexWriter, isDurable: Bool, flights: Flights) {
    self.journal = journal
    self.writer = writer
    self.isDurable = isDurable
    self.flights = flights
  }

  /// Blocks until the record is on the disk (if the archive is durable) and the entry in the index: from then on every
  /// reader finds it.
  func commit(_ ticket: Journal.Ticket, _ entry: IndexEntry?) throws(StoreFailure) {
    let job = Job(ticket, entry)
    let (leads, isEnough) = state.withLock { state in
      state.waiting.append(job)
      defer { state.isLed = true }
      return (!state.isLed, state.waiting.count == state.wanted)
    }
    if isEnough { state.wake() }
    if !leads, case .done(let result) = job.turn.wait({ $0 }) { return try result.get() }
    return try lead(job).get()
  }

  private func lead(_ own: Job) -> Result<Void, StoreFailure> {
    let jobs = gather()
    let results = run(jobs)
    let next = state.withLock { state in
      if state.waiting.isEmpty { state.isLed = false }
      return state.waiting.first
    }
    next?.turn.change { $0 = .lead }
    var ownResult = Result<Void, StoreFailure>.success(())
    for (job, result) in zip(jobs, results) {
      if job === own { ownResult = result } else { job.turn.change { $0 = .done(result) } }
    }
    return ownResult
  }

  /// Those who wait; after a moment, if many more are about to.
  private func gather() -> [Job] {
    let end = ContinuousClock.now + Self.patience
    let patience = { (_: State) -> ContinuousClock.Instant? in end }
    return state.wait(until: patience) { state -> [Job]? in
      let wanted = flights.running / 2
      if state.waiting.count < wanted && .now < end {
        state.wanted = wanted
        return nil
      }
      state.wanted = 0
      defer { state.waiting = [] }
      return state.waiting
    }
  }

  private func run(_ jobs: [Job]) -> [Result<Void, StoreFailure>] {
    var results = jobs.map { job in
      Result { () throws(StoreFailure) in if isDurable { try journal.waitUntilFlushed(job.ticket) } }
    }
    var added: [(index: Int, entry: IndexEntry)] = []
    for (index, job) in jobs.enumerated() {
      if case .success = results[index], let entry = job.entry { added.append((index, entry)) }
    }
    if added.isEmpty { return results }
    for (job, result) in zip(added, writer.add(added.map(\.entry))) { results[job.index] = result }
    return results
  }
}
