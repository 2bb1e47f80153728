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

  /// Where codestreams are decoded.
  public enum Decoding: Sendable, Hashable {
    /// In our own process: we prepared and proved the object ourselves.
    case process
    /// In a worker process, like everything foreign, but from the shortest prefix: somebody else says that he prepared it.
    case worker
  }

  public init(
    path: String, digest: String, layers: LayerTable? = nil, decodedIn: Decoding = .process, received: String? = nil
  ) {
    self.path = path
    self.digest = digest
    self.layers = layers
    self.decodedIn = decodedIn
    self.received = received
  }
}

extension PictureSource {
  /// The layers, when we may decode the object ourselves.
  var ownLayers: LayerTable? { decodedIn == .process ? layers : nil }
}
