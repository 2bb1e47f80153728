/// How a data set and its pixels are written as bytes (PS3.5 §10, PS3.6 Table A-1).
public struct TransferSyntax: Hashable, Sendable {
  public let uid: UID
  /// The name of PS3.6, shortened where it only repeats itself.
  public let name: String
  /// Value representations are written with the elements.
  public let isExplicitVR: Bool
  public let isLittleEndian: Bool
  /// The whole data set is deflated (RFC 1951).
  public let isDeflated: Bool
  /// Pixel Data is a sequence of fragments, not one value.
  public let isEncapsulated: Bool
  /// The pixels may differ from what the device saw: the syntax alone does not promise they are exact.
  public let isLossy: Bool
  /// Pixel Data is one video stream; frames cannot be taken out of it singly.
  public let isVideo: Bool
  /// The media type of a frame as it lies in the file (PS3.18 Table 8.7.3-5): "application/octet-stream", "image/jp2", …
  public let frameMediaType: String

  /// The syntax of this UID, nil if PS3.6 has none.
  public init?(uid: UID) {
    guard let syntax = Self.byUID[uid] else { return nil }
    self = syntax
  }

  public static func == (a: TransferSyntax, b: TransferSyntax) -> Bool { a.uid == b.uid }
  public func hash(into hasher: inout Hasher) { hasher.combine(uid) }

  private static let byUID = Dictionary(uniqueKeysWithValues: all.map { ($0.uid, $0) })

  /// A syntax whose data set is written as Explicit VR Little Endian, as all encapsulated ones are.
  init(
    _ uid: UID, _ name: String, explicit: Bool = true, littleEndian: Bool = true, deflated: Bool = false,
    encapsulated: String? = nil, lossy: Bool = false, video: Bool = false
  ) {
    self.uid = uid
    self.name = name
    isExplicitVR = explicit
    isLittleEndian = littleEndian
    isDeflated = deflated
    isEncapsulated = encapsulated != nil
    isLossy = lossy
    isVideo = video
    frameMediaType = encapsulated ?? "application/octet-stream"
  }
}

extension TransferSyntax: CustomStringConvertible {
  /// The name.
  public var description: String { name }
}

extension TransferSyntax: Codable {
  /// Encoded as its UID.
  public func encode(to encoder: any Encoder) throws { try uid.encode(to: encoder) }

  public init(from decoder: any Decoder) throws {
    let uid = try UID(from: decoder)
    guard let syntax = TransferSyntax(uid: uid) else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "\(uid) is no transfer syntax we know"))
    }
    self = syntax
  }
}
