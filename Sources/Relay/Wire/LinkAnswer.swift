import Archive

/// What the hub answers to a batch, and to whatever it refuses. JSON on the wire; empty members are left out.
public struct LinkAnswer: Codable, Sendable, Hashable {
  /// The hub's clock: milliseconds since 1970, UTC.
  public var clock: Int
  /// Of objects that were announced or touched, where the site cannot know how they stand.
  public var objects: [ArrivalAnswer] = []
  /// Digests (SHA-256, hexadecimal) of objects that the hub has whole and proven, on its disk.
  public var receipts: [String] = []
  /// Revisions of cases that the hub has.
  public var cases: [CaseReceipt] = []
  /// Cases that the hub does not take as they are, and why.
  public var refusedCases: [CaseRefusal] = []
  /// What readers wait for, new since the site's cursor.
  public var demands: [LinkDemand] = []
  /// What the site tells in its next ``LinkHeard``.
  public var demandCursor: Int?
  /// Numbers, from 0, of records that could not be used.
  public var damaged: [Int] = []
  /// What was wrong with them, for people: one sentence each, of the first few.
  public var problems: [String] = []
  /// Objects, by the 16 hexadecimal digits that stand for them in a batch, of which nothing is awaited: announce them (again).
  public var unknown: [String] = []
  /// Why nothing, or not all, of the request was done.
  public var refused: LinkRefusal?
  /// Seconds to wait before the next try.
  public var retryAfter: Int?

  public init(clock: Int, refused: LinkRefusal? = nil, retryAfter: Int? = nil) {
    self.clock = clock
    self.refused = refused
    self.retryAfter = retryAfter
  }

  private enum CodingKeys: String, CodingKey {
    case clock, objects, receipts, cases, refusedCases, demands, demandCursor, damaged, problems, unknown, refused,
      retryAfter
  }

  public init(from decoder: any Decoder) throws {
    let members = try decoder.container(keyedBy: CodingKeys.self)
    clock = try members.decode(Int.self, forKey: .clock)
    objects = try members.decodeIfPresent([ArrivalAnswer].self, forKey: .objects) ?? []
    receipts = try members.decodeIfPresent([String].self, forKey: .receipts) ?? []
    cases = try members.decodeIfPresent([CaseReceipt].self, forKey: .cases) ?? []
    refusedCases = try members.decodeIfPresent([CaseRefusal].self, forKey: .refusedCases) ?? []
    demands = try members.decodeIfPresent([LinkDemand].self, forKey: .demands) ?? []
    demandCursor = try members.decodeIfPresent(Int.self, forKey: .demandCursor)
    damaged = try members.decodeIfPresent([Int].self, forKey: .damaged) ?? []
    problems = try members.decodeIfPresent([String].self, forKey: .problems) ?? []
    unknown = try members.decodeIfPresent([String].self, forKey: .unknown) ?? []
    refused = try members.decodeIfPresent(LinkRefusal.self, forKey: .refused)
    retryAfter = try members.decodeIfPresent(Int.self, forKey: .retryAfter)
  }

  public func encode(to encoder: any Encoder) throws {
    var members = encoder.container(keyedBy: CodingKeys.self)
    try members.encode(clock, forKey: .clock)
    if !objects.isEmpty { try members.encode(objects, forKey: .objects) }
    if !receipts.isEmpty { try members.encode(receipts, forKey: .receipts) }
    if !cases.isEmpty { try members.encode(cases, forKey: .cases) }
    if !refusedCases.isEmpty { try members.encode(refusedCases, forKey: .refusedCases) }
    if !demands.isEmpty { try members.encode(demands, forKey: .demands) }
    try members.encodeIfPresent(demandCursor, forKey: .demandCursor)
    if !damaged.isEmpty { try members.encode(damaged, forKey: .damaged) }
    if !problems.isEmpty { try members.encode(problems, forKey: .problems) }
    if !unknown.isEmpty { try members.encode(unknown, forKey: .unknown) }
    try members.encodeIfPresent(refused, forKey: .refused)
    try members.encodeIfPresent(retryAfter, forKey: .retryAfter)
  }
}

/// A revision of a case that the hub keeps.
public struct CaseReceipt: Codable, Sendable, Hashable {
  public var number: String
  public var revision: Int

  public init(number: String, revision: Int) {
    self.number = number
    self.revision = revision
  }
}
