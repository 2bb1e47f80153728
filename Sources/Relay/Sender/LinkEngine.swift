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
    var sentAt: Duration
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
  let mailbox = Mailbox<Event>()
  private let start = ContinuousClock.now
  let startedAt: Date
  /// The clock of this machine, which somebody may set at any time.
  let wallClock: @Sendable () -> Date

  var order: SendOrder
  var keeper: LinkKeeper
  var month: MonthBytes
  var view = OutboxView()
  var requests: [Int: Request] = [:]
  var session: String?
  var problem: LinkProblem?
  /// When the hub was last heard.
  var lastHeard: Duration?
  var clock = HubClock()
  /// The hub's cursor of demands, and the one that it knows to be heard.
  var demandCursor: Int?
  var heardCursor: Int?
  /// A request has succeeded since the last failure: its connection stays open.
  var isConnected = false
  /// Sessions that the hub did not know any more, without a batch taken in between.
  var sessionsLost = 0
  var requestsMade = 0
  var nextNumber: UInt64 = 1
  var lastSent = Duration.zero
  var lastHealth: Duration?
  /// A session is new: the hub hears how the site is, and all connections are opened.
  var isBeatDue = false
  var lastShown: Duration?
  /// Something has changed that the page should show at once.
  var isNews = true
  /// How many objects of a study can be read at the hub, and when it was counted: see ``shown``.
  var readable: [String: (mark: [Int], count: Int)] = [:]
  var stateSince: (state: LinkStatus.State, since: Duration)?
  /// When there is something to do though nothing happens.
  var wakeAt: Duration?

  init(
    archive: Archive, key: SiteKey, options: LinkSenderOptions, transport: any LinkTransport, logger: Logger,
    wallClock: @escaping @Sendable () -> Date = { Date() }
  ) {
    self.archive = archive
    self.wallClock = wallClock
    startedAt = wallClock()
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
    // Somebody may have changed something at the hub meanwhile.
    _ = try? archive.cases.retryRefused()
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
      if try archive.outbox.retryAside() + archive.cases.retryRefused() > 0 { view.forget() }
    } catch {
      logger.error("What stepped aside cannot be tried again", metadata: ["error": "\(error)"])
    }
  }

  /// A session that the hub opened, or that it does not know any more.
  func use(session: String?) {
    self.session = session
    nextNumber = 1
    demandCursor = nil
    heardCursor = nil
    isBeatDue = session != nil
    guard session == nil else { return }
    sessionsLost += 1
    order.sessionLost()
    // A hub that forgets every session would be asked for ever.
    if sessionsLost > 3 { keeper.backOff(chance: .random(in: 0...1), now: now) }
  }

  /// Bytes that went over the link.
  func count(_ bytes: Int) {
    month.add(bytes, now: clock.date(now: now))
    metrics.moved.increment(by: bytes)
  }

  func batchTaken() { sessionsLost = 0 }
}
