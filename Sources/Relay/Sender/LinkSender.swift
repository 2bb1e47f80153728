import Archive
import Foundation
import Logging
import ServiceLifecycle
import Synchronization

/// The site's end of the thin link: carries what the archive's outbox holds to the hub, best bytes first, for ever.
///
/// It keeps nothing of its own but the month's bytes: what the hub has, the hub says. One thread decides, reads files and asks the
/// archive; requests are tasks that report to it.
public final class LinkSender: Service {
  private let engine: LinkEngine
  private let archive: Archive

  /// A sender for an archive that queues for the link.
  ///
  /// Fails with a ``LinkSenderFailure`` when the hub's address is not one that this site may send to.
  public convenience init(
    archive: Archive, key: SiteKey, options: LinkSenderOptions, logger: Logger
  ) throws(LinkSenderFailure) {
    let transport = try HTTPTransport(
      HubAddress(options.hub), certificateAuthority: options.certificateAuthority, connections: options.inFlight + 1)
    try self.init(archive: archive, key: key, options: options, transport: transport, logger: logger)
  }

  /// As above, over any transport and with any clock.
  init(
    archive: Archive, key: SiteKey, options: LinkSenderOptions, transport: any LinkTransport, logger: Logger,
    wallClock: @escaping @Sendable () -> Date = { Date() }
  ) throws(LinkSenderFailure) {
    guard archive.outbox.isUsed else { throw .noOutbox }
    self.archive = archive
    engine = LinkEngine(
      archive: archive, key: key, options: options, transport: transport, logger: logger, wallClock: wallClock)
  }

  /// Sends until the task is cancelled or shut down gracefully. What is on its way then is given up: the hub says later what came.
  public func run() async throws {
    let watch = Task { [archive, engine] in
      var version = archive.outbox.version
      while !Task.isCancelled {
        version = await archive.outbox.waitForChange(after: version)
        engine.post(.changed)
        // A burst of images is not news a thousand times a second.
        try? await Task.sleep(for: .milliseconds(25))
      }
    }
    await withTaskCancellationOrGracefulShutdownHandler {
      await withCheckedContinuation { continuation in
        let thread = Thread { [engine] in
          engine.run()
          continuation.resume()
        }
        thread.name = "link"
        thread.stackSize = 1 << 20
        thread.start()
      }
    } onCancelOrGracefulShutdown: { [engine] in
      engine.post(.stop)
    }
    watch.cancel()
    await engine.transport.close()
  }

  /// How the link stands. From any thread, in microseconds.
  public func status() -> LinkStatus { engine.shown.withLock { $0 } }

  /// Tries now instead of waiting for the end of a back-off, and objects that stepped aside once more.
  public func retryNow() { engine.post(.retry) }
}
