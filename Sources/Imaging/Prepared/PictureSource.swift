import DICOM

/// A kept object of which pictures and frames are made.
public struct PictureSource: Sendable {
  /// The file that is kept now.
  public var path: String
  /// The file's SHA-256 in hexadecimal: what is remembered of a file is remembered under it.
  public var digest: String
  /// The layers of an object that was prepared, here or elsewhere; nil for every other, which only worker processes may decode.
  public var layers: LayerTable?
  /// Who decodes an object with layers.
  public var decodedIn: Decoding

  /// The file as it was received, where it lies beside the prepared one. It may be gone when it is opened.
  public var received: String?

  /// How large a frame is, when frames lie uncompressed in the kept file; nil for every other file.
  public var nativeSize: FrameSize?

  /// Where codestreams are decoded.
  public enum Decoding: Sendable, Hashable {
    /// In our own process: we prepared and proved the object ourselves.
    case process
    /// In a worker process, like everything foreign, but from the shortest prefix: somebody else says that he prepared it.
    case worker
  }

  public init(
    path: String, digest: String, layers: LayerTable? = nil, decodedIn: Decoding = .process, received: String? = nil,
    nativeSize: FrameSize? = nil
  ) {
    self.path = path
    self.digest = digest
    self.layers = layers
    self.decodedIn = decodedIn
    self.received = received
    self.nativeSize = nativeSize
  }
}

extension PictureSource {
  /// The layers, when we may decode the object ourselves.
  var ownLayers: LayerTable? { decodedIn == .process ? layers : nil }
}

/// Columns and rows of a frame.
public struct FrameSize: Sendable, Hashable {
  public let columns: Int
  public let rows: Int

  public init(columns: Int, rows: Int) {
    self.columns = columns
    self.rows = rows
  }
}

extension FrameSize {
  init(_ format: FrameFormat) { self.init(columns: format.columns, rows: format.rows) }

  var pixels: Int { columns * rows }

  /// How many pixels are looked at or made for a picture, whatever are more.
  func pixels(touchedBy viewport: Viewport?) -> Int {
    guard let geometry = PictureGeometry(columns: columns, rows: rows, aspect: 1, viewport: viewport) else { return 0 }
    return max(geometry.width * geometry.height, geometry.outWidth * geometry.outHeight)
  }
}
