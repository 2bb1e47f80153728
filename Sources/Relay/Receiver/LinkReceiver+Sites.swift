import Foundation
import Logging
import Synchronization

extension LinkReceiver {
  /// How the hub sees its sites, by name.
  public func sites() -> [SiteState] { state.withLock { $0.states.values.sorted { $0.site < $1.site } } }

  /// Takes another list of sites. Sessions of sites whose key is another, or that are gone, end.
  public func replace(sites: SiteRegistry) {
    state.withLock { state in
      for old in state.registry.all where sites[old.key.site]?.key != old.key {
        state.table.forget(old.key.site)
        state.states[old.key.site] = nil
      }
      for site in sites.all {
        if state.states[site.key.site] == nil {
          state.states[site.key.site] = SiteState(site)
        } else {
          state.states[site.key.site]?.title = site.title
        }
      }
      state.registry = sites
      state.metrics = LinkMetrics(sites: sites)
    }
  }

  /// Now and then, on a thread that may wait for the disk.
  func remember() {
    let due = state.withLock { $0.memory.isDue() ? $0.memory : nil }
    due?.save(sites())
  }

  /// Says in the log when a site's clock has become wrong, or right again.
  func noteClock(_ difference: Int?, before: Int?, _ site: String) {
    let (isWrong, wasWrong) = (abs(difference ?? 0) > Int(HubClock.limit), abs(before ?? 0) > Int(HubClock.limit))
    guard isWrong != wasWrong else { return }
    logger.notice(
      isWrong ? "A site's clock is wrong: set it there." : "A site's clock is right again.",
      metadata: ["site": "\(site)", "secondsAhead": "\(difference ?? 0)"])
  }
}
