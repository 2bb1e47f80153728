import CDCMTK

/// A bell that ends waiting: ``Listener/accept(timeout:wake:)`` and associations that wait for their next message return with
/// `interrupted` once it was rung, while a message under way goes on. It stays rung.
public final class Wake: @unchecked Sendable {
  // Unchecked: an eventfd, written by any thread.
  let handle: OpaquePointer

  /// Makes a silent bell; fails when the process has no descriptor left.
  public init() throws(NetworkFailure) {
    var handle: OpaquePointer?
    try NetworkFailure.check(rk_wake_open(&handle))
    self.handle = handle!  // a good status promises a handle
  }

  deinit { rk_wake_free(handle) }

  /// Rings; from any thread, as often as one likes.
  public func ring() { rk_wake_signal(handle) }
}
