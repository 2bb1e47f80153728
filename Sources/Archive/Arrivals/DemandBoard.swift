import Foundation
import Synchronization

/// The wishes of readers, by the site that can fulfil them; in memory only, because a wish is soon over.
final class DemandBoard: Sendable {
  private struct Entry {
    let number: Int
    let demand: LinkDemand
    let since: ContinuousClock.Instant
  }

  private struct State {
    var last: Int
    var sites: [String: [Entry]] = [:]
  }

  /// How long a wish stands.
  static let lifetime = Duration.seconds(300)
  /// How often the same wish counts.
  static let repetition = Duration.seconds(5)
  /// Wishes for one site: the newest.
  static let most = 64

  private let state: Mutex<State>

  init() {
    // Numbers grow over restarts, so that a site's cursor of before does not hide what comes after.
    state = Mutex(State(last: Int(Date().timeIntervalSince1970 * 1000)))
  }

  func add(_ demand: LinkDemand, for site: String, at now: ContinuousClock.Instant = .now) {
    state.withLock { state in
      var entries = (state.sites[site] ?? []).filter { now - $0.since < Self.lifetime }
      if let index = entries.firstIndex(where: { $0.demand == demand }) {
        if now - entries[index].since < Self.repetition { return }
        entries.remove(at: index)
      }
      state.last += 1
      entries.append(Entry(number: state.last, demand: demand, since: now))
      state.sites[site] = entries.suffix(Self.most)
    }
  }

  /// The wishes behind the cursor, oldest first, and the cursor for the next time.
  func demands(
    for site: String, since cursor: Int?, at now: ContinuousClock.Instant = .now
  ) -> (next: Int, demands: [LinkDemand]) {
    state.withLock { state in
      let entries = (state.sites[site] ?? []).filter { now - $0.since < Self.lifetime }
      state.sites[site] = entries.isEmpty ? nil : entries
      return (state.last, entries.filter { $0.number > cursor ?? .min }.map(\.demand))
    }
  }
}
