import Logging
import Synchronization

/// Remembers that the store has failed: from then on nothing is taken until the process is restarted.
///
/// A flush that failed may have lost bytes that later flushes report as fine, so there is no way back but the journal's
/// replay at the next start.
final class FailureLatch: Sendable {
  private let reason = Mutex<String?>(nil)
  private let logger: Logger

  init(logger: Logger) { self.logger = logger }

  /// Ends accepting, for the first reason given.
  func fail(_ error: any Error) {
    let isFirst = reason.withLock { reason in
      if reason != nil { return false }
      reason = "\(error)"
      return true
    }
    guard isFirst else { return }
    logger.critical(
      "The archive has failed and takes nothing more. Check the disk, then restart.", metadata: ["error": "\(error)"])
  }

  var hasFailed: Bool { reason.withLock { $0 != nil } }

  /// Fails when the store has.
  func check() throws(StoreFailure) {
    if let reason = reason.withLock({ $0 }) {
      throw StoreFailure(.cannotStore, "the archive has failed and must be restarted: \(reason)")
    }
  }
}
