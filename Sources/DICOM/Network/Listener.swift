import CDCMTK

/// A TCP port on which peers open associations.
public final class Listener: @unchecked Sendable {
  // Unchecked: the system allows accept() from any thread; close() has a rule for callers.
  private let handle: OpaquePointer

  /// Starts listening: connections queue up from now on.
  ///
  /// - Parameters:
  ///   - host: A name or address of this machine; empty for all of them.
  ///   - port: The TCP port; 0 lets the system choose, see ``port``.
  ///   - backlog: Connections that may wait to be accepted (the system may allow fewer).
  public init(host: String, port: Int, backlog: Int = 1024) throws(NetworkFailure) {
    DICOMLibrary.initialize()
    guard let port = UInt16(exactly: port) else { throw NetworkFailure(.system, "port \(port) does not exist") }
    var handle: OpaquePointer?
    try NetworkFailure.check(rk_listener_open(host, port, Int32(clamping: backlog), &handle))
    self.handle = handle!  // a good status promises a handle
  }

  deinit { rk_listener_free(handle) }

  /// The port that peers reach us on.
  public var port: Int { Int(rk_listener_port(handle)) }

  /// The next connection, nil when none came in time. Blocks; nothing is read from the connection yet.
  public func accept(timeout: Duration, wake: Wake? = nil) throws(NetworkFailure) -> IncomingConnection? {
    var connection: OpaquePointer?
    try NetworkFailure.check(rk_listener_accept(handle, wake?.handle, timeout.milliseconds, &connection))
    return connection.map { IncomingConnection(owning: $0) }
  }

  /// Stops listening. Not while another thread accepts: ring its ``Wake`` first.
  public func close() { rk_listener_close(handle) }
}
