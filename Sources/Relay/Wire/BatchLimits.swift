/// What one batch may be. A hub says its own when a session is opened; these are what every hub takes.
public struct BatchLimits: Sendable, Hashable {
  /// Bytes of a batch.
  public var bytes = 8 << 20
  public var records = 4096
  /// Bytes that one record's payload may unpack to, and all of a batch together.
  public var unpackedRecord = 8 << 20
  public var unpacked = 32 << 20
  /// Objects of one announcement or one record of headers.
  public var objects = 4096

  public init() {}
}
