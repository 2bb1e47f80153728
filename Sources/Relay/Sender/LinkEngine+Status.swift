import Archive
import Foundation

extension LinkEngine {
  /// Studies in the status: those on their way, and the last ones that are through.
  private static let mostStudies = 300
  private static let mostComplete = 30
  /// How long a link that fails is called "retrying" before it is "offline".
  private static let patience = Duration.seconds(60)

  /// Brings ``shown`` up to date, a few times a second at most.
  func show() {
    // An idle site need not count its disk four times a second.
    let isIdle = requests.isEmpty && keeper.failures == 0 && !isNews
    let every = isIdle ? Self.recheck * 8 : Self.recheck
    if let lastShown, now - lastShown < every { return wake(at: lastShown + every) }
    isNews = false
    lastShown = now
    judgeClock()
    let status = status()
    shown.withLock { $0 = status }
    metrics.note(status, at: wallClock())
  }

  private func status() -> LinkStatus {
    var status = LinkStatus(site: signer.site, hub: options.hub)
    status.disk = disk()
    status.aside = view.aside.map {
      LinkStatus.Aside(
        instance: $0.instance, study: $0.study, code: AsideReason.code(of: $0.reason), reason: $0.reason,
        failures: $0.failures)
    }
    status.refusedCases = view.refused.map { LinkStatus.RefusedCase($0.refusal, at: $0.at) }
    status.queue.cases = view.pendingCases
    var bytesBefore = 0
    var complete: [LinkStatus.Study] = []
    for study in view.studies {
      let shown = self.shown(study, bytesBefore: bytesBefore)
      bytesBefore += shown.bytes - shown.bytesSent
      if shown.stage == .complete {
        complete.append(shown)
      } else {
        status.queue.objects += study.objects - study.acknowledged
        if status.studies.count < Self.mostStudies { status.studies.append(shown) }
      }
    }
    readable = readable.filter { order.studies[$0.key] != nil }
    status.studies += complete.sorted { $0.storedAt > $1.storedAt }.prefix(Self.mostComplete)
    status.queue.bytes = bytesBefore
    status.queue.oldest = view.totals?.oldest
    status.queue.etaSeconds = bytesBefore == 0 ? 0 : seconds(for: bytesBefore)
    status.link = link(isWaiting: bytesBefore > 0)
    return status
  }

  private func shown(_ study: OutboxStudy, bytesBefore: Int) -> LinkStatus.Study {
    let queue = order.studies[study.study]
    let isComplete = study.isAcknowledged && study.objects > 0
    var sent = study.acknowledgedBytes
    if let queue, queue.isLoaded { sent += max(0, queue.pendingBytes - queue.bytesLeft) }
    sent = isComplete ? study.bytes : min(sent, study.bytes)
    let percent = isComplete ? 100 : study.bytes > 0 ? min(99, sent * 100 / study.bytes) : 0
    return LinkStatus.Study(
      study: study.study, caseNumber: study.caseNumber, urgency: study.urgency.rawValue,
      modality: study.modalities.first, description: study.description.isEmpty ? nil : study.description,
      objects: study.objects, prepared: study.settled, sent: study.acknowledged,
      readable: isComplete ? study.objects : readable(study), aside: study.aside, bytes: study.bytes, bytesSent: sent,
      percent: percent, etaSeconds: isComplete ? 0 : seconds(for: bytesBefore + study.bytes - sent),
      stage: isComplete ? .complete : stage(study), sealed: study.sealed != nil, storedAt: study.storedAt)
  }

  /// What is said of a study is true of all its images: those that are still being prepared are not at the hub at all.
  private func stage(_ study: OutboxStudy) -> LinkStatus.Stage {
    let stage = order.stage(of: study.study)
    return study.settled < study.objects && stage != .waiting ? .partial : stage
  }

  /// How many of a study's objects can be read at the hub; counted again only when something of it has moved.
  private func readable(_ study: OutboxStudy) -> Int {
    guard let queue = order.studies[study.study] else { return study.acknowledged }
    // When it was let go from memory, all that had been prepared could be read.
    guard queue.isLoaded else { return queue.isReadable ? study.settled - study.aside : study.acknowledged }
    let mark = [queue.bytesLeft, queue.unanswered, queue.objects.count, study.acknowledged]
    if let known = readable[study.study], known.mark == mark { return known.count }
    let count = min(study.objects, study.acknowledged + order.readable(of: study.study))
    readable[study.study] = (mark, count)
    return count
  }

