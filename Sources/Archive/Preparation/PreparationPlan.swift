import DICOM

/// Which object is prepared next: decides, and does nothing. What it needs to know it asks for.
///
/// Studies that somebody looks at come first, the last asked for before the others; then the study of the newest object that
/// waits. Within a study the first, middle and last image of each series come before all others.
struct PreparationPlan {
  enum Step: Equatable {
    case take(PreparationJob)
    /// Read what waits of this study, and say it with ``loaded(_:_:at:)``.
    case load(UID)
    /// Look for the newest object that waits and is not ``excluded(at:)``, and say it with ``found(_:at:)``.
    case findNewest
    case wait(until: ContinuousClock.Instant)
  }

  /// After so many objects of one study the newest is looked for again.
  static let portion = 32
  /// Studies that are remembered as asked for.
  static let mostDemands = 64

  let lookout: Duration
  /// The last is the most urgent.
  private var demands: [UID] = []
  private var study: UID?
  /// The last is next.
  private var jobs: [PreparationJob] = []
  private var taken = 0
  private var inFlight: [Int64: PreparationJob] = [:]
  private var aside: [Int64: (until: ContinuousClock.Instant, failures: Int)] = [:]
  private var failuresInARow = 0
  private var pausedUntil: ContinuousClock.Instant?
  /// Nothing waited when last looked: the pause is no more than the time until the next look.
  private(set) var isLookingOut = false

  init(lookout: Duration) { self.lookout = lookout }

  /// Objects that are not to be taken now.
  func excluded(at now: ContinuousClock.Instant) -> Set<Int64> {
    Set(inFlight.keys).union(aside.filter { $0.value.until > now }.keys)
  }

  var runningCount: Int { inFlight.count }

  mutating func demand(_ study: UID) {
    lookNow()
    demands.removeAll { $0 == study }
    demands.append(study)
    if demands.count > Self.mostDemands { demands.removeFirst() }
  }

  /// Something may have come: an idle preparer does not wait for its next look.
  mutating func lookNow() {
    if isLookingOut { pausedUntil = nil }
  }

  mutating func next(at now: ContinuousClock.Instant) -> Step {
    if let pausedUntil, pausedUntil > now { return .wait(until: pausedUntil) }
    pausedUntil = nil
    if let wanted = demands.last, wanted != study { return .load(wanted) }
    if jobs.isEmpty || (demands.isEmpty && taken >= Self.portion) {
      if demands.last == study, study != nil { demands.removeLast() }
      if let wanted = demands.last { return .load(wanted) }
      return .findNewest
    }
    // An object that was under way when the process went down has the machine for itself: if it happens again, it was this one.
    let isSuspectRunning = inFlight.values.contains { $0.attempts > 0 }
    if isSuspectRunning || (jobs[jobs.count - 1].attempts > 0 && !inFlight.isEmpty) {
      return .wait(until: now + .seconds(3600))
    }
    let job = jobs.removeLast()
    inFlight[job.id] = job
    taken += 1
    return .take(job)
  }

  /// - Parameter waiting: by series and number.
  mutating func loaded(_ study: UID, _ waiting: [PreparationJob], at now: ContinuousClock.Instant) {
    let excluded = excluded(at: now)
    jobs = Self.arranged(waiting.filter { !excluded.contains($0.id) }).reversed()
    taken = 0
    self.study = study
    if jobs.isEmpty {
      demands.removeAll { $0 == study }
      self.study = nil
    }
  }

  /// - Returns: the study to load, if it is another than the present one.
  mutating func found(_ newest: UID?, at now: ContinuousClock.Instant) -> UID? {
    taken = 0
    isLookingOut = newest == nil
    guard let newest else {
      jobs = []
      study = nil
      pausedUntil = now + lookout
      return nil
    }
    return newest == study && !jobs.isEmpty ? nil : newest
  }

  /// An object is done with, however it ended.
  mutating func finished(_ job: PreparationJob) {
    inFlight[job.id] = nil
    aside[job.id] = nil
    failuresInARow = 0
  }

  /// An object was given back untried.
  mutating func putBack(_ job: PreparationJob) {
    inFlight[job.id] = nil
    jobs.append(job)
  }

  /// Nothing is taken until then.
  mutating func pause(until time: ContinuousClock.Instant) {
    isLookingOut = false
    pausedUntil = max(pausedUntil ?? time, time)
  }

  /// The system failed, not the object, as far as one knows: the object steps aside, and all wait; ever longer.
  mutating func failed(_ job: PreparationJob, at now: ContinuousClock.Instant) {
    inFlight[job.id] = nil
    let failures = (aside[job.id]?.failures ?? 0) + 1
    aside[job.id] = (now + .seconds(min(60 << min(failures, 6), 3600)), failures)
    failuresInARow += 1
    pause(until: now + .seconds(min(1 << min(failuresInARow, 10), 900)))
  }

  /// First, middle and last of each series, then the rest, and at the end those that were under way when the process went down:
  /// most of them by chance, and should one have been the cause, the others are done by then.
  static func arranged(_ waiting: [PreparationJob]) -> [PreparationJob] {
    var early: [PreparationJob] = []
    var late: [PreparationJob] = []
    for series in waiting.filter({ $0.attempts == 0 }).chunked(by: \.series) {
      let marks = [series.startIndex, series.startIndex + series.count / 2, series.endIndex - 1]
      for index in series.indices {
        if marks.contains(index) { early.append(series[index]) } else { late.append(series[index]) }
      }
    }
    return early + late + waiting.filter { $0.attempts > 0 }
  }
}

extension Array {
  /// Runs of elements that have a value in common.
  fileprivate func chunked<Value: Equatable>(by value: (Element) -> Value) -> [ArraySlice<Element>] {
    var chunks: [ArraySlice<Element>] = []
    var start = startIndex
    for index in indices.dropFirst() where value(self[index]) != value(self[index - 1]) {
      chunks.append(self[start..<index])
      start = index
    }
    if start < endIndex { chunks.append(self[start...]) }
    return chunks
  }
}
