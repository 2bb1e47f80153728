import Archive
import Foundation

extension LinkEngine {
  /// Studies in the status: those on their way, and the last ones that are through.
  private static let mostStudies = 300
  private static let mostComplete = 30
  /// How long a link that fails is called "retrying" before it is "offline".
  private static let patience: TimeInterval = 60

  /// Brings ``shown`` up to date, a few times a second at most.
  func show() {
    // An idle site need not count its disk four times a second.
    let isIdle = requests.isEmpty && keeper.failures == 0 && !isNews
    let every = isIdle ? Self.recheck * 8 : Self.recheck
    if let lastShown, now - lastShown < every { return wake(at: lastShown + every) }
    isNews = false
    lastShown = now
    let status = status()
    shown.withLock { $0 = status }
    metrics.note(status, at: Date())
  }

  private func status() -> LinkStatus {
    var status = LinkStatus(site: signer.site, hub: options.hub)
    status.disk = disk()
    status.aside = view.aside.map { LinkStatus.Aside(instance: $0.instance, reason: $0.reason, failures: $0.failures) }
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
      objects: study.objects, prepared: study.settled, sent: study.acknowledged, bytes: study.bytes, bytesSent: sent,
      percent: percent, etaSeconds: isComplete ? 0 : seconds(for: bytesBefore + study.bytes - sent),
      stage: isComplete ? .complete : order.stage(of: study.study), sealed: study.sealed != nil,
      storedAt: study.storedAt)
  }

  private func seconds(for bytes: Int) -> Double? {
    let rate = options.rateLimitKbit.map { min(keeper.rate ?? .infinity, Double($0) * 125) } ?? keeper.rate
    guard let rate, rate.isFinite, rate > 0, keeper.failures == 0 else { return nil }
    return (Double(bytes) / rate).rounded()
  }

  private func link(isWaiting: Bool) -> LinkStatus.Link {
    let state = state(isWaiting: isWaiting)
    if stateSince?.state != state { stateSince = (state, Date()) }
    var link = LinkStatus.Link(state: state, since: stateSince?.since)
    link.rateKbit = keeper.rate.map { ($0 / 125).rounded() }
    link.rttMs = keeper.roundTrip.map { ($0.inSeconds * 1000).rounded() }
    if keeper.failures > 0 {
      link.nextTry = keeper.retryAt.map { Date(timeIntervalSinceNow: max(0, ($0 - now).inSeconds)) }
    }
    link.problem = problem ?? (state == .paused ? (hold == .budget ? .budget : .calendar) : nil)
    link.monthBytes = month.bytes
    link.monthBudget = options.monthlyBudget
    link.lastHeard = lastHeard
    return link
  }

  private func state(isWaiting: Bool) -> LinkStatus.State {
    guard let lastHeard, session != nil || keeper.failures == 0 else {
      return problem.map { Self.isRefusal($0) } ?? false ? .refused : .offline
    }
    if keeper.failures > 0 {
      if let problem, Self.isRefusal(problem) { return .refused }
      return -lastHeard.timeIntervalSinceNow < Self.patience ? .retrying : .offline
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
      oldestUnsent: totals?.oldest.map { max(0, Int(-$0.timeIntervalSinceNow)) }, aside: totals?.aside,
      temperature: Self.temperature(), rateKbit: keeper.rate.map { Int($0 / 125) },
      roundTrip: keeper.roundTrip.map { Int($0.inSeconds * 1000) })
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
