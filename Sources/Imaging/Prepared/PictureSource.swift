/// A kept object of which pictures and frames are made.
public struct PictureSource: Sendable {
  /// The file that is kept now.
  public var path: String
  /// The file's SHA-256 in hexadecimal: what is remembered of a file is remembered under it.
  public var digest: String
  /// The layers of an object that we prepared and proved ourselves; nil for every other, which only worker processes may decode.
  public var layers: LayerTable?

  public init(path: String, digest: String, layers: LayerTable? = nil) {
    self.path = path
    self.digest = digest
    self.layers = layers
  }
}
