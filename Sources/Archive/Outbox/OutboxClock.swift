import Foundation
import Synchronization

/// The time by which a site counts how long the hub has had something: the hub's clock, as its answers tell it.
///
/// The site's own clock may be set by days or years, when a box without a battery has heard of a time server: nothing must go early for that.
final class OutboxClock: Sendable {
  private struct Reading {
    let date: Date
    let at: ContinuousClock.Instant
  }

  private let reading = Mutex<Reading?>(nil)

  /// The hub has just said what its clock shows.
  func heard(_ date: Date, at now: ContinuousClock.Instant = .now) {
    reading.withLock { $0 = Reading(date: date, at: now) }
  }

  /// What the hub's clock shows; nil before it was heard.
  func date(at now: ContinuousClock.Instant = .now) -> Date? {
    reading.withLock { $0 }.map { $0.date + (now - $0.at) / .seconds(1) }
  }
}
