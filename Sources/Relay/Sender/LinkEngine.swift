import Archive
import Foundation
import Logging
import Synchronization

/// What ``LinkSender``'s thread does: joins the order, the link keeper, the archive and the transport.
///
/// All but ``post(_:)``, ``shown`` and ``transport`` belongs to the thread of ``run()``.
final class LinkEngine: @unchecked Sendable {
  enum Event: Sendable {
    /// The outbox has changed.
    case changed
    case retry
    case stop
    case answered(request: Int, Result<LinkResponse, any Error>)
  }

  /// A request on its way.
  struct Request {
    enum Kind: Equatable {
      case session
      case batch(parcel: Int)
      case heartbeat
    }
    var kind: Kind
    var session: String
    var number: UInt64
    var bytes: Int
    var urgency: Urgency?
    /// What it tells the hub to have heard.
    var heard: Int?
    var task: Task<Void, Never>
  }

  static let recheck = Duration.milliseconds(250)
  /// How often the hub hears of the site's health while there is something to send.
  static let healthEvery = Duration.seconds(300)

  let archive: Archive
  let options: LinkSenderOptions
  let transport: any LinkTransport
  let logger: Logger
  let signer: LinkSigner
  let builder: BatchBuilder
  let shown: Mutex<LinkStatus>
  let metrics = SenderMetrics()
  private let mailbox = Mailbox<Event>()
  private let start = ContinuousClock.now
  let startedAt = Date()

  var order: SendOrder
  var keeper: LinkKeeper
  var month: MonthBytes
  var view = OutboxView()
  var requests: [Int: Request] = [:]
  var session: String?
  var problem: LinkProblem?
  var lastHeard: Date?
  /// The hub's cursor of demands, and the one that it knows to be heard.
  var demandCursor: Int?
  var heardCursor: Int?
  /// A request has succeeded since the last failure: its connection stays open.
  var isConnected = false
  /// Sessions that the hub did not know any more, without a batch taken in between.
  private var sessionsLost = 0
  private var requestsMade = 0
  private var nextNumber: UInt64 = 1
  private var lastSent = Duration.zero
  private var lastHealth: Duration?
  var lastShown: Duration?
  /// Something has changed that the page should show at once.
  var isNews = true
  var stateSince: (state: LinkStatus.State, since: Date)?
  /// When there is something to do though nothing happens.
  private var wakeAt: Duration?

  init(
    archive: Archive, key: SiteKey, options: LinkSenderOptions, transport: any LinkTransport, logger: Logger
  ) {
    self.archive = archive
    self.options = options
    self.transport = transport
    self.logger = logger
    signer = LinkSigner(key: key)
    builder = BatchBuilder(archive: archive)
    shown = Mutex(LinkStatus(site: key.site, hub: options.hub))
    order = SendOrder(failuresUntilAside: options.failuresUntilAside)
    var settings = LinkKeeper.Settings()
    settings.inFlight = max(1, options.inFlight)
    settings.rateLimit = options.rateLimitKbit.map { Double($0) * 125 }
    keeper = LinkKeeper(settings)
    month = MonthBytes(path: options.monthFile)
  }

  var now: Duration { ContinuousClock.now - start }

  /// From any thread.
  func post(_ event: Event) { mailbox.post(event) }

  /// Blocks until `.stop`.
  func run() {
    lastSent = now
    while true {
      wakeAt = nil
      refresh()
      pump()
      show()
      let time = min(max(.zero, (wakeAt ?? now + .seconds(1)) - now), .seconds(1))
      var isStopping = false
      for event in mailbox.take(within: time) {
        switch event {
        case .changed: view.isStale = true
        case .retry: retry()
        case .stop: isStopping = true
        case .answered(let id, let result): answered(id, result)
        }
      }
      if isStopping { break }
    }
    for request in requests.values { request.task.cancel() }
    month.save()
  }

  /// Comes back at that moment, if nothing happens before.
  func wake(at time: Duration?) {
    guard let time else { return }
    wakeAt = min(wakeAt ?? time, time)
  }

  private func retry() {
    keeper.retryNow()
    order.wakeAll()
    do {
      if try archive.outbox.retryAside() > 0 { view.forget() }
    } catch {
      logger.error("Objects that stepped aside cannot be tried again", metadata: ["error": "\(error)"])
    }
  }

  // MARK: - Sending

  /// Puts on the line what may go now.
  private func pump() {
    for id in keeper.overdue(now: now) { giveUp(id) }
    wake(at: keeper.nextDeadline)
    order.hold = hold
    while true {
      let flying = requests.values.compactMap(\.urgency).min()
      let isUrgent = requests.count >= options.inFlight && isMoreUrgent(than: flying)
      guard case .send(let bytes) = advice(isUrgent: isUrgent) else { return }
      guard session != nil else {
        if !requests.values.contains(where: { $0.kind == .session }) { openSession() }
        return
      }
      guard sendBatch(of: bytes, isUrgent: isUrgent) else { return beatIfDue() }
    }
  }

  private func advice(isUrgent: Bool) -> LinkKeeper.Advice {
    let advice = keeper.advice(isUrgent: isUrgent, now: now)
    if case .wait(let until) = advice { wake(at: until) }
    return advice
  }

  private func isMoreUrgent(than flying: Urgency?) -> Bool {
    guard let waiting = order.mostUrgent(now: now), waiting != .routine else { return false }
    return flying.map { waiting < $0 } ?? true
  }

