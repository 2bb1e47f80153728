import Archive

/// What happens to the sender, in order, for the one thread that decides.
final class Mailbox<Event: Sendable>: Sendable {
  private let events = Monitor<[Event]>([])

  /// From any thread.
  func post(_ event: Event) { events.change { $0.append(event) } }

  /// Blocks until something has happened, or until the time is over.
  ///
  /// The time is that of a clock that nobody sets. A wait that ends at a date would last five years on a box whose clock is set back so far.
  func take(within time: Duration) -> [Event] {
    let end = ContinuousClock.now + time
    let until = { (_: [Event]) -> ContinuousClock.Instant? in end }
    return events.wait(until: until) { events -> [Event]? in
      if events.isEmpty, ContinuousClock.now < end { return nil }
      defer { events = [] }
      return events
    }
  }
}
