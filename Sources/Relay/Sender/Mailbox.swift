import Foundation

/// What happens to the sender, in order, for the one thread that decides.
final class Mailbox<Event: Sendable>: Sendable {
  private let condition = NSCondition()
  private nonisolated(unsafe) var events: [Event] = []

  /// From any thread.
  func post(_ event: Event) {
    condition.lock()
    events.append(event)
    condition.signal()
    condition.unlock()
  }

  /// Blocks until something has happened, or until the time is over.
  func take(within time: Duration) -> [Event] {
    condition.lock()
    defer { condition.unlock() }
    // Not by a date: somebody may set the clock.
    let end = ContinuousClock.now + time
    while events.isEmpty {
      let left = end - .now
      guard left > .zero else { break }
      _ = condition.wait(until: Date(timeIntervalSinceNow: min(left, .seconds(1)).inSeconds))
    }
    defer { events = [] }
    return events
  }
}
