/// How much of an instance is here while it comes over a thin link.
public struct ArrivalProgress: Sendable, Hashable {
  /// Where it comes from.
  public let site: String
  /// Bytes of the whole file.
  public let size: Int
  /// The durable bytes.
  public let have: ByteRanges
  /// Bytes before the first frame.
  public let header: Int
  /// As in ``ArrivingObject/frames``.
  public let frames: [[Int]]
  /// Whether the bytes up to a layer's end are a picture.
  public let isLadder: Bool

  /// How many layers of a frame (from 0) are here, and how many it has. A frame without layers has one.
  public func layers(ofFrame frame: Int) -> (here: Int, of: Int) {
    guard frames.indices.contains(frame), let offset = frames[frame].first else { return (0, 0) }
    let ends = frames[frame].dropFirst()
    let reach = have.end(from: offset) - offset
    return (ends.count { $0 <= reach }, ends.count)
  }
}
