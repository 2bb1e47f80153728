import DICOM

/// The names under which a stored object is found.
public struct InstanceIdentity: Sendable, Hashable {
  /// (0020,000D), or the stand-in made for an object without one.
  public let studyInstanceUID: UID
  /// (0020,000E), or the stand-in made for an object without one.
  public let seriesInstanceUID: UID
  /// (0008,0018), or the stand-in made for an object without one.
  public let sopInstanceUID: UID
  /// (0008,0016).
  public let sopClassUID: UID
  /// SHA-256 of the object's file, 64 lower-case hexadecimal digits.
  public let digest: String
}

/// How a store ended well: in both cases the object is safe.
public enum StoreOutcome: Sendable, Hashable {
  /// The object is new, and now kept and indexed.
  case stored(InstanceIdentity)
  /// The same bytes had been kept before; nothing was done.
  case duplicate(InstanceIdentity)

  /// The names of the object.
  public var identity: InstanceIdentity {
    switch self {
    case .stored(let identity), .duplicate(let identity): identity
    }
  }
}
