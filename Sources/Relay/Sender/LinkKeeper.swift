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
    /// It filled its share of the link: a small one says nothing of the rate.
    var isFull: Bool
    /// No other was on its way meanwhile.
    var isAlone: Bool
    /// Round trips that it takes beside its own: on a new connection.
    var otherTrips: Int
    /// Bytes that are not at the hub yet, at the last change, if the line is shared evenly.
    var left: Double
    /// It carries nothing that was to be sent, and takes nobody's place.
    var isHeartbeat = false
  }

  /// How long a request took that had the line for itself.
  private struct Trip: Sendable {
    var at: Duration
    var bytes: Int
    var elapsed: Duration
  }

  /// Bytes of a request that take the line no time that matters.
  private static let small = 4 << 10

  /// Nothing is waited for longer than this, unless the link is so slow that ten times the expected time is more.
  static let patience = Duration.seconds(20)
  /// While the rate is unknown.
  static let firstPatience = Duration.seconds(90)
  /// Seconds of the link that may be on their way: what an urgent case waits for.
  static let mostSecondsInFlight = 4.0
  /// The rate is that of so many seconds, or of the last few requests where that is more: what was measured while requests were still small
  /// says how small they were.
  static let window = Duration.seconds(12)
  static let lastFew = 5
  static let longestBackOff = Duration.seconds(15 * 60)

  var settings: Settings
  private(set) var flights: [Int: Flight] = [:]
  /// Bytes a second towards the hub; nil before it was measured.
  private(set) var rate: Double?
  /// The shortest of late: small requests took it and little else, others that had the line for themselves took it beside their bytes.
  var roundTrip: Duration? {
    trips.map { trip in
      guard trip.bytes > Self.small, let rate else { return trip.elapsed }
      return max(.milliseconds(1), trip.elapsed - .seconds(Double(trip.bytes) / rate))
    }.min()
  }
  /// Failures since the last success.
  private(set) var failures = 0
  /// When the next attempt comes, after a failure.
  private(set) var retryAt: Duration?
  private(set) var failedAt: Duration?
  /// Whether the rate was measured on a full line; before that there is only what single requests show, which is less.
  private var isRateSure = false
  /// Acknowledgements since the line was last not full: when, and how much had been acknowledged then.
  private var marks: [(at: Duration, delivered: Int)] = []
  private var trips: [Trip] = []
  private var delivered = 0
  private var lastChange = Duration.zero
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
    let places = loads.count
    let isExtra = places >= limit
    if isExtra, !isUrgent || places > limit || flights.values.contains(where: \.isUrgent) {
      return .wait(until: nil)
    }
    var bytes = size
    if !isExtra, let rate { bytes = apart(bytes, rate, now: now) }
    if let rate {
      let room = Int(rate * Self.mostSecondsInFlight) - bytesLeft(at: now)
      if room < bytes { bytes = room }
      if isUrgent { bytes = max(bytes, settings.firstRequest) }
    }
    if bytes < settings.smallestRequest {
      return places == 0 ? .send(bytes: settings.smallestRequest) : .wait(until: nil)
    }
    return .send(bytes: bytes)
  }

  private var loads: [Flight] { flights.values.filter { !$0.isHeartbeat } }

  /// Bytes that are not at the hub yet, about: an urgent case would come behind them.
  private func bytesLeft(at now: Duration) -> Int {
    let left = flights.values.reduce(0) { $0 + $1.left } - (rate ?? 0) * (now - lastChange).inSeconds
    return max(0, Int(left))
  }

  /// Two requests that end together leave the line idle for a round trip: this one is made to end so much earlier or later than the other.
  private func apart(_ bytes: Int, _ rate: Double, now: Duration) -> Int {
    let loads = loads
    guard loads.count == 1, let other = loads.first else { return bytes }
    let left = max(0, other.left - rate * (now - lastChange).inSeconds)
    let gap = rate * ((roundTrip?.inSeconds ?? 0) + 0.05)
    guard abs(Double(bytes) - left) < gap else { return bytes }
    let longer = Int(left + gap)
    return longer <= bytes * 5 / 4 ? longer : max(settings.smallestRequest, Int(left - gap))
  }

  /// Requests at once: one more where the largest ones cannot fill the line.
  private var limit: Int {
    settings.inFlight + (size == settings.largestRequest ? 1 : 0)
  }

  /// Bytes of a request: 1 to 3 s of the line, so that a cut costs little, and long enough to fill it while another one's answer is awaited.
  private var size: Int {
    guard let rate else { return request }
    let capped = min(rate, settings.rateLimit ?? rate)
    let least = min(3, max(1, 2 * (roundTrip?.inSeconds ?? 0) + 0.2))
    // What goes with every request weighs less in a larger one.
    let seconds = max(least, isRateSure ? min(2, 64 * 1024 / capped) : Self.mostSecondsInFlight / 2)
    return min(settings.largestRequest, max(settings.smallestRequest, min(Int(capped * seconds), request)))
  }

  /// When a request is given up next.
  var nextDeadline: Duration? { flights.values.map(\.deadline).min() }

  /// Requests that are given up: nothing came of them for too long.
  func overdue(now: Duration) -> [Int] { flights.filter { $0.value.deadline <= now }.map(\.key).sorted() }

  // MARK: - What happens

  /// A request leaves.
  ///
  /// - Parameters:
  ///   - isFull: whether there was enough to send; else it says nothing of the rate.
  ///   - otherTrips: round trips that opening its connection takes.
  mutating func started(
    _ id: Int, bytes: Int, isUrgent: Bool = false, isFull: Bool = true, isHeartbeat: Bool = false, otherTrips: Int = 0,
    now: Duration
  ) {
    advance(to: now)
    let patience: Duration
    if let rate {
      let expected = Double(bytesInFlight + bytes) / rate + (roundTrip?.inSeconds ?? 1)
      patience = max(Self.patience, .seconds(10 * expected))
    } else {
      patience = Self.firstPatience
    }
    flights[id] = Flight(
      bytes: bytes, startedAt: now, isUrgent: isUrgent, deadline: now + patience, isFull: isFull,
      isAlone: flights.isEmpty, otherTrips: otherTrips, left: Double(bytes), isHeartbeat: isHeartbeat)
    if flights.count > 1 { for other in flights.keys { flights[other]!.isAlone = false } }
    if let limit = settings.rateLimit { capFree = max(now, capFree) + .seconds(Double(bytes) / limit) }
  }

  /// The hub's answer to a request is here.
  mutating func succeeded(_ id: Int, now: Duration) {
    advance(to: now)
    guard let flight = flights.removeValue(forKey: id) else { return }
    failures = 0
    retryAt = nil
    delivered += flight.bytes
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
      marks = []
      isRateSure = false
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
    // Twice at each length: most cuts of a rural link are short.
    let ceiling = min(Self.longestBackOff, .seconds(1 << min((failures - 1) / 2, 10)))
    retryAt = now + max(least, .milliseconds(50), ceiling * chance)
  }

  /// The next attempt is now.
  mutating func retryNow() { retryAt = nil }

  /// Lets the requests on their way go on as they do on a line that they share evenly.
  private mutating func advance(to now: Duration) {
    var time = (now - lastChange).inSeconds
    lastChange = now
    guard let rate else { return }
    while time > 0 {
      let moving = flights.filter { $0.value.left > 0.5 }
      guard let least = moving.values.map(\.left).min() else { return }
      let step = min(time, least * Double(moving.count) / rate)
      for id in moving.keys { flights[id]!.left -= step * rate / Double(moving.count) }
      time -= step
      if step <= 0 { return }
    }
  }

  private mutating func learn(from flight: Flight, now: Duration) {
    let elapsed = now - flight.startedAt
    if flight.bytes <= Self.small || flight.isAlone {
      trips =
        trips.filter { now - $0.at < .seconds(600) }.suffix(15) + [
          Trip(at: now, bytes: flight.bytes, elapsed: elapsed / (1 + flight.otherTrips))
        ]
    }
    guard flight.bytes > Self.small else { return }
    // While another request keeps the line full, what is acknowledged between two moments is what the line carries.
    if flight.isFull, !loads.isEmpty {
      while marks.count > 3, now - marks[0].at > Self.window { marks.removeFirst() }
      marks.append((now, delivered))
    } else {
      marks = []
    }
    if marks.count > 2, let measured = [rateSince(0), rateSince(marks.count - Self.lastFew)].compactMap(\.self).max() {
      rate = measured
      isRateSure = true
    } else if flight.isFull {
      // The first ones: at least so much, as a round trip of the time went by waiting for the answer. Alone it had the line for itself.
      let least = Double(flight.bytes) / max(0.001, elapsed.inSeconds)
      let own = Double(flight.bytes) / max(0.001, (elapsed - (roundTrip ?? .zero)).inSeconds)
      let measured = min(own, 4 * least)
      rate = flight.isAlone ? rate.map { ($0 + measured) / 2 } ?? measured : max(rate ?? 0, measured)
    }
    if flight.isFull { request = min(settings.largestRequest, max(request, flight.bytes * 2)) }
  }

  /// What was acknowledged since a mark, a second.
  private func rateSince(_ index: Int) -> Double? {
    guard let last = marks.last else { return nil }
    let first = marks[max(0, index)]
    return last.at > first.at ? Double(last.delivered - first.delivered) / (last.at - first.at).inSeconds : nil
  }
}

extension Duration {
  var inSeconds: Double { self / .seconds(1) }

  static func * (time: Duration, factor: Double) -> Duration { .seconds(time.inSeconds * factor) }
}
