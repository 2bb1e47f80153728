import DICOM

/// An object as its site announces it: what the hub must know to take its bytes in any order.
///
/// Goes over the link as JSON with these names.
public struct ArrivingObject: Codable, Sendable, Hashable {
  /// SHA-256 of the file that travels, 64 lower-case hexadecimal digits.
  public var digest: String
  /// SHA-256 of the bytes that the site received: another one where the site prepared the object.
  public var receivedDigest: String
  /// Bytes of the file that travels.
  public var size: Int
  /// (0020,000D).
  public var study: String
  /// (0020,000E).
  public var series: String
  /// (0008,0018).
  public var instance: String
  /// (0008,0016).
  public var sopClass: String
  /// Of the file that travels.
  public var transferSyntax: String
  /// So many bytes from the beginning of the file lie before the first frame's first byte; the whole size without frames.
  public var header: Int
  /// For each frame: its offset in the file, then where its layers end, relative to that offset. One end only: a frame without
  /// layers. What lies between and behind frames belongs to none.
  public var frames: [[Int]]
  /// Whether the frames are ladders (layered JPEG 2000): then the bytes up to a layer's end are a picture.
  public var isLadder: Bool

  public init(
    digest: String, receivedDigest: String, size: Int, study: String, series: String, instance: String,
    sopClass: String, transferSyntax: String, header: Int, frames: [[Int]], isLadder: Bool
  ) {
    self.digest = digest
    self.receivedDigest = receivedDigest
    self.size = size
    self.study = study
    self.series = series
    self.instance = instance
    self.sopClass = sopClass
    self.transferSyntax = transferSyntax
    self.header = header
    self.frames = frames
    self.isLadder = isLadder
  }
}

extension ArrivingObject {
  /// The longest object that is taken: a terabyte.
  public static let largestSize = 1 << 40
  /// The most frames of one object, and the most layers of one frame.
  public static let mostFrames = 200_000
  public static let mostLayers = 64

  /// What makes no sense in the announcement, for a person; nil when it is in order. No value of it is used before.
  public var problem: String? {
    if Digest(hex: digest) == nil { return "the digest is not 64 lower-case hexadecimal digits" }
    if Digest(hex: receivedDigest) == nil { return "the received digest is not 64 lower-case hexadecimal digits" }
    for (name, uid) in [("study", study), ("series", series), ("instance", instance), ("SOP class", sopClass)]
    where !UID(rawValue: uid).isUsable {
      return "the \(name) UID is none"
    }
    guard let syntax = TransferSyntax(uid: UID(rawValue: transferSyntax)) else {
      return "the transfer syntax is not known"
    }
    guard (1...Self.largestSize).contains(size) else { return "the size is not one of an object" }
    guard (1...size).contains(header) else { return "the header does not lie in the file" }
    if frames.isEmpty { return header == size ? nil : "there are no frames, but the header is not the whole file" }
    if frames.count > Self.mostFrames { return "there are more than \(Self.mostFrames) frames" }
    if isLadder, syntax != .jpeg2000Lossless { return "ladders have another transfer syntax" }
    // Frames share no bytes, but for those in which the last bits of one and the first of the next lie: what the hub keeps of frames is
    // bounded by what comes of them.
    var left = 2 * (size - header)
    for frame in frames {
      guard (2...Self.mostLayers + 1).contains(frame.count), (header...size).contains(frame[0]) else {
        return "a frame does not lie in the file"
      }
      var end = 0
      for next in frame.dropFirst() {
        guard next > end, next <= size - frame[0] else { return "a frame's layers do not lie in the file" }
        end = next
      }
      left -= end
      if left < 0 { return "frames lie upon each other" }
    }
    return nil
  }
}
