import Foundation

/// What a site knows of the hub's clock, and whether its own agrees with it: a struct without a clock of its own.
///
/// Nothing on the link depends on it: a site whose clock is wrong sends all the same. Moments are durations of a clock that nobody sets, so
/// that a jump of the wall clock shows at once, also while there is no link.
struct HubClock: Sendable {
  /// Seconds from which on the site's clock is called wrong: two clocks that ask a time server never come near it.
  static let limit = 60.0
  /// Seconds below which it is called right again, so that a clock at the limit is not news every minute.
  static let tolerance = 30.0

  /// The hub's clock at a moment, and how far it may be off.
  private struct Reading {
    var date: Date
    var at: Duration
    /// Seconds to either side: the hub looked at its clock somewhere between question and answer.
    var doubt: Double
  }

  private var reading: Reading?
  /// The site's clock is wrong, as far as is known.
  private(set) var isWrong = false

  /// The hub has said what its clock shows.
  ///
  /// - Parameters:
  ///   - milliseconds: since 1970, UTC.
  ///   - sent: when the request left.
  ///   - now: when its answer came.
  mutating func heard(_ milliseconds: Int, sent: Duration, now: Duration) {
    let doubt = max(0, (now - sent).inSeconds) / 2
    reading = Reading(
      date: Date(timeIntervalSince1970: Double(milliseconds) / 1000 + doubt), at: now, doubt: doubt)
  }

  /// What the hub's clock shows now; nil before it was heard.
  func date(now: Duration) -> Date? { reading.map { $0.date + (now - $0.at).inSeconds } }

  /// Seconds by which the site's clock is ahead of the hub's; negative when it is behind, nil before the hub was heard.
  func difference(_ site: Date, now: Duration) -> Double? { date(now: now).map { site.timeIntervalSince($0) } }

  /// Judges the site's clock. Gives whether the judgement is another one than before.
  mutating func judge(_ site: Date, now: Duration) -> Bool {
    guard let reading, let difference = difference(site, now: now) else { return false }
    let was = isWrong
    if abs(difference) - reading.doubt > Self.limit {
      isWrong = true
    } else if abs(difference) + reading.doubt < Self.tolerance {
      isWrong = false
    }
    return isWrong != was
  }
}
