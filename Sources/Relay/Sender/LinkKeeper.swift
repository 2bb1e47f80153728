/// How much a site puts on its link, and when: a state machine without clock and without I/O. See <doc:LinkKeeping>.
///
/// Times are durations since any fixed moment of a clock that is never set.
struct LinkKeeper: Sendable {
  /// What may be done now.
  enum Advice: Sendable, Equatable {
    /// A request of about so many bytes.
    case send(bytes: Int)
    /// Nothing before that moment, or before something happens.
    case wait(until: Duration?)
  }

  struct Settings: Sendable {
    /// Requests on their way at once.
    var inFlight = 2
    /// Bytes a second that may be used; nil: all that there are.
    var rateLimit: Double?
    /// Bytes of the first request, while nothing is known of the link.
    var firstRequest = 24 << 10
    var smallestRequest = 4 << 10
    var largestRequest = 2 << 20
  }

  /// A request on its way.
  struct Flight: Sendable {
    var bytes: Int
    var startedAt: Duration
    var isUrgent: Bool
    /// When it is given up.
    var deadline: Duration
    /// What had been acknowledged when it left, and when the last of that was.
    var deliveredBefore: Int
    var deliveredAt: Duration
    /// It filled its share of the link: a small one says nothing of the rate.
    var isFull: Bool
    var wasAlone: Bool
  }

  /// Nothing is waited for longer than this, unless the link is so slow that ten times the expected time is more.
  static let patience = Duration.seconds(20)
  /// While the rate is unknown.
  static let firstPatience = Duration.seconds(90)
  /// Seconds of the link that may be on their way: what an urgent case waits for.
  static let mostSecondsInFlight = 4.0
  static let longestBackOff = Duration.seconds(15 * 60)

  var settings: Settings
  private(set) var flights: [Int: Flight] = [:]
  /// Bytes a second towards the hub; nil before it was measured.
  private(set) var rate: Double?
  /// The shortest of late.
  private(set) var roundTrip: Duration?
  /// Failures since the last success.
  private(set) var failures = 0
  /// When the next attempt comes, after a failure.
  private(set) var retryAt: Duration?
  private(set) var failedAt: Duration?
  private var rates: [(at: Duration, rate: Double)] = []
  private var roundTrips: [(at: Duration, time: Duration)] = []
  private var delivered = 0
  private var deliveredAt = Duration.zero
  /// When the capped rate allows the next request.
  private var capFree = Duration.zero
  /// Grows while the rate is unknown, shrinks after stalls.
  private var request: Int

  init(_ settings: Settings = Settings()) {
    self.settings = settings
    request = settings.firstRequest
  }

  var bytesInFlight: Int { flights.values.reduce(0) { $0 + $1.bytes } }

  // MARK: - What may be done

  /// Whether a request may leave now, and how large it should be.
  ///
  /// - Parameter isUrgent: what waits is more urgent than all that is on its way: it may use a connection more.
  func advice(isUrgent: Bool = false, now: Duration) -> Advice {
    if let retryAt, retryAt > now { return .wait(until: retryAt) }
    // After a failure one request shows whether the link is there again.
    if failures > 0 {
      return flights.isEmpty ? .send(bytes: min(size, settings.firstRequest)) : .wait(until: nil)
    }
    if capFree > now { return .wait(until: capFree) }
    let isExtra = flights.count >= limit
    if isExtra, !isUrgent || flights.count > limit || flights.values.contains(where: \.isUrgent) {
      return .wait(until: nil)
    }
    var bytes = size
    // Two requests that leave together end together, and then the line is idle for a round trip: the second is a half one.
    if !isExtra, let newest = flights.values.map(\.startedAt).max(), let rate,
      (now - newest).inSeconds < 0.3 * Double(size) / rate
    {
      bytes /= 2
    }
    if let rate {
      let room = Int(rate * Self.mostSecondsInFlight) - bytesInFlight
      if room < bytes { bytes = room }
      if isUrgent { bytes = max(bytes, settings.firstRequest) }
    }
    if bytes < settings.smallestRequest {
      return flights.isEmpty ? .send(bytes: settings.smallestRequest) : .wait(until: nil)
    }
    return .send(bytes: bytes)
  }

  /// Requests at once: one more where two cannot fill the line because the round trip is longer than a request.
  private var limit: Int {
    let isLong = roundTrip.map { $0.inSeconds > 0.9 } ?? false
    return settings.inFlight + (isLong || size == settings.largestRequest ? 1 : 0)
  }

  /// Bytes of a request: 1 to 2 s of the line, so that a cut costs little, and long enough to fill it while another one's answer is awaited.
  private var size: Int {
    guard let rate else { return request }
    let capped = min(rate, settings.rateLimit ?? rate)
    let least = min(2, max(1, 2 * (roundTrip?.inSeconds ?? 0) + 0.2))
    // What goes with every request weighs less in a larger one.
    let seconds = min(2, max(least, 64 * 1024 / capped))
    return min(settings.largestRequest, max(settings.smallestRequest, min(Int(capped * seconds), request)))
  }

