import DICOM

/// Why there is no picture, frame or file.
public enum RenderFailure: Error, Hashable, Sendable, Codable {
  /// The object has no pixels (a report, a plan, a document).
  case noPixelData
  /// There is no such frame; `count` frames exist.
  case frameOutOfRange(count: Int)
  /// No decoder for the transfer syntax with this UID.
  case unsupportedTransferSyntax(UID)
  /// The image cannot be written in the transfer syntax with this UID.
  case cannotEncode(UID)
  /// The file cannot be read as an image; the reason names no patient.
  case undecodable(String)
  /// The picture is larger than the limit.
  case tooLarge
  /// No pixel of the image lies in the requested region.
  case emptyRegion
  /// The picture could not be encoded.
  case unencodable(String)
  /// The file is not there: it was removed, or replaced by its prepared form. Asking the index once more tells.
  case missing
  /// The file could not be read or written.
  case unreadable(String)
  /// The worker process died over this input.
  case crashed
  /// The worker process took longer than the limit and was ended.
  case timedOut
  /// Too many requests are waiting.
  case overloaded
  /// No worker process could be started, or the pool was shut down.
  case unavailable(String)
}

extension RenderFailure: CustomStringConvertible {
  public var description: String {
    switch self {
    case .noPixelData: "the object has no pixel data"
    case .frameOutOfRange(let count): "no such frame: the object has \(count)"
    case .unsupportedTransferSyntax(let uid): "cannot decode transfer syntax \(uid)"
    case .cannotEncode(let uid): "cannot write the image in transfer syntax \(uid)"
    case .undecodable(let reason): "cannot decode the image: \(reason)"
    case .tooLarge: "the image is larger than the limit"
    case .emptyRegion: "no pixel of the image lies in the requested region"
    case .unencodable(let reason): "cannot encode the picture: \(reason)"
    case .missing: "the file is not there"
    case .unreadable(let reason): "cannot read or write the file: \(reason)"
    case .crashed: "the image decoder died over this image"
    case .timedOut: "the image decoder took longer than the limit"
    case .overloaded: "too many images are waiting to be rendered"
    case .unavailable(let reason): "no image decoder is available: \(reason)"
    }
  }
}

extension RenderFailure {
  /// Why there is no picture, when there is no frame.
  init(_ failure: FrameFailure) {
    switch failure {
    case .noPixelData: self = .noPixelData
    case .frameOutOfRange(let count): self = .frameOutOfRange(count: count)
    case .unsupportedTransferSyntax(let uid): self = .unsupportedTransferSyntax(uid)
    case .cannotEncode(let uid): self = .cannotEncode(uid)
    case .tooLarge: self = .tooLarge
    case .damaged(let reason): self = .undecodable(reason)
    case .unreadable(let reason): self = .unreadable(reason)
    }
  }
}
