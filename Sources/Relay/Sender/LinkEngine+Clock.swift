import Foundation
import Logging

extension LinkEngine {
  /// Takes the hub's clock out of its answer.
  func heardClock(_ milliseconds: Int, in request: Request) {
    clock.heard(milliseconds, sent: request.sentAt, now: now)
    month.turn(to: date)
    archive.outbox.heard(hubClock: milliseconds)
  }

  /// Looks whether this machine's clock agrees with the hub's, and says it in the log when that has changed.
  func judgeClock() {
    guard clock.judge(wallClock(), now: now) else { return }
    let difference = clock.difference(wallClock(), now: now).map { Int($0.rounded()) } ?? 0
    if clock.isWrong {
      logger.warning(
        "This machine's clock is not the hub's: set it. Images are sent all the same.",
        metadata: ["secondsAhead": "\(difference)"])
    } else {
      logger.notice("This machine's clock agrees with the hub's again.", metadata: ["secondsAhead": "\(difference)"])
    }
  }

  /// The 1st of November 2026: no clock that is right shows less.
  private static let earliest = Date(timeIntervalSince1970: 1_793_491_200)

  /// What really hinders. A box without a battery wakes up in 1970, when no certificate is valid yet: it is not the certificate's fault.
  func cause(of problem: LinkProblem) -> LinkProblem {
    problem == .certificate && wallClock() < Self.earliest ? .clock : problem
  }

  /// How this machine's clock stands to the hub's, as far as is known.
  var clockStatus: LinkStatus.Clock? {
    if problem == .clock { return LinkStatus.Clock(isWrong: true) }
    return clock.difference(wallClock(), now: now).map {
      LinkStatus.Clock(difference: $0.rounded(), isWrong: clock.isWrong)
    }
  }

  /// What day and hour it is: by the hub's clock, as far as that is known.
  var date: Date { clock.date(now: now) ?? wallClock() }

  /// A moment of the engine's clock as people know it, by the clock of this machine as it is now.
  func wallDate(_ moment: Duration) -> Date { wallClock() + (moment - now).inSeconds }
}