  /// Why originals wait now.
  var hold: SendOrder.Hold? {
    if let budget = options.monthlyBudget, month.bytes >= budget { return .budget }
    guard !options.originalsWindows.isEmpty else { return nil }
    let time = Calendar.current.dateComponents([.hour, .minute], from: Date())
    let minute = (time.hour ?? 0) * 60 + (time.minute ?? 0)
    return options.originalsWindows.contains { $0.contains(minute: minute) } ? nil : .calendar
  }

  private func openSession() {
    let nonce = LinkSigner.nonce()
    guard let body = try? JSONEncoder().encode(LinkHello(nonce: nonce, software: options.version)) else { return }
    send(.session, path: LinkProtocol.sessionPath, session: nonce, number: 0, body: Array(body), urgency: nil)
  }

  /// Says whether there was something to send.
  private func sendBatch(of bytes: Int, isUrgent: Bool) -> Bool {
    guard let session else { return false }
    for _ in 0..<8 {
      guard let parcel = order.next(budget: bytes, now: now) else { return false }
      do {
        let more = moreRecords(isIdle: false)
        let (body, packed) = try builder.build(parcel, manifests: view.manifests, more: more)
        order.learnPacking(bytes: parcel.headerBytes, became: packed)
        send(
          .batch(parcel: parcel.id), path: LinkProtocol.batchPath, session: session, number: takeNumber(), body: body,
          urgency: parcel.urgency, isFull: parcel.estimate * 10 >= bytes * 7)
        return true
      } catch {
        order.lost(parcel.id)
        cannotBuild(error)
      }
    }
    return false
  }

  private func cannotBuild(_ error: any Error) {
    view.isStale = true
    guard let unreadable = error as? BatchBuilder.Unreadable else {
      // A case or manifest that changed meanwhile: the next look at the archive finds the new one.
      logger.warning("A batch could not be made", metadata: ["error": "\(error)"])
      return view.forget()
    }
    view.reload(unreadable.study)
    note(order.unreadable(unreadable.digest, reason: unreadable.reason, now: now))
  }

  /// The site is there, though it has nothing to send; after a failure also the question whether the hub is.
  private func beatIfDue() {
    guard let session else { return }
    let due = lastSent + options.heartbeat
    guard keeper.failures > 0 || due <= now, requests.isEmpty else { return wake(at: requests.isEmpty ? due : nil) }
    var writer = BatchWriter()
    do {
      for record in moreRecords(isIdle: true) { try writer.append(record) }
    } catch {
      return logger.error("A heartbeat could not be made", metadata: ["error": "\(error)"])
    }
    send(
      .heartbeat, path: LinkProtocol.batchPath, session: session, number: takeNumber(), body: writer.finish(),
      urgency: nil)
  }

  /// Health, now and then, and what was heard of the hub's wishes.
  private func moreRecords(isIdle: Bool) -> [BatchRecord] {
    var records: [BatchRecord] = []
    if isIdle || lastHealth.map({ now - $0 > Self.healthEvery }) ?? true {
      lastHealth = now
      records.append(.health(health()))
    }
    if let demandCursor, demandCursor != heardCursor { records.append(.heard(LinkHeard(demandCursor: demandCursor))) }
    return records
  }

  private func takeNumber() -> UInt64 {
    defer { nextNumber += 1 }
    return nextNumber
  }

  private func send(
    _ kind: Request.Kind, path: String, session: String, number: UInt64, body: [UInt8], urgency: Urgency?,
    isFull: Bool = false
  ) {
    let id = requestsMade
    requestsMade += 1
    let credentials = signer.header(method: "POST", path: path, session: session, number: number, body: body)
    let type = kind == .session ? LinkProtocol.jsonType : LinkProtocol.batchType
    let headers = [LinkProtocol.credentialsHeader: credentials, "Content-Type": type]
    let request = LinkRequest(method: "POST", path: path, headers: headers, body: body)
    // Line, header fields and TLS: about so much beside the body.
    let bytes = body.count + 400
    keeper.started(
      id, bytes: bytes, isUrgent: urgency.map { $0 < .routine } ?? false, isFull: isFull,
      otherTrips: isConnected ? 0 : options.hub.hasPrefix("https") ? 2 : 1, now: now)
    lastSent = now
    wake(at: keeper.nextDeadline)
    let task = Task { [transport, mailbox] in
      do {
        mailbox.post(.answered(request: id, .success(try await transport.send(request))))
      } catch {
        mailbox.post(.answered(request: id, .failure(error)))
      }
    }
    requests[id] = Request(
      kind: kind, session: session, number: number, bytes: bytes, urgency: urgency,
      heard: demandCursor, task: task)
  }

  /// Nothing came of a request for too long.
  private func giveUp(_ id: Int) {
    guard let request = requests.removeValue(forKey: id) else { return }
    request.task.cancel()
    problem = .interrupted
    isConnected = false
    count(request.bytes)
    metrics.failures.increment()
    if case .batch(let parcel) = request.kind { order.lost(parcel) }
    keeper.failed(id, isStalled: true, chance: .random(in: 0...1), now: now)
  }

  /// A session that the hub opened, or that it does not know any more.
  func use(session: String?) {
    self.session = session
    nextNumber = 1
    demandCursor = nil
    heardCursor = nil
    guard session == nil else { return }
    sessionsLost += 1
    order.sessionLost()
    // A hub that forgets every session would be asked for ever.
    if sessionsLost > 3 { keeper.backOff(chance: .random(in: 0...1), now: now) }
  }

  /// Bytes that went over the link.
  func count(_ bytes: Int) {
    month.add(bytes)
    metrics.moved.increment(by: bytes)
  }

  func batchTaken() { sessionsLost = 0 }
}
