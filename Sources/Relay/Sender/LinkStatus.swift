import Foundation

/// How the site's end of the thin link stands: what the site's page shows and its health record is made of.
///
/// Times are instants, sizes bytes; nothing in it names a patient.
public struct LinkStatus: Codable, Sendable, Hashable {
  /// The site's name, as in its key.
  public var site: String
  /// The hub's address as configured.
  public var hub: String
  public var link = Link()
  public var disk = Disk()
  public var queue = Queue()
  /// The studies of which the hub has not acknowledged everything, in the order of their urgency and then of their age, and the
  /// last ones that it has.
  public var studies: [Study] = []
  /// Objects that stepped aside after several failures.
  public var aside: [Aside] = []
  /// Cases that the hub does not take as they are, most urgent first.
  public var refusedCases: [RefusedCase] = []

  /// A status of a link on which nothing happened yet.
  public init(site: String, hub: String) {
    self.site = site
    self.hub = hub
  }

  /// The status as JSON (keys as here, times as ISO 8601 in UTC, absent values left out).
  public func json() throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.dateEncodingStrategy = .iso8601
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return Array(try encoder.encode(self))
  }

  /// Reads what ``json()`` wrote.
  public init(json: [UInt8]) throws {
    let decoder = JSONDecoder()
    decoder.dateDecodingStrategy = .iso8601
    self = try decoder.decode(LinkStatus.self, from: Data(json))
  }
}

extension LinkStatus {
  /// What the link does.
  public enum State: String, Codable, Sendable {
    /// The hub answers and there is nothing to send.
    case connected
    /// Bytes are on their way.
    case sending
    /// The last attempt failed; the next comes at ``Link/nextTry``.
    case retrying
    /// No attempt has succeeded for a minute, or none at all.
    case offline
    /// The hub answers, and says no: see ``Link/problem``.
    case refused
    /// The hub answers; what is left waits for its hours or for the next month.
    case paused
  }

  /// The line to the hub.
  public struct Link: Codable, Sendable, Hashable {
    public var state = State.offline
    /// Since when it is in this state.
    public var since: Date?
    /// The measured rate towards the hub, in kbit/s; nil before it is known.
    public var rateKbit: Double?
    /// The shortest round trip of late, in milliseconds.
    public var rttMs: Double?
    /// When the next attempt comes, after a failure.
    public var nextTry: Date?
    /// What is wrong, as a code that pages translate; nil when nothing is: see ``LinkProblem``.
    public var problem: LinkProblem?
    /// Bytes that went over the link this month, both ways.
    public var monthBytes = 0
    /// Bytes that may go this month; nil without a budget.
    public var monthBudget: Int?
    /// When the hub was last heard.
    public var lastHeard: Date?
    /// How the site's clock stands to the hub's; nil before the hub was heard.
    public var clock: Clock?
  }

  /// How the site's clock stands to the hub's.
  public struct Clock: Codable, Sendable, Hashable {
    /// Seconds by which it is ahead; negative when it is behind. nil for a clock that nobody has set: the hub is not reached with it.
    public var difference: Double?
    /// They are more than a minute apart, or it was never set: the page says so, see ``LinkProblem/clock``.
    public var isWrong: Bool
  }

  /// The site's disk, in bytes.
  public struct Disk: Codable, Sendable, Hashable {
    /// Bytes that are free.
    public var free = 0
    /// Below this many free bytes the site takes no images.
    public var reserve = 0
    /// All bytes of the disk; nil when it cannot be asked.
    public var size: Int?
  }

  /// All that waits.
  public struct Queue: Codable, Sendable, Hashable {
    /// Objects that the hub has not acknowledged.
    public var objects = 0
    /// Their bytes that the hub does not have.
    public var bytes = 0
    /// Cases of which the hub has not heard the last change, without ``LinkStatus/refusedCases``.
    public var cases = 0
    /// When the oldest of them was stored.
    public var oldest: Date?
    /// Seconds until the queue is empty at the measured rate; nil while that is unknown.
    public var etaSeconds: Double?
  }
}
