import DICOM

/// What became of the preparation of one received object.
public enum LadderOutcome: Sendable {
  /// The prepared file is there, and it was shown to be equal.
  case proven(PreparedObject)
  /// There is no ladder for this object; it stays as it was received. That is no fault.
  case untouched(UntouchedReason)
  /// The prepared file could not be made or is not equal; it was removed. The received object must be kept, and somebody should look.
  case refused(RefusedReason)
}

/// A prepared file that decodes to the received samples and holds the received attributes.
public struct PreparedObject: Sendable {
  /// SHA-256 of the prepared file.
  public let digest: [UInt8]
  /// Bytes of the prepared file.
  public let size: Int
  /// Bytes of the received native pixel data, and of the codestreams that stand for it.
  public let nativeBytes: Int
  public let encodedBytes: Int
  /// Frames and layers, for the index.
  public let layers: LayerTable
  /// The frame table of the prepared file, for the index.
  public let pixelData: PixelDataLocation
  public let encodeTime: Duration
  public let proofTime: Duration
}

/// Why an object is not for the ladder.
public enum UntouchedReason: Error, Hashable, Sendable {
  case noPixelData
  /// Already compressed: passes through bit for bit.
  case compressed(UID)
  case oneBit
  case floatingPoint
  /// More than 16 bits allocated.
  case wideSamples
  /// Chroma is stored for every second pixel: JPEG 2000 in DICOM has no such label.
  case subsampledColor
  /// Pixel Data holds more than its frames.
  case surplusPixelData
  /// Words hold something above their stored bits (an overlay, or what is not the sign), or room below them.
  case unusedBits
  /// A frame would take more memory than the limit.
  case tooLarge
  /// The object cannot be read or written anew as it is.
  case irregular(String)

  /// Short and stable: for the index and metrics.
  public var code: String {
    switch self {
    case .noPixelData: "no-pixel-data"
    case .compressed: "compressed"
    case .oneBit: "one-bit"
    case .floatingPoint: "floating-point"
    case .wideSamples: "wide-samples"
    case .subsampledColor: "subsampled-color"
    case .surplusPixelData: "surplus-pixel-data"
    case .unusedBits: "unused-bits"
    case .tooLarge: "too-large"
    case .irregular: "irregular"
    }
  }
}

/// Why a prepared file was thrown away.
public enum RefusedReason: Error, Hashable, Sendable {
  /// A frame (from 0) could not be encoded.
  case notEncoded(frame: Int, String)
  /// The prepared file could not be read back.
  case unreadable(String)
  /// An attribute is not what was received.
  case attributeDiffers(Tag)
  /// The description of the pixels is not the received one.
  case descriptionDiffers
  /// The samples of a frame (from 0) are not the received ones.
  case samplesDiffer(frame: Int)
  /// A frame (from 0) or its layers do not lie where the table says.
  case layersDiffer(frame: Int)

  /// Short and stable: for the index and metrics.
  public var code: String {
    switch self {
    case .notEncoded: "not-encoded"
    case .unreadable: "unreadable"
    case .attributeDiffers: "attribute-differs"
    case .descriptionDiffers: "description-differs"
    case .samplesDiffer: "samples-differ"
    case .layersDiffer: "layers-differ"
    }
  }
}

/// The preparation itself failed: nothing is known of the object.
public struct PreparationFailure: Error, Sendable, CustomStringConvertible {
  /// What was tried, and what the system said.
  public let description: String
}
