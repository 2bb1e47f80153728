import Archive

/// One thing that a batch says. Records of a batch are applied in their order.
public enum BatchRecord: Sendable, Hashable {
  /// A case, new or changed.
  case form(Case)
  /// What a study consists of, as far as the site knows.
  case manifest(StudyManifest)
  /// Objects that will come, or that the site asks about.
  case announce([ArrivingObject])
  /// Data-set headers: the first bytes of objects.
  case headers([BatchHeader])
  /// A range of one object.
  case segment(BatchSegment)
  case health(SiteHealth)
  /// What the site has heard of the hub.
  case heard(LinkHeard)

  /// What stands for each in a batch.
  enum Kind: UInt8 {
    case form = 1
    case manifest = 2
    case announce = 3
    case headers = 4
    case segment = 5
    case health = 6
    case heard = 7
  }
}

/// The first bytes of an object.
public struct BatchHeader: Sendable, Hashable {
  /// The first 8 bytes of the object's digest, as a big-endian number.
  public var object: UInt64
  public var bytes: ArraySlice<UInt8>

  public init(object: UInt64, bytes: ArraySlice<UInt8>) {
    self.object = object
    self.bytes = bytes
  }
}

/// A range of an object's bytes.
public struct BatchSegment: Sendable, Hashable {
  /// The first 8 bytes of the object's digest, as a big-endian number.
  public var object: UInt64
  /// Where the bytes lie in the object, from 0.
  public var offset: Int
  public var bytes: ArraySlice<UInt8>

  public init(object: UInt64, offset: Int, bytes: ArraySlice<UInt8>) {
    self.object = object
    self.offset = offset
    self.bytes = bytes
  }

  /// 16 hexadecimal digits: the beginning of the digest, as answers name an object that the hub does not await.
  public static func text(of object: UInt64) -> String {
    let digits = String(object, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}

/// How far a site has heard the hub's wishes; the hub remembers it for the session.
public struct LinkHeard: Codable, Sendable, Hashable {
  /// The cursor of the last answer of this session whose demands the site has taken; nil at the beginning of a session.
  public var demandCursor: Int?

  public init(demandCursor: Int? = nil) { self.demandCursor = demandCursor }
}

extension ArrivingObject {
  /// What stands for the object in the records of a batch; nil when the digest is none.
  public var shortName: UInt64? { UInt64(digest.prefix(16), radix: 16) }
}
