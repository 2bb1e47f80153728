import Archive
import Foundation
import Logging
import Synchronization

/// The hub's end of the thin link: knows who speaks, applies what is said to the archive, and answers when it is on the disk.
///
/// Free of any HTTP library: the command mounts ``answer(_:)`` at ``LinkProtocol/sessionPath`` and ``LinkProtocol/batchPath``. Nothing
/// depends on a site's clock.
public final class LinkReceiver: Sendable {
  struct State {
    var registry: SiteRegistry
    var metrics: LinkMetrics
    var table: SessionTable
    var states: [String: SiteState]
    var inFlight = 0
    var memory: SiteMemory
  }

  public let limits: LinkLimits
  private let archive: Archive
  private let version: String
  let logger: Logger
  private let threads: ReceiverThreads
  private let clock: @Sendable () -> Date
  let state: Mutex<State>

  /// - Parameters:
  ///   - version: of Rekkas, told to sites.
  ///   - memory: the file that remembers across restarts when sites were heard; nil forgets it.
  ///   - clock: the hub's, told to sites in every answer.
  public init(
    archive: Archive, sites: SiteRegistry, limits: LinkLimits = LinkLimits(), version: String = "",
    memory: String? = nil,
    logger: Logger, clock: @escaping @Sendable () -> Date = { Date() }
  ) {
    self.archive = archive
    self.clock = clock
    self.limits = limits
    self.version = version
    self.logger = logger
    threads = ReceiverThreads(limit: limits.threads)
    let siteMemory = SiteMemory(path: memory)
    var states = Dictionary(uniqueKeysWithValues: sites.all.map { ($0.key.site, SiteState($0)) })
    siteMemory.recall(&states)
    state = Mutex(
      State(
        registry: sites, metrics: LinkMetrics(sites: sites),
        table: SessionTable(sessionsPerSite: limits.sessionsPerSite), states: states, memory: siteMemory))
  }

  /// Ends its threads after what they do, and remembers when sites were heard.
  public func close() {
    threads.close()
    state.withLock { $0.memory }.save(sites())
  }

  // MARK: Requests

  /// Refuses a request by its head alone; nil when its body is worth reading. Takes microseconds.
  public func refuses(_ request: LinkRequest) -> LinkResponse? {
    guard request.method == "POST", [LinkProtocol.sessionPath, LinkProtocol.batchPath].contains(request.path) else {
      return unsigned(404, LinkRefusal(.malformed, "Nothing lies at this address."))
    }
    guard let credentials = request.credentials else {
      return stranger(
        400, LinkRefusal(.malformed, "The request has no \(LinkProtocol.credentialsHeader) header that can be read."))
    }
    guard credentials.version == LinkProtocol.version else {
      return stranger(400, LinkRefusal(.version, "This hub speaks version \(LinkProtocol.version) of the link."))
    }
    let (site, isKnown) = state.withLock {
      ($0.registry[credentials.site], $0.table.isKnown(credentials.session, site: credentials.site))
    }
    guard let site else { return stranger(401, LinkRefusal(.unknownSite, "The hub knows no site of this name.")) }
    if request.path == LinkProtocol.batchPath, !isKnown {
      return refusal(401, LinkRefusal(.sessionUnknown, "The hub does not know this session."), credentials, site.key)
    }
    return nil
  }

  /// Answers a request, after whatever it brought is on the disk.
  public func answer(_ request: LinkRequest) async -> LinkResponse {
    if let refusal = refuses(request) { return refusal }
    guard let credentials = request.credentials, let site = state.withLock({ $0.registry[credentials.site] }) else {
      return unsigned(401, LinkRefusal(.unknownSite, "The hub knows no site of this name."))
    }
    guard enter(credentials.site, isBatch: request.path == LinkProtocol.batchPath) else {
      return refusal(
        503, LinkRefusal(.busy, "Too many requests are in flight."), credentials, site.key, retryAfter: 5)
    }
    defer { leave(credentials.site, isBatch: request.path == LinkProtocol.batchPath) }
    let response = await threads.run { self.process(request, credentials, site.key) }
    return response
      ?? refusal(503, LinkRefusal(.hubFailed, "The hub is stopping."), credentials, site.key, retryAfter: 10)
  }