  private func seconds(for bytes: Int) -> Double? {
    let rate = options.rateLimitKbit.map { min(keeper.rate ?? .infinity, Double($0) * 125) } ?? keeper.rate
    guard let rate, rate.isFinite, rate > 0, keeper.failures == 0 else { return nil }
    return (Double(bytes) / rate).rounded()
  }

  private func link(isWaiting: Bool) -> LinkStatus.Link {
    let state = state(isWaiting: isWaiting)
    if stateSince?.state != state { stateSince = (state, now) }
    var link = LinkStatus.Link(state: state, since: stateSince.map { wallDate($0.since) })
    link.rateKbit = keeper.rate.map { ($0 / 125).rounded() }
    link.rttMs = keeper.roundTrip.map { ($0.inSeconds * 1000).rounded() }
    if keeper.failures > 0 {
      link.nextTry = keeper.retryAt.map { wallDate(max($0, now)) }
    }
    link.clock = clockStatus
    let pause: LinkProblem? = state == .paused ? (hold == .budget ? .budget : .calendar) : nil
    link.problem = problem ?? pause ?? (clock.isWrong ? .clock : nil)
    link.monthBytes = month.bytes
    link.monthBudget = options.monthlyBudget
    link.lastHeard = lastHeard.map(wallDate)
    return link
  }

  private func state(isWaiting: Bool) -> LinkStatus.State {
    guard let lastHeard, session != nil || keeper.failures == 0 else {
      return problem.map { Self.isRefusal($0) } ?? false ? .refused : .offline
    }
    if keeper.failures > 0 {
      if let problem, Self.isRefusal(problem) { return .refused }
      return now - lastHeard < Self.patience ? .retrying : .offline
    }
    if problem == .hubFull { return .refused }
    if requests.values.contains(where: { $0.urgency != nil }) { return .sending }
    return isWaiting && hold != nil ? .paused : .connected
  }

  private static func isRefusal(_ problem: LinkProblem) -> Bool { [.key, .hubFull, .refused].contains(problem) }

  private func disk() -> LinkStatus.Disk {
    let left = (try? archive.statistics().reserveLeft) ?? 0
    var facts = statvfs()
    let size = statvfs(archive.options.directory, &facts) == 0 ? Int(facts.f_blocks) * Int(facts.f_frsize) : nil
    return LinkStatus.Disk(free: left + archive.options.diskReserve, reserve: archive.options.diskReserve, size: size)
  }

  /// How the site is, for the hub.
  func health() -> SiteHealth {
    let totals = view.totals
    return SiteHealth(
      version: options.version, uptime: Int(now.inSeconds), diskFree: disk().free - archive.options.diskReserve,
      queueObjects: totals?.objects, queueBytes: totals?.bytes,
      oldestUnsent: totals?.oldest.flatMap(age), aside: totals?.aside,
      temperature: Self.temperature(), rateKbit: keeper.rate.map { Int($0 / 125) },
      roundTrip: keeper.roundTrip.map { Int($0.inSeconds * 1000) },
      clockDifference: clock.difference(wallClock(), now: now).map { Int($0.rounded()) })
  }

  /// Seconds since then. nil where a clock was set in between so far that nobody knows: a box without a battery stores its first images in 1970.
  private func age(since date: Date) -> Int? {
    let age = max(0, wallClock().timeIntervalSince(date))
    return age < 10 * 365 * 86_400 ? Int(age) : nil
  }

  /// Degrees Celsius of the first sensor, where the system shows one.
  private static func temperature() -> Double? {
    let path = "/sys/class/thermal/thermal_zone0/temp"
    guard let text = try? String(contentsOfFile: path, encoding: .utf8),
      let thousandths = Double(text.trimmingCharacters(in: .whitespacesAndNewlines))
    else { return nil }
    return thousandths / 1000
  }
}
