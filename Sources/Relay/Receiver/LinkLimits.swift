/// What sites may ask of a hub.
public struct LinkLimits: Sendable {
  public var batch = BatchLimits()
  /// Bytes of a request that opens a session.
  public var hello = 4 << 10
  /// Requests of one site at once, and of all sites together; more are told to come again.
  public var inFlightPerSite = 4
  public var inFlight = 64
  public var sessionsPerSite = 4
  /// Threads on which batches are checked and written.
  public var threads = 16

  public init() {}
}
