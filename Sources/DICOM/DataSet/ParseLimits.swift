/// How much a hostile object may make us do.
public struct ParseLimits: Sendable {
  /// Sequences within sequences. No real object nests deeper than about 20.
  public var depth: Int
  /// Elements, items and fragments together; each costs 32 bytes of memory while the object is looked at.
  public var elements: Int
  /// Bytes that a deflated data set may grow to.
  public var inflatedBytes: Int
  /// An inflated data set beyond this many bytes lies in an unlinked temporary file, not in memory.
  public var inflatedBytesInMemory: Int
  /// Where that file is made: on a disk, not in memory as /tmp often is.
  public var temporaryDirectory: String

  /// - Parameter depth: at most 1,024 is taken, because writing JSON recurses once a level.
  public init(
    depth: Int = 128, elements: Int = 2_000_000, inflatedBytes: Int = 512 << 20,
    inflatedBytesInMemory: Int = 8 << 20, temporaryDirectory: String = "/var/tmp"
  ) {
    self.depth = min(depth, 1024)
    self.elements = min(elements, 1 << 30)
    self.inflatedBytes = inflatedBytes
    self.inflatedBytesInMemory = inflatedBytesInMemory
    self.temporaryDirectory = temporaryDirectory
  }

  public static let standard = ParseLimits()
}
