import CDCMTK

/// What a peer may hold of ours, and for how long.
public struct NetworkLimits: Sendable, Hashable {
  /// From accepting a connection to the last byte of its A-ASSOCIATE-RQ.
  public var negotiation: Duration = .seconds(10)
  /// Between two messages of an association.
  public var idle: Duration = .seconds(60)
  /// Inside a message, and while we answer: at least 1 KiB must move in this time.
  public var progress: Duration = .seconds(30)
  /// The longest P-DATA PDU we offer to take and do take, in bytes; 4096 to 131072 (DCMTK's limit).
  public var maximumPDU = 131_072
  /// The longest A-ASSOCIATE-RQ we take, in bytes. Example: 128 contexts of 30 transfer syntaxes need about 120 KiB.
  public var maximumRequest = 256 << 10

  /// The defaults.
  public init() {}

  var raw: rk_limits {
    rk_limits(
      negotiation_ms: negotiation.milliseconds, idle_ms: idle.milliseconds, progress_ms: progress.milliseconds,
      maximum_pdu: UInt32(min(max(maximumPDU, 4096), 131_072)),
      maximum_request: UInt32(min(max(maximumRequest, 68), 256 << 10)))
  }
}

extension Duration {
  /// Whole milliseconds, at least 0 and at most what a C int holds (24 days).
  var milliseconds: Int32 {
    let (seconds, attoseconds) = components
    let value = Double(seconds) * 1000 + Double(attoseconds) / 1e15
    return Int32(min(max(value, 0), Double(Int32.max)))
  }
}
