/// One frame as stored values: native little endian, colour by pixel, one-bit pixels packed from the first bit on.
public struct DecodedFrame: Sendable {
  /// What the bytes are.
  public let format: FrameFormat
  private let storage: Storage

  private enum Storage: Sendable {
    case array([UInt8])
    /// A part of the file itself, mapped.
    case mapped(ObjectBytes, Range<Int>)
  }

  /// Takes decoded bytes; there must be `format.frameLength` of them.
  public init(format: FrameFormat, bytes: [UInt8]) {
    precondition(bytes.count == format.frameLength)
    self.format = format
    storage = .array(bytes)
  }

  /// Frames that lie in the file as they are wanted are not copied.
  init(format: FrameFormat, mapped bytes: ObjectBytes, range: Range<Int>) {
    precondition(range.count == format.frameLength && range.upperBound <= bytes.count)
    self.format = format
    storage = .mapped(bytes, range)
  }

  /// The bytes as an array (a copy, when the frame lies in a file).
  public var bytes: [UInt8] {
    switch storage {
    case .array(let array): array
    case .mapped: withUnsafeBytes { Array($0) }
    }
  }

  /// The bytes in place. They may begin at an odd address.
  public func withUnsafeBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
    switch storage {
    case .array(let array): try array.withUnsafeBytes(body)
    case .mapped(let bytes, let range):
      try bytes.withUnsafeBytes { try body(UnsafeRawBufferPointer(rebasing: $0[range])) }
    }
  }
}
