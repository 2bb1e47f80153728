/// A kept object of which pictures and frames are made.
public struct PictureSource: Sendable {
  /// The file that is kept now.
  public var path: String
  /// The file's SHA-256 in hexadecimal: what is remembered of a file is remembered under it.
  public var digest: String
  /// The layers of an object that we prepared and proved ourselves; nil for every other, which only worker processes may decode.
  public var layers: LayerTable?

  /// The file as it was received, where it lies beside the prepared one. It may be gone when it is opened.
  public var received: String?

  public init(path: String, digest: String, layers: LayerTable? = nil, received: String? = nil) {
    self.path = path
    self.digest = digest
    self.layers = layers
    self.received = received
  }
}
