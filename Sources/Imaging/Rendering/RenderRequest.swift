/// What picture of which frame is wanted.
public struct RenderRequest: Sendable, Codable, Hashable {
  /// The DICOM file.
  public var path: String
  /// 0-based frame number.
  public var frame: Int
  /// The size to fit into and the part of the image to show; without it the whole image in its own size.
  public var viewport: Viewport?
  /// Shown instead of the image's own window or VOI LUT (greyscale images only).
  public var window: Window?
  /// How the picture is encoded.
  public var format: PictureFormat
  /// Whether overlay planes are drawn on the picture.
  public var overlays = false
  /// Whether a colour picture carries the object's ICC profile.
  public var embedsProfile = false
  /// Whether JPEG 2000 may be decoded no larger than the picture: many times faster, but its low bands are sharper than averages, so that a
  /// narrow window shows other edges. For thumbnails and previews.
  public var decodesReduced = false
  /// The most bytes that the picture may take: quality, then size, are lowered until it does. nil: as many as it takes.
  public var byteLimit: Int?

  public init(
    path: String, frame: Int = 0, viewport: Viewport? = nil, window: Window? = nil,
    format: PictureFormat = .jpeg(quality: 90), byteLimit: Int? = nil
  ) {
    self.path = path
    self.frame = frame
    self.viewport = viewport
    self.window = window
    self.format = format
    self.byteLimit = byteLimit
  }
}

/// The encoding of a rendered picture.
public enum PictureFormat: Sendable, Codable, Hashable {
  /// JPEG baseline, quality 1…100; colour is subsampled (4:2:0) below 90.
  case jpeg(quality: Int)
  /// PNG with 8 bits a sample.
  case png
  /// PNG whose grey has 16 bits: values over the window, or over all that the stored bits can say. Colour has 8.
  case png16

  /// `image/jpeg` or `image/png`.
  public var mediaType: String {
    switch self {
    case .jpeg: "image/jpeg"
    case .png, .png16: "image/png"
    }
  }
}

extension PictureFormat {
  /// Bits of a grey level.
  var depth: Int { self == .png16 ? 16 : 8 }
}

/// A rendered picture, ready to be sent.
public struct RenderedImage: Sendable {
  public let bytes: [UInt8]
  public let mediaType: String
  /// Size in pixels.
  public let width: Int
  public let height: Int

  public init(bytes: [UInt8], mediaType: String, width: Int, height: Int) {
    self.bytes = bytes
    self.mediaType = mediaType
    self.width = width
    self.height = height
  }
}
