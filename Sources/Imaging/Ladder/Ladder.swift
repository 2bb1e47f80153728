import CCodecs
import DICOM
import Foundation

/// The ladder (DESIGN §5): one lossless JPEG 2000 codestream a frame, of which every quality layer ends a prefix that is a preview.
public enum Ladder {
  /// Where layers end by default, in bytes; the lossless layer follows.
  public static var standardLayers: [Int] { ProfileAction().layers }

  /// Encodes one frame. Blocks (processor time); takes about 8 bytes of memory a sample.
  ///
  /// - Parameters:
  ///   - frame: 8 or 16 bits allocated, 1 or 3 samples a pixel.
  ///   - layers: wanted lengths of the prefixes, ascending; those that the raw frame does not reach are left out.
  ///   - coding: which bits, and whether the colour transform is used; nil decides it for this frame alone.
  ///   - threads: processors to use.
  public static func encode(
    _ frame: DecodedFrame, layers: [Int] = standardLayers, coding: LadderCoding? = nil, threads: Int = 1
  ) throws(LadderFailure) -> LadderFrame {
    let format = frame.format
    guard let proposed = coding ?? LadderCoding(format) else { throw .unsupported("no frame of 8 or 16 bits") }
    do {
      return try encode(frame, layers, proposed, threads)
    } catch .needsMoreBits where coding == nil {
      // Something lies above the stored bits: an overlay, or values that are not sign extended.
      return try encode(frame, layers, proposed.withAllBits(of: format), threads)
    }
  }

  private static func encode(
    _ frame: DecodedFrame, _ layers: [Int], _ coding: LadderCoding, _ threads: Int
  ) throws(LadderFailure) -> LadderFrame {
    let format = frame.format
    guard format.sampleKind == .integer, [8, 16].contains(format.bitsAllocated),
      [1, 3].contains(format.samplesPerPixel), layers.count <= Int(CC_J2K_MOST_TARGETS),
      layers.allSatisfy({ $0 > 0 && $0 <= Int(UInt32.max) })
    else { throw .unsupported("the frame's format or the layers") }
    var samples = cc_j2k_samples(
      width: UInt32(format.columns), height: UInt32(format.rows), components: UInt8(format.samplesPerPixel),
      bits_allocated: UInt8(format.bitsAllocated), precision: UInt8(coding.precision), is_signed: format.isSigned,
      color_transform: coding.usesColorTransform)
    let targets = layers.map { UInt32($0) }
    var ends = [UInt64](repeating: 0, count: layers.count + 1)
    var layerCount = 0
    var out = cc_bytes()
    let status = frame.withUnsafeBytes { bytes in
      cc_j2k_encode(
        bytes.baseAddress, bytes.count, &samples, targets, targets.count, UInt32(max(1, threads)), &out, &ends,
        &layerCount)
    }
    guard status.code == Int32(CC_J2K_OK) else {
      switch Int(status.code) {
      case Int(CC_J2K_DOES_NOT_FIT): throw .needsMoreBits
      case Int(CC_J2K_UNSUPPORTED): throw .unsupported(status.message)
      case Int(CC_J2K_TOO_LARGE), Int(CC_J2K_NO_MEMORY): throw .tooLarge
      default: throw .encoderFailed(status.message)
      }
    }
    return LadderFrame(taking: out, layerEnds: ends.prefix(layerCount).map { Int($0) })
  }
}

/// Which bits of the stored words are coded, and how colour is.
public struct LadderCoding: Hashable, Sendable {
  /// Coded bits of a sample.
  public var precision: Int
  /// The reversible colour transform of RGB (PS3.3 C.7.6.3.1.2: YBR_RCT).
  public var usesColorTransform: Bool

  /// What suits frames whose words hold nothing but the stored value at the bottom; nil where there is no ladder for them.
  public init?(_ format: FrameFormat) {
    guard format.sampleKind == .integer, [8, 16].contains(format.bitsAllocated),
      [1, 3].contains(format.samplesPerPixel),
      !(format.samplesPerPixel == 3 && format.photometricInterpretation.isSubsampledAcross)
    else { return nil }
    precision = format.highBit == format.bitsStored - 1 ? format.bitsStored : format.bitsAllocated
    usesColorTransform = format.samplesPerPixel == 3 && format.photometricInterpretation == .rgb && !format.isSigned
  }

  func withAllBits(of format: FrameFormat) -> LadderCoding {
    var coding = self
    coding.precision = format.bitsAllocated
    return coding
  }
}

/// One encoded frame, in the encoder's memory.
public final class LadderFrame: @unchecked Sendable {
  // Unchecked, because C's pointer is not Sendable: nobody writes to it, and it is freed with this object.
  private var bytes: cc_bytes
  /// Where each quality layer ends, ascending; the last is the length of the codestream.
  public let layerEnds: [Int]

  init(taking bytes: cc_bytes, layerEnds: [Int]) {
    self.bytes = bytes
    self.layerEnds = layerEnds
  }

  deinit { cc_bytes_free(&bytes) }

  public var count: Int { bytes.length }

  /// The whole codestream. The pointer is valid inside `body` only.
  public func withUnsafeBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
    try body(UnsafeRawBufferPointer(start: bytes.data, count: bytes.length))
  }

  /// Decodes the first layers, at full size or reduced.
  ///
  /// - Parameter format: of the frame that was encoded.
  public func decode(
    as format: FrameFormat, layers: Int? = nil, reduce: Int = 0
  ) throws(FrameFailure) -> DecodedFrame {
    let layers = max(1, min(layers ?? layerEnds.count, layerEnds.count))
    let prefix = UnsafeRawBufferPointer(start: bytes.data, count: layerEnds[layers - 1])
    return try JPEG2000Codestream(prefix, isPrefix: layers < layerEnds.count).decode(as: format, reduce: reduce)
  }
}

/// Why a frame could not be encoded.
public enum LadderFailure: Error, Hashable, Sendable {
  /// A sample does not fit the bits of the coding that was asked for.
  case needsMoreBits
  case unsupported(String)
  case tooLarge
  /// The library failed on a frame that it should take.
  case encoderFailed(String)
}

extension LadderFailure: CustomStringConvertible {
  public var description: String {
    switch self {
    case .needsMoreBits: "a sample needs more bits than are stored"
    case .unsupported(let what): "no ladder for this: \(what)"
    case .tooLarge: "the frame is larger than the limit"
    case .encoderFailed(let reason): reason
    }
  }
}
