import Foundation

/// How the site's end of the thin link stands: what the site's page shows and its health record is made of.
///
/// Times are instants, sizes bytes; nothing in it names a patient.
public struct LinkStatus: Codable, Sendable, Hashable {
  /// The site's name, as in its key.
  public var site: String
  /// The hub's address as configured.
  public var hub: String
  public var link: Link
  public var disk: Disk
  public var queue: Queue
  /// The studies of which the hub has not acknowledged everything, in the order of their urgency and then of their age, and the
  /// last ones that it has.
  public var studies: [Study]
  /// Objects that stepped aside after several failures.
  public var aside: [Aside]

  /// A status of a link on which nothing happened yet.
  public init(
    site: String, hub: String, link: Link = Link(), disk: Disk = Disk(), queue: Queue = Queue(), studies: [Study] = [],
    aside: [Aside] = []
  ) {
    self.site = site
    self.hub = hub
    self.link = link
    self.disk = disk
    self.queue = queue
    self.studies = studies
    self.aside = aside
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
    public var state: State
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
    public var monthBytes: Int
    /// Bytes that may go this month; nil without a budget.
    public var monthBudget: Int?
    /// When the hub was last heard.
    public var lastHeard: Date?

    public init(
      state: State = .offline, since: Date? = nil, rateKbit: Double? = nil, rttMs: Double? = nil, nextTry: Date? = nil,
      problem: LinkProblem? = nil, monthBytes: Int = 0, monthBudget: Int? = nil, lastHeard: Date? = nil
    ) {
      self.state = state
      self.since = since
      self.rateKbit = rateKbit
      self.rttMs = rttMs
      self.nextTry = nextTry
      self.problem = problem
      self.monthBytes = monthBytes
      self.monthBudget = monthBudget
      self.lastHeard = lastHeard
    }
  }

  /// The site's disk, in bytes.
  public struct Disk: Codable, Sendable, Hashable {
    /// Bytes that are free.
    public var free: Int
    /// Below this many free bytes the site takes no images.
    public var reserve: Int
    /// All bytes of the disk; nil when it cannot be asked.
    public var size: Int?

    public init(free: Int = 0, reserve: Int = 0, size: Int? = nil) {
      self.free = free
      self.reserve = reserve
      self.size = size
    }
  }

  /// All that waits.
  public struct Queue: Codable, Sendable, Hashable {
    /// Objects that the hub has not acknowledged.
    public var objects: Int
    /// Their bytes that the hub does not have.
    public var bytes: Int
    /// When the oldest of them was stored.
    public var oldest: Date?
    /// Seconds until the queue is empty at the measured rate; nil while that is unknown.
    public var etaSeconds: Double?

    public init(objects: Int = 0, bytes: Int = 0, oldest: Date? = nil, etaSeconds: Double? = nil) {
      self.objects = objects
      self.bytes = bytes
      self.oldest = oldest
      self.etaSeconds = etaSeconds
    }
  }

  /// How far a study is at the hub.
  public enum Stage: String, Codable, Sendable {
    /// The hub has not heard of all its objects.
    case waiting
    /// The hub knows every object, and searches find them.
    case headers
    /// Every image has its thumbnail.
    case thumbnails
    /// Every image can be read in full size.
    case preview
    /// Originals are arriving.
    case original
    /// The hub has acknowledged everything.
    case complete
  }

  /// One study on its way.
  public struct Study: Codable, Sendable, Hashable {
    /// Its UID.
    public var study: String
    public var caseNumber: String?
    /// `emergency`, `urgent` or `routine`.
    public var urgency: String
    public var modality: String?
    public var description: String?
    /// Objects known at the site.
    public var objects: Int
    /// Objects whose preparation is settled.
    public var prepared: Int
    /// Objects that the hub has acknowledged whole.
    public var sent: Int
    public var bytes: Int
    public var bytesSent: Int
    /// 0…100, of the bytes; 100 only when the hub has acknowledged everything.
    public var percent: Int
    /// Seconds until the study is complete, with what goes before it; nil while the rate is unknown.
    public var etaSeconds: Double?
    public var stage: Stage
    public var sealed: Bool
    /// When its oldest object was stored.
    public var storedAt: Date

    public init(
      study: String, caseNumber: String? = nil, urgency: String, modality: String? = nil, description: String? = nil,
      objects: Int, prepared: Int, sent: Int, bytes: Int, bytesSent: Int, percent: Int, etaSeconds: Double? = nil,
      stage: Stage, sealed: Bool, storedAt: Date
    ) {
      self.study = study
      self.caseNumber = caseNumber
      self.urgency = urgency
      self.modality = modality
      self.description = description
      self.objects = objects
      self.prepared = prepared
      self.sent = sent
      self.bytes = bytes
      self.bytesSent = bytesSent
      self.percent = percent
      self.etaSeconds = etaSeconds
      self.stage = stage
      self.sealed = sealed
      self.storedAt = storedAt
    }
  }

  /// An object that stepped aside.
  public struct Aside: Codable, Sendable, Hashable {
    /// Its SOP Instance UID.
    public var instance: String
    /// Why, in words for the administrator.
    public var reason: String
    /// How often it failed.
    public var failures: Int

    public init(instance: String, reason: String, failures: Int) {
      self.instance = instance
      self.reason = reason
      self.failures = failures
    }
  }
}
