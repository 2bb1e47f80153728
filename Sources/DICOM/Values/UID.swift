/// A DICOM unique identifier (PS3.5 §9), kept exactly as it was received without padding.
public struct UID: RawRepresentable, Hashable, Sendable, Codable, Comparable, CustomStringConvertible,
  ExpressibleByStringLiteral
{
  public let rawValue: String

  public init(rawValue: String) { self.rawValue = rawValue }
  public init(stringLiteral value: String) { self.rawValue = value }

  public var description: String { rawValue }
  public static func < (a: UID, b: UID) -> Bool { a.rawValue < b.rawValue }

  /// Whether the text follows PS3.5 §9.1: at most 64 characters, digits and dots, no empty component.
  ///
  /// Leading zeros are tolerated: enough devices write them.
  public var isWellFormed: Bool {
    let bytes = rawValue.utf8
    guard !bytes.isEmpty, bytes.count <= 64 else { return false }
    var previousWasDot = true
    for byte in bytes {
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): previousWasDot = false
      case UInt8(ascii: "."):
        if previousWasDot { return false }
        previousWasDot = true
      default: return false
      }
    }
    return !previousWasDot
  }
}