  private func enter(_ site: String, isBatch: Bool) -> Bool {
    state.withLock { state in
      guard state.inFlight < limits.inFlight else { return false }
      // Who opens a session has not proven to be the site: only batches, in sessions that strangers do not know, count against it.
      if isBatch {
        guard state.states[site]?.inFlight ?? 0 < limits.inFlightPerSite else { return false }
        state.states[site]?.inFlight += 1
      }
      state.inFlight += 1
      return true
    }
  }

  private func leave(_ site: String, isBatch: Bool) {
    state.withLock { state in
      state.inFlight -= 1
      if isBatch, let running = state.states[site]?.inFlight { state.states[site]?.inFlight = max(0, running - 1) }
    }
  }

  /// Blocks.
  private func process(_ request: LinkRequest, _ credentials: LinkCredentials, _ key: SiteKey) -> LinkResponse {
    let isBatch = request.path == LinkProtocol.batchPath
    guard
      LinkVerifier(key: key).accepts(
        credentials, method: request.method, path: request.path, body: request.body)
    else {
      note(.badSignature, credentials.site)
      // Without a signature: what this hub signs is an answer to somebody who has the key.
      return stranger(401, LinkRefusal(.badSignature, "The signature is not one of this site's key."))
    }
    guard request.body.count <= (isBatch ? limits.batch.bytes : limits.hello) else {
      return refusal(413, LinkRefusal(.tooLarge, "The body is over the hub's limits."), credentials, key)
    }
    return isBatch ? batch(request, credentials, key) : open(request, credentials, key)
  }

  // MARK: Sessions

  private func open(_ request: LinkRequest, _ credentials: LinkCredentials, _ key: SiteKey) -> LinkResponse {
    guard let hello = try? JSONDecoder().decode(LinkHello.self, from: Data(request.body)), credentials.number == 0,
      hello.nonce == credentials.session, hello.nonce.utf8.count == 32
    else {
      return refusal(400, LinkRefusal(.malformed, "The request does not open a session."), credentials, key)
    }
    // 128 random bits, as the site's own nonce.
    let session = LinkSigner.nonce()
    let isNew = state.withLock { state in
      let isCourier = hello.isCourier ?? false
      let isNew = state.table.open(session, site: credentials.site, nonce: hello.nonce, isCourier: isCourier)
      guard isNew else { return false }
      if isCourier { return true }
      state.states[credentials.site]?.lastSeen = clock()
      state.states[credentials.site]?.software = SiteHealth.bounded(hello.software)
      return true
    }
    guard isNew else {
      return refusal(409, LinkRefusal(.replayed, "The nonce was used before."), credentials, key)
    }
    let metadata: Logger.Metadata = ["site": "\(credentials.site)", "courier": "\(hello.isCourier ?? false)"]
    logger.info("A session of the link was opened.", metadata: metadata)
    let welcome = LinkWelcome(
      session: session, clock: milliseconds, batchBytes: limits.batch.bytes, batchRecords: limits.batch.records,
      inFlight: limits.inFlightPerSite, window: NumberWindow.width, software: version.isEmpty ? nil : version)
    return signed(200, welcome, credentials, key)
  }

  // MARK: Batches

  private func batch(_ request: LinkRequest, _ credentials: LinkCredentials, _ key: SiteKey) -> LinkResponse {
    let started = ContinuousClock.now
    switch state.withLock({ $0.table.use(credentials.number, of: credentials.session, site: credentials.site) }) {
    case .unknown:
      return refusal(401, LinkRefusal(.sessionUnknown, "The hub does not know this session."), credentials, key)
    case .replayed:
      return refusal(409, LinkRefusal(.replayed, "The number was used before."), credentials, key)
    case .accepted: break
    }
    seen(credentials, bytes: request.body.count)
    var application = BatchApplication(
      archive: archive, site: credentials.site, limits: limits.batch, clock: milliseconds,
      hear: { cursor in
        self.state.withLock { $0.table.hear(cursor, in: credentials.session, site: credentials.site) }
      })
    do throws(LinkRefusal) {
      try application.apply(request.body)
    } catch {
      let status =
        switch error.code {
        case .malformed: 400
        case .tooLarge: 413
        default: 503
        }
      return refusal(status, error, credentials, key, retryAfter: status == 503 ? 60 : nil)
    }
    applied(application, credentials.site)
    remember()
    state.withLock { $0.metrics.batch }.record(duration: ContinuousClock.now - started)
    return signed(200, application.answer, credentials, key)
  }

