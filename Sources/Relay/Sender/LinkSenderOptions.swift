import Foundation

/// Where a site's sender sends to, and what it may use of the link.
public struct LinkSenderOptions: Sendable {
  /// The hub's address, for example `https://hub.example.org:8443`. Plain `http` is for loopback only.
  public var hub: String

  /// A PEM file with the certificate authority of the hub, when it is not one that the system trusts.
  public var certificateAuthority: String?

  /// Kilobits a second that the sender may use; nil takes what the link gives.
  public var rateLimitKbit: Int?

  /// The hours in which originals travel; empty means always. Headers and previews always travel.
  public var originalsWindows: [DailyWindow] = []

  /// Bytes that may go over the link in a calendar month, both ways; when they are used up, originals wait.
  public var monthlyBudget: Int?

  /// The file that remembers the month's bytes across restarts; nil forgets them.
  public var monthFile: String?

  /// How long the link may be silent before the site says that it is there. Also keeps the connection open.
  public var heartbeat = Duration.seconds(60)

  /// Requests on their way at once. Two fill any link whose round trip is shorter than a request.
  public var inFlight = 2

  /// Objects that the sender keeps in mind at once, about 1 KB each. Further studies wait in the archive.
  public var objectsInMemory = 40_000

  /// Failures after which an object steps aside and the rest of its case goes on.
  public var failuresUntilAside = 3

  /// Part of the health record: what the site runs.
  public var version = "unknown"

  /// Options with the defaults for a hub.
  public init(hub: String) { self.hub = hub }
}

/// Hours of the day, in the site's own time; may pass midnight.
///
/// Example: `20:00-06:00`.
public struct DailyWindow: Sendable, Hashable {
  /// Minutes after midnight at which it begins, 0…1439.
  public var from: Int
  /// Minutes after midnight at which it ends, 0…1440.
  public var to: Int

  /// A window from minute to minute of the day.
  public init(from: Int, to: Int) {
    self.from = from
    self.to = to
  }

  /// Reads `HH:MM-HH:MM`; nil when it is anything else.
  public init?(_ text: String) {
    let ends = text.split(separator: "-", omittingEmptySubsequences: false)
    guard ends.count == 2, let from = Self.minute(ends[0]), let to = Self.minute(ends[1]), from < 1440, from != to
    else { return nil }
    self.init(from: from, to: to)
  }

  /// Whether a minute of the day lies in it.
  public func contains(minute: Int) -> Bool {
    from < to ? (from..<to).contains(minute) : minute >= from || minute < to
  }

  private static func minute(_ text: Substring) -> Int? {
    let parts = text.trimmingCharacters(in: .whitespaces).split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2, parts.allSatisfy({ $0.count == 2 && $0.allSatisfy(\.isASCII) }), let hour = UInt(parts[0]),
      let minute = UInt(parts[1]), minute < 60, hour < 24 || (hour == 24 && minute == 0)
    else { return nil }
    return Int(hour * 60 + minute)
  }
}
