/// The small picture of a frame for a list. It carries pixels only; no attribute of the patient is drawn on it.
public struct Thumbnail: Sendable {
  public let image: RenderedImage
  /// The image says that text is burned into it, and the profile's rule hides such: the picture is a symbol in its place.
  public let isHidden: Bool

  /// No thumbnail is larger than this: 12 KB.
  public static let byteLimit = 12 << 10

  /// The longest side that may be asked for.
  public static let longestSide = 1024
}

/// What thumbnail of which frame is wanted.
public struct ThumbnailRequest: Sendable, Hashable {
  /// From 0.
  public var frame: Int
  /// The box to fit into; nil: the side that the profile's rule for the image says.
  public var box: (width: Int, height: Int)? {
    get { width.flatMap { width in height.map { (width, $0) } } }
    set { (width, height) = (newValue?.width, newValue?.height) }
  }
  /// JPEG or PNG.
  public var isPNG: Bool

  private var width: Int?
  private var height: Int?

  public init(frame: Int, box: (width: Int, height: Int)? = nil, isPNG: Bool = false) {
    self.frame = frame
    self.isPNG = isPNG
    self.box = box
  }

  var format: PictureFormat { isPNG ? .png : .jpeg(quality: 80) }

  /// The request for a picture that fits.
  ///
  /// - Parameter side: of the profile's rule.
  func drawing(path: String, side: Int) -> RenderRequest {
    let box = box ?? (side, side)
    var request = RenderRequest(
      path: path, frame: frame,
      viewport: Viewport(
        width: max(1, min(box.width, Thumbnail.longestSide)), height: max(1, min(box.height, Thumbnail.longestSide)),
        enlarges: false),
      format: format, byteLimit: Thumbnail.byteLimit)
    request.decodesReduced = true
    return request
  }
}
