/// What the hub says of one object.
///
/// Goes over the link as JSON with these names.
public struct ArrivalAnswer: Codable, Sendable, Hashable {
  public enum State: String, Codable, Sendable, Hashable {
    /// It is proven and kept: the receipt that lets the site delete it by its rule.
    case whole
    /// What is there is durable; the rest is wanted.
    case partial
    /// The hub does not take it: see ``ArrivalAnswer/reason``.
    case refused
    /// All bytes came and they were not those of the digest. They are thrown away: the object is wanted from its first byte on.
    case damaged
  }

  /// Why an object is refused. Unknown reasons are treated as ``unusable``.
  public struct Reason: RawRepresentable, Codable, Sendable, Hashable, ExpressibleByStringLiteral {
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
    public init(stringLiteral value: String) { rawValue = value }

    /// The hub's disk has no room for it: try again later.
    public static let hubFull: Reason = "hub-full"
    /// Other bytes are there, or on their way, under the same SOP Instance UID. An administrator must look.
    public static let conflict: Reason = "conflict"
    /// The announcement makes no sense, or the object is not what it was announced to be.
    public static let unusable: Reason = "unusable"
    /// Its bytes were not those of its digest; it was asked for again. Noted for administrators, never sent.
    public static let damaged: Reason = "damaged"
    /// The site has too many objects under way: finish some first.
    public static let tooMany: Reason = "too-many"
  }

  /// Of the announced object.
  public var digest: String
  public var state: State
  /// The bytes that are durable; with `partial` only.
  public var have: ByteRanges?
  /// With `refused` only.
  public var reason: Reason?
  /// For people: what is wrong; no patient data.
  public var text: String?

  public init(digest: String, state: State, have: ByteRanges? = nil, reason: Reason? = nil, text: String? = nil) {
    self.digest = digest
    self.state = state
    self.have = have
    self.reason = reason
    self.text = text
  }
}

/// Why bytes were not taken.
public struct ArrivalFailure: Error, Sendable, Hashable, CustomStringConvertible {
  public enum Code: Sendable, Hashable {
    /// The disk is full, or its reserve is reached: later.
    case hubFull
    /// No such object of this site is under way: it must be announced (again).
    case unknownObject
    /// The bytes do not lie in the object, or in far too many pieces.
    case outOfRange
    /// The archive has failed or is closed.
    case unavailable
  }

  public let code: Code
  /// What was tried, and what the layer below said; no patient data.
  public let description: String

  init(_ code: Code, _ description: String) {
    self.code = code
    self.description = description
  }
}
