/// The body of a request that opens a session. JSON on the wire.
public struct LinkHello: Codable, Sendable, Hashable {
  /// The same as in the header's `session`: 32 hexadecimal digits that were never used before.
  public var nonce: String
  /// The site's version of Rekkas, for the hub's page.
  public var software: String?
  /// Whether somebody at the hub speaks for the site, with what a courier brought: it says nothing of the site's link.
  public var isCourier: Bool?

  public init(nonce: String, software: String? = nil, isCourier: Bool? = nil) {
    self.nonce = nonce
    self.software = software
    self.isCourier = isCourier
  }
}

/// The answer: the session, and what the hub takes. JSON on the wire.
public struct LinkWelcome: Codable, Sendable, Hashable {
  /// The session's name, 32 hexadecimal digits.
  public var session: String
  /// The hub's clock: milliseconds since 1970, UTC.
  public var clock: Int
  /// Bytes of a batch.
  public var batchBytes: Int
  public var batchRecords: Int
  /// Requests of this site that may be in flight at once.
  public var inFlight: Int
  /// How far a request's number may lie behind the greatest one that the hub has seen.
  public var window: Int
  /// The hub's version of Rekkas.
  public var software: String?
}
