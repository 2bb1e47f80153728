/// Why a frame could not be had.
public enum FrameFailure: Error, Hashable, Sendable {
  /// The object has no pixel data.
  case noPixelData
  /// There is no such frame; `count` frames exist.
  case frameOutOfRange(count: Int)
  /// No decoder for the transfer syntax.
  case unsupportedTransferSyntax(UID)
  /// The transfer syntax with this UID has no room for the frame, or no encoder.
  case cannotEncode(UID)
  /// The frame or file is larger than the limit.
  case tooLarge
  /// The bytes are not what the data set says; the reason names no patient.
  case damaged(String)
  /// The file could not be read or written.
  case unreadable(String)
}

extension FrameFailure: CustomStringConvertible {
  public var description: String {
    switch self {
    case .noPixelData: "the object has no pixel data"
    case .frameOutOfRange(let count): "no such frame: the object has \(count)"
    case .unsupportedTransferSyntax(let uid): "cannot decode transfer syntax \(uid)"
    case .cannotEncode(let uid): "cannot write the frame in transfer syntax \(uid)"
    case .tooLarge: "the frame is larger than the limit"
    case .damaged(let reason): "cannot decode the frame: \(reason)"
    case .unreadable(let reason): "cannot read or write the file: \(reason)"
    }
  }
}
