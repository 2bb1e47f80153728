/// An attribute tag: group and element (PS3.5 §7.1).
public struct Tag: RawRepresentable, Hashable, Sendable, Comparable {
  /// `group << 16 | element`.
  public let rawValue: UInt32

  public init(rawValue: UInt32) { self.rawValue = rawValue }
  public init(_ group: UInt16, _ element: UInt16) { rawValue = UInt32(group) << 16 | UInt32(element) }

  public var group: UInt16 { UInt16(rawValue >> 16) }
  public var element: UInt16 { UInt16(truncatingIfNeeded: rawValue) }
  /// An odd group belongs to a vendor.
  public var isPrivate: Bool { group & 1 == 1 }
  public static func < (a: Tag, b: Tag) -> Bool { a.rawValue < b.rawValue }
}
