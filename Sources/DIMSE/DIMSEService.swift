import Archive
import DICOM
import Foundation
import Logging
import ServiceLifecycle

/// The DICOM door: verification (C-ECHO) and storage (C-STORE) over an archive.
///
/// Every connection has a thread of its own, so whoever is slow, silent or hostile keeps nobody else waiting; calls into the
/// network and the archive block, and none of them runs on Swift's shared threads.
public final class DIMSEService: Service {
  /// The port that peers reach us on.
  public let port: Int

  private let listener: Listener
  private let handler: AssociationHandler
  private let registry: AssociationRegistry
  private let wake: Wake
  private let grace: Duration
  private let logger: Logger

  /// Opens the port: from now on connections queue up, and ``run()`` serves them.
  ///
  /// Fails with a ``NetworkFailure`` when the address cannot be listened on.
  public init(archive: Archive, options: DIMSEOptions, logger: Logger) throws {
    DICOMLibrary.initialize { level, line in
      if level == .error { logger.debug("DCMTK", metadata: ["line": "\(line)"]) }
    }
    listener = try Listener(host: options.host, port: options.port)
    port = listener.port
    wake = try Wake()
    grace = options.grace
    self.logger = logger
    registry = AssociationRegistry(maximum: options.maximumAssociations)
    var policy = AcceptancePolicy.storage
    policy.calledAETitles = options.acceptsAnyCalledAETitle ? nil : [options.aeTitle]
    let metrics = DIMSEMetrics()
    handler = AssociationHandler(
      storage: StorageProvider(
        archive: archive, maximumObjectSize: options.maximumObjectSize, metrics: metrics),
      policy: policy, peers: options.peers, limits: options.limits, registry: registry, wake: wake, metrics: metrics,
      logger: logger)
  }

  /// Serves until the task is cancelled or shut down gracefully.
  ///
  /// Then nobody new is accepted, associations that wait for their next message are aborted, and those inside a message
  /// may finish it within the grace time.
  public func run() async throws {
    await withTaskCancellationOrGracefulShutdownHandler {
      await withCheckedContinuation { continuation in
        start("dimse-accept") {
          self.serve()
          continuation.resume()
        }
      }
    } onCancelOrGracefulShutdown: {
      self.stop()
    }
  }

  /// What ``run()`` does, on a thread that may be blocked until ``stop()``.
  func serve() {
    acceptUntilWoken()
    end()
  }

  /// Makes ``serve()`` return once everybody has ended. From any thread.
  func stop() { wake.ring() }

  private func acceptUntilWoken() {
    logger.info("Listening for DICOM associations", metadata: ["port": "\(port)"])
    while true {
      do throws(NetworkFailure) {
        guard let connection = try listener.accept(timeout: .seconds(60), wake: wake) else { continue }
        let admission = registry.admit(connection)
        if case .drop = admission { continue }  // let go, and thereby closed
        start("dimse") { [handler] in handler.serve(connection, admission: admission) }
      } catch {
        if error.code == .interrupted { return }
        logger.error("Cannot accept connections", metadata: ["detail": "\(error)"])
        Thread.sleep(forTimeInterval: 0.1)  // out of descriptors: others must end first
      }
    }
  }

  private func end() {
    listener.close()
    registry.close()
    guard !registry.waitUntilEmpty(atMost: grace) else { return }
    logger.warning("Cutting associations off: their time to finish is over")
    registry.interruptAll()
    _ = registry.waitUntilEmpty(atMost: .seconds(5))
  }

  /// Only pages that are touched cost memory; the deepest calls (parsing and indexing in the archive) have room to spare.
  private func start(_ name: String, _ body: @escaping @Sendable () -> Void) {
    let thread = Thread(block: body)
    thread.name = name
    thread.stackSize = 1 << 20
    thread.start()
  }
}
