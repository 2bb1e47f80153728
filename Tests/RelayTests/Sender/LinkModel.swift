@testable import Relay

/// A link without sockets: requests share the line evenly, answers come half a round trip after the last byte and the hub's flush.
struct LinkModel {
  /// Bytes a second.
  var rate: Double
  var roundTrip: Double
  /// The hub's flush.
  var flush = 0.02
  private(set) var now = 0.0
  private var sending: [Int: Double] = [:]
  private var answers: [Int: Double] = [:]
  /// Seconds in which the line carried something.
  private(set) var busy = 0.0

  init(rate: Double, roundTrip: Double) {
    self.rate = rate
    self.roundTrip = roundTrip
  }

  mutating func start(_ id: Int, bytes: Int) { sending[id] = Double(bytes) }

  /// Runs until a request is answered, at most for a time, and gives the answered one.
  mutating func run(atMost time: Double) -> Int? {
    let end = now + time
    while now < end {
      let share = rate / Double(max(1, sending.count))
      let nextSent = sending.values.min().map { now + $0 / share } ?? .infinity
      let nextAnswer = answers.values.min() ?? .infinity
      let next = min(end, nextSent, nextAnswer)
      if !sending.isEmpty { busy += next - now }
      for id in sending.keys { sending[id]! -= (next - now) * share }
      now = next
      for (id, left) in sending where left < 0.5 {
        sending[id] = nil
        answers[id] = now + roundTrip + flush
      }
      if let answered = answers.filter({ $0.value <= now + 1e-9 }).min(by: { $0.value < $1.value }) {
        answers[answered.key] = nil
        return answered.key
      }
    }
    return nil
  }
}

extension LinkKeeper {
  /// Sends for so many seconds over a model of a link; gives the bytes of all requests.
  mutating func fill(_ link: inout LinkModel, seconds: Double, firstId: Int = 0) -> [Int] {
    var sizes: [Int] = []
    if roundTrip == nil {
      // The session is opened, on a new connection.
      started(-1, bytes: 600, isFull: false, otherTrips: 1, now: .seconds(link.now))
      succeeded(-1, now: .seconds(link.now + 2 * link.roundTrip))
    }
    let end = link.now + seconds
    while link.now < end {
      while case .send(let bytes) = advice(now: .seconds(link.now)) {
        let id = firstId + sizes.count
        sizes.append(bytes)
        started(id, bytes: bytes, now: .seconds(link.now))
        link.start(id, bytes: bytes)
      }
      if let id = link.run(atMost: end - link.now) { succeeded(id, now: .seconds(link.now)) }
    }
    return sizes
  }
}
