import DICOM

/// The thumbnail that most lists ask for, made once when an object was prepared: of its middle frame, as large as the profile says, JPEG.
public struct KeptThumbnail: Sendable, Hashable {
  /// From 0.
  public let frame: Int
  /// Of the box that it was drawn into.
  public let side: Int
  public let width: Int
  public let height: Int
  /// See ``Thumbnail/isHidden``.
  public let isHidden: Bool
  /// The profile that decided about side and hiding: under another one the thumbnail is none.
  public let profileFingerprint: String
  public let jpeg: [UInt8]

  public init(
    frame: Int, side: Int, width: Int, height: Int, isHidden: Bool, profileFingerprint: String, jpeg: [UInt8]
  ) {
    self.frame = frame
    self.side = side
    self.width = width
    self.height = height
    self.isHidden = isHidden
    self.profileFingerprint = profileFingerprint
    self.jpeg = jpeg
  }

  /// Draws it from a file that was just prepared and proven. Blocks, about a millisecond.
  public static func make(path: String, layers: LayerTable, profile: CompressionProfile) throws(RenderFailure) -> Self {
    let source = PictureSource(path: path, digest: path, layers: layers)
    let request = ThumbnailRequest(frame: middle(of: layers.frames.count))
    let renderer = PreparedRenderer(headers: PictureHeaders(capacity: 1 << 16))
    let (drawing, thumbnail) = try renderer.thumbnail(request, of: source, profile)
    guard let thumbnail, let box = drawing.viewport else { throw .noPixelData }
    return KeptThumbnail(
      frame: request.frame, side: box.width, width: thumbnail.image.width, height: thumbnail.image.height,
      isHidden: thumbnail.isHidden, profileFingerprint: fingerprint(of: profile), jpeg: thumbnail.image.bytes)
  }

  private static func middle(of frameCount: Int) -> Int { frameCount / 2 }

  /// Whether the kept thumbnail of an object could answer a request: if not, it need not be looked for.
  public static func mayAnswer(_ request: ThumbnailRequest, frameCount: Int) -> Bool {
    request.frame == middle(of: frameCount) && !request.isPNG && request.box.map { $0.width == $0.height } ?? true
  }

  /// The answer to a request, if it is one.
  public func answer(to request: ThumbnailRequest, profileFingerprint: String) -> Thumbnail? {
    guard request.frame == frame, !request.isPNG, self.profileFingerprint == profileFingerprint,
      request.box.map({ $0 == (side, side) }) ?? true
    else { return nil }
    let image = RenderedImage(
      bytes: jpeg, mediaType: PictureFormat.jpeg(quality: 0).mediaType, width: width, height: height)
    return Thumbnail(image: image, isHidden: isHidden)
  }

  /// Changes whenever a profile's rules or their order do.
  static func fingerprint(of profile: CompressionProfile?) -> String {
    guard let profile else { return "" }
    let hash = SHA256()
    Array(String(describing: profile).utf8).withUnsafeBytes { hash.update($0) }
    let digits = Array("0123456789abcdef".utf8)
    return String(
      decoding: hash.finish().prefix(16).flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }
}
