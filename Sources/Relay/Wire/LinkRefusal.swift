/// Why the hub did not do what a request wanted.
public struct LinkRefusal: Codable, Sendable, Hashable, Error {
  /// For programs. A code that a site does not know is one of the hub's next versions: the request failed, and may be tried again later.
  public struct Code: RawRepresentable, Codable, Sendable, Hashable {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }

    /// The header is missing or none, the body is no batch: trying the same again is of no use.
    public static let malformed = Code(rawValue: "malformed")
    /// Another version of the protocol.
    public static let version = Code(rawValue: "version")
    /// No such site; its administrator and the hub's have to speak.
    public static let unknownSite = Code(rawValue: "unknown-site")
    /// The key is not the one that the hub has for this site.
    public static let badSignature = Code(rawValue: "bad-signature")
    /// The hub does not know the session (any more): open another, and announce again.
    public static let sessionUnknown = Code(rawValue: "session-unknown")
    /// The number was used before: what the request said counts once. Send it under a new number.
    public static let replayed = Code(rawValue: "replayed")
    /// The batch or what it unpacks to is over the hub's limits: send smaller ones.
    public static let tooLarge = Code(rawValue: "too-large")
    /// Too many requests of this site are in flight.
    public static let busy = Code(rawValue: "busy")
    /// The hub's disk has reached its reserve.
    public static let hubFull = Code(rawValue: "hub-full")
    /// The hub cannot write at the moment; its log says why.
    public static let hubFailed = Code(rawValue: "hub-failed")
  }

  public var code: Code
  /// For people, in English.
  public var text: String

  public init(_ code: Code, _ text: String) {
    self.code = code
    self.text = text
  }
}
