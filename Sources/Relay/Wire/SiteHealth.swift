/// How a site is, as it tells the hub with every heartbeat. Fields that a site does not know are left out.
public struct SiteHealth: Codable, Sendable, Hashable {
  /// The site's version of Rekkas.
  public var version: String?
  /// Seconds since the site's program started.
  public var uptime: Int?
  /// Free bytes above the reserve of the archive's disk.
  public var diskFree: Int?
  /// Objects that the hub has not acknowledged, and their bytes.
  public var queueObjects: Int?
  public var queueBytes: Int?
  /// Seconds that the oldest of them has waited, by the site's clock.
  public var oldestUnsent: Int?
  /// Objects that stepped aside after repeated failures.
  public var aside: Int?
  /// Of the machine, degrees Celsius.
  public var temperature: Double?
  /// The rate that the site measures, kbit/s, and the round trip, ms.
  public var rateKbit: Int?
  public var roundTrip: Int?
  /// Seconds by which the site's clock is ahead of the hub's; negative when it is behind.
  public var clockDifference: Int?

  public init(
    version: String? = nil, uptime: Int? = nil, diskFree: Int? = nil, queueObjects: Int? = nil, queueBytes: Int? = nil,
    oldestUnsent: Int? = nil, aside: Int? = nil, temperature: Double? = nil, rateKbit: Int? = nil,
    roundTrip: Int? = nil, clockDifference: Int? = nil
  ) {
    self.version = version
    self.uptime = uptime
    self.diskFree = diskFree
    self.queueObjects = queueObjects
    self.queueBytes = queueBytes
    self.oldestUnsent = oldestUnsent
    self.aside = aside
    self.temperature = temperature
    self.rateKbit = rateKbit
    self.roundTrip = roundTrip
    self.clockDifference = clockDifference
  }

  /// Longer versions are nobody's; the hub keeps what a site says of itself in memory. No clock is off by more than centuries, and
  /// the hub computes with the difference.
  var bounded: SiteHealth {
    var health = self
    health.version = Self.bounded(version)
    let centuries = 10_000_000_000
    health.clockDifference = clockDifference.map { min(max($0, -centuries), centuries) }
    return health
  }

  static func bounded(_ version: String?) -> String? {
    version.map { String(String.UnicodeScalarView($0.unicodeScalars.prefix(32))) }
  }
}