  /// When a request is given up next.
  var nextDeadline: Duration? { flights.values.map(\.deadline).min() }

  /// Requests that are given up: nothing came of them for too long.
  func overdue(now: Duration) -> [Int] { flights.filter { $0.value.deadline <= now }.map(\.key).sorted() }

  // MARK: - What happens

  /// A request leaves.
  ///
  /// - Parameter isFull: whether there was enough to send; else it says nothing of the rate.
  mutating func started(_ id: Int, bytes: Int, isUrgent: Bool = false, isFull: Bool = true, now: Duration) {
    if flights.isEmpty { deliveredAt = now }
    let patience: Duration
    if let rate {
      let expected = Double(bytesInFlight + bytes) / rate + (roundTrip?.inSeconds ?? 1)
      patience = max(Self.patience, .seconds(10 * expected))
    } else {
      patience = Self.firstPatience
    }
    flights[id] = Flight(
      bytes: bytes, startedAt: now, isUrgent: isUrgent, deadline: now + patience, deliveredBefore: delivered,
      deliveredAt: deliveredAt, isFull: isFull, wasAlone: flights.isEmpty)
    if let limit = settings.rateLimit { capFree = max(now, capFree) + .seconds(Double(bytes) / limit) }
  }

  /// The hub's answer to a request is here.
  mutating func succeeded(_ id: Int, now: Duration) {
    guard let flight = flights.removeValue(forKey: id) else { return }
    failures = 0
    retryAt = nil
    delivered += flight.bytes
    deliveredAt = now
    learn(from: flight, now: now)
  }

  /// A request came to nothing.
  ///
  /// - Parameter chance: 0…1, random: full jitter keeps sites apart when a hub comes back.
  mutating func failed(_ id: Int, isStalled: Bool = false, chance: Double, now: Duration) {
    guard let flight = flights.removeValue(forKey: id) else { return }
    if isStalled {
      // The line is slower than it was, or gone: smaller requests find out.
      request = max(settings.smallestRequest, min(request, flight.bytes) / 2)
      rates = []
      rate = rate.map { $0 / 2 }
    }
    // Requests that were on their way when the link failed fail with it: that is one failure.
    if let failedAt, flight.startedAt <= failedAt, failures > 0 { return }
    backOff(chance: chance, now: now)
  }

  /// Waits before the next attempt, longer after each failure; at least `least`.
  mutating func backOff(least: Duration = .zero, chance: Double, now: Duration) {
    failures += 1
    failedAt = now
    let ceiling = min(Self.longestBackOff, .seconds(1 << min(failures - 1, 10)))
    retryAt = now + max(least, .milliseconds(50), ceiling * chance)
  }

  /// The next attempt is now.
  mutating func retryNow() { retryAt = nil }

  private mutating func learn(from flight: Flight, now: Duration) {
    let elapsed = now - flight.startedAt
    // A small request took the round trip and little else; a larger one at least that.
    let transfer = rate.map { Duration.seconds(Double(flight.bytes) / $0) } ?? .zero
    let trip = flight.bytes <= 4 << 10 ? elapsed : max(elapsed - transfer, elapsed / 2)
    if flight.bytes <= 4 << 10 || roundTrip == nil || trip < roundTrip! {
      roundTrips = roundTrips.filter { now - $0.at < .seconds(600) }.suffix(15) + [(now, trip)]
      roundTrip = roundTrips.map(\.time).min()
    }
    guard flight.bytes > 4 << 10 else { return }
    // All that was acknowledged since the last acknowledgement before it left, over that time: true while the line was full.
    var measured = Double(delivered - flight.deliveredBefore) / max(0.001, (now - flight.deliveredAt).inSeconds)
    if flight.wasAlone, let roundTrip {
      // Alone it had the line for itself, and waited one round trip for the answer.
      let own = Double(flight.bytes) / max(0.001, (elapsed - roundTrip).inSeconds)
      measured = max(measured, min(own, 4 * measured))
    }
    if flight.isFull || measured > rate ?? 0 {
      rates = rates.filter { now - $0.at < .seconds(30) }.suffix(9) + [(now, measured)]
      // The greatest of late: a request that had to wait for something else says too little.
      rate = rates.map(\.rate).max()
    }
    if flight.isFull { request = min(settings.largestRequest, max(request, flight.bytes * 2)) }
  }
}

extension Duration {
  var inSeconds: Double { self / .seconds(1) }

  static func * (time: Duration, factor: Double) -> Duration { .seconds(time.inSeconds * factor) }
}