  private func seen(_ credentials: LinkCredentials, bytes: Int) {
    let (now, site) = (clock(), credentials.site)
    let (metrics, isCourier) = state.withLock { state in
      let isCourier = state.table.isCourier(credentials.session, site: site)
      // What comes by courier says nothing of the site's link.
      if isCourier { state.states[site]?.lastCourier = now } else { state.states[site]?.lastSeen = now }
      state.states[site]?.requests += 1
      state.states[site]?.bytes += bytes
      return (state.metrics[site], isCourier)
    }
    metrics?.requests.increment()
    metrics?.bytes.increment(by: bytes)
    if !isCourier { metrics?.lastSeen.record(now.timeIntervalSince1970) }
  }

  private func applied(_ application: BatchApplication, _ site: String) {
    let health = application.health?.bounded
    let (metrics, clockBefore) = state.withLock { state in
      let before = state.states[site]?.health?.clockDifference
      state.states[site]?.objects += application.finished
      state.states[site]?.damagedRecords += application.damaged
      state.states[site]?.note(refused: application.answer.refusedCases, taken: application.answer.cases)
      if let health {
        state.states[site]?.health = health
        state.states[site]?.healthAt = clock()
      }
      return (state.metrics[site], before)
    }
    metrics?.objects.increment(by: application.finished)
    metrics?.damagedRecords.increment(by: application.damaged)
    if let health {
      metrics?.note(health)
      noteClock(health.clockDifference, before: clockBefore, site)
    }
    if let refused = application.answer.refused { note(refused.code, site) }
    if application.damaged > 0 {
      logger.warning(
        "Records of a batch could not be used.",
        metadata: ["site": "\(site)", "problems": "\(application.answer.problems.joined(separator: "; "))"])
    }
  }

  // MARK: Answers

  private func note(_ code: LinkRefusal.Code, _ site: String) {
    let now = clock()
    let isNews = state.withLock { state in
      guard var entry = state.states[site] else { return true }
      // Anybody who knows the name of a site can be refused in it: the log hears of it once a minute.
      let isNews = entry.lastRefusal != code || entry.lastRefusalAt.map { now.timeIntervalSince($0) > 60 } ?? true
      entry.refusals += 1
      entry.lastRefusal = code
      if isNews { entry.lastRefusalAt = now }
      state.states[site] = entry
      return isNews
    }
    LinkMetrics.refused(site, code).increment()
    guard isNews else { return }
    logger.notice("A request of a site was refused.", metadata: ["site": "\(site)", "code": "\(code.rawValue)"])
  }

  private func refusal(
    _ status: Int, _ refusal: LinkRefusal, _ credentials: LinkCredentials, _ key: SiteKey, retryAfter: Int? = nil
  ) -> LinkResponse {
    note(refusal.code, credentials.site)
    let answer = LinkAnswer(clock: milliseconds, refused: refusal, retryAfter: retryAfter)
    return signed(status, answer, credentials, key)
  }

  private func signed(_ status: Int, _ body: some Encodable, _ credentials: LinkCredentials, _ key: SiteKey)
    -> LinkResponse
  {
    var response = Self.response(status, body)
    response.headers[LinkProtocol.answerHeader] = LinkVerifier(key: key).mac(
      status: status, body: response.body, session: credentials.session, number: credentials.number)
    return response
  }

  private func stranger(_ status: Int, _ refusal: LinkRefusal) -> LinkResponse {
    state.withLock { $0.metrics.strangers }.increment()
    return unsigned(status, refusal)
  }

  private func unsigned(_ status: Int, _ refusal: LinkRefusal) -> LinkResponse {
    Self.response(status, LinkAnswer(clock: milliseconds, refused: refusal))
  }

  private static func response(_ status: Int, _ body: some Encodable) -> LinkResponse {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    // Numbers, texts and lists of ours: encoding them cannot fail.
    let bytes = (try? encoder.encode(body)).map { [UInt8]($0) } ?? []
    return LinkResponse(status: status, headers: ["Content-Type": LinkProtocol.jsonType], body: bytes)
  }

  /// The hub's clock: milliseconds since 1970.
  private var milliseconds: Int { Int(clock().timeIntervalSince1970 * 1000) }
}
