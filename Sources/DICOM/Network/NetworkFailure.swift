import CDCMTK

/// Why something with a peer did not work.
public struct NetworkFailure: Error, Sendable, CustomStringConvertible {
  /// What a caller can act on.
  public enum Code: String, Sendable, Hashable {
    /// The peer did not speak, or moved less than 1 KiB, in the time it has.
    case timedOut
    /// The peer closed the connection without release.
    case closedByPeer
    /// The peer sent A-ABORT.
    case abortedByPeer
    /// The peer broke PS3.7 or PS3.8.
    case protocolViolation
    /// The peer goes on sending beyond every limit.
    case tooLarge
    /// Our own side is ending: see ``Wake`` and ``IncomingConnection/interrupt()``.
    case interrupted
    /// We rejected the association.
    case rejected
    /// The system refused: no address, no descriptor, no memory.
    case system
  }

  /// What a caller can act on.
  public let code: Code
  /// What was tried and what the layer below said; no patient data.
  public let description: String

  /// We are closing, and end what could go on.
  public static let ending = NetworkFailure(.interrupted, "we are closing")

  init(_ code: Code, _ description: String) {
    self.code = code
    self.description = description
  }

  init(_ status: rk_status) {
    switch Int(status.code) {
    case RK_TIMED_OUT: code = .timedOut
    case RK_CLOSED: code = .closedByPeer
    case RK_ABORTED: code = .abortedByPeer
    case RK_PROTOCOL: code = .protocolViolation
    case RK_TOO_LARGE: code = .tooLarge
    case RK_INTERRUPTED: code = .interrupted
    default: code = .system
    }
    description = status.message
  }

  /// Throws what a status says if it is not good.
  static func check(_ status: rk_status) throws(NetworkFailure) {
    if !status.isOK { throw NetworkFailure(status) }
  }
}
