import CCodecs
import DICOM

/// Encodes frames in the compressed transfer syntaxes that a client may ask for.
///
/// All but JPEG Baseline are exact: the words that were given come back. Words with something above their stored bits (an overlay) go into
/// JPEG lossless and RLE only: in a wider codestream of JPEG 2000 or JPEG-LS readers take it for a part of the value.
public enum FrameCoder {
  /// The exact syntaxes, the most widely read first.
  public static let losslessSyntaxes: [TransferSyntax] = [
    .jpeg2000Lossless, .jpegLSLossless, .jpegLosslessSV1, .rleLossless,
  ]

  /// The quality of JPEG Baseline frames, 1…100.
  static let quality = 90

  /// Whether frames of this format can be written in a syntax.
  public static func canEncode(_ syntax: TransferSyntax, _ format: FrameFormat) -> Bool {
    let isWhole =
      format.sampleKind == .integer && [1, 3].contains(format.samplesPerPixel)
      && !(format.samplesPerPixel == 3 && format.photometricInterpretation.isSubsampledAcross)
    switch syntax {
    case .jpeg2000Lossless:
      return isWhole && LadderCoding(format) != nil && max(format.rows, format.columns) <= 32_768
    case .jpegLSLossless, .jpegLosslessSV1: return isWhole && [8, 16].contains(format.bitsAllocated)
    case .rleLossless: return isWhole && [8, 16, 32].contains(format.bitsAllocated)
    case .jpegBaseline: return isWhole && isPicture(format) && max(format.rows, format.columns) <= 65_500
    default: return false
    }
  }

  /// Samples that a JPEG of 8 bits can show: not indices, and nothing that the picture would lose at once.
  private static func isPicture(_ format: FrameFormat) -> Bool {
    let interpretations: [PhotometricInterpretation] = [.monochrome1, .monochrome2, .rgb, .ybrFull]
    return format.bitsAllocated == 8 && !format.isSigned
      && interpretations.contains(format.photometricInterpretation)
  }

  /// One frame as a codestream, of an even length unless it is a JPEG's or JPEG 2000's. Blocks (processor time).
  ///
  /// - Throws: `FrameFailure.cannotEncode` where the syntax has no room for the frame.
  public static func encode(_ frame: DecodedFrame, as syntax: TransferSyntax) throws(FrameFailure) -> [UInt8] {
    let format = frame.format
    guard canEncode(syntax, format) else { throw .cannotEncode(syntax.uid) }
    switch syntax {
    case .jpeg2000Lossless:
      guard let coding = LadderCoding(format) else { throw .cannotEncode(syntax.uid) }
      do throws(LadderFailure) {
        return try Ladder.encode(frame, layers: [], coding: coding).withUnsafeBytes { Array($0) }
      } catch {
        switch error {
        case .needsMoreBits, .unsupported: throw .cannotEncode(syntax.uid)
        case .tooLarge: throw .tooLarge
        case .encoderFailed(let reason): throw .damaged(reason)
        }
      }
    case .jpegLSLossless:
      guard isClean(frame) else { throw .cannotEncode(syntax.uid) }
      return try encode(frame) { cc_jls_encode($0.baseAddress, $0.count, $1, UInt32(codedBits(frame)), $2) }
    case .jpegLosslessSV1:
      return try encode(frame) { cc_jpeg_lossless_encode($0.baseAddress, $0.count, $1, UInt32(codedBits(frame)), $2) }
    case .rleLossless: return try encode(frame) { cc_rle_encode($0.baseAddress, $0.count, $1, $2) }
    default: return try jpeg(frame)
    }
  }

  private static func encode(
    _ frame: DecodedFrame,
    _ call: (UnsafeRawBufferPointer, UnsafePointer<cc_jls_samples>, UnsafeMutablePointer<cc_bytes>) -> cc_status
  ) throws(FrameFailure) -> [UInt8] {
    var samples = cc_jls_samples(frame.format)
    var out = cc_bytes()
    let status = frame.withUnsafeBytes { call($0, &samples, &out) }
    guard status.code == Int32(CC_J2K_OK) else { throw FrameFailure(codec: status) }
    defer { cc_bytes_free(&out) }
    return Array(UnsafeBufferPointer(start: out.data, count: out.length))
  }

  /// Bits coded of each word: the stored ones where nothing else can be set, else all.
  ///
  /// Signed values are coded as words of all bits: decoders differ in whether they extend the sign. More than 8 bits of a 16-bit word,
  /// because a decoder takes fewer to mean bytes.
  private static func codedBits(_ frame: DecodedFrame) -> Int {
    let format = frame.format
    guard format.bitsAllocated == 16 else { return 8 }
    guard !format.isSigned, format.highBit == format.bitsStored - 1, isClean(frame) else { return 16 }
    return max(9, format.bitsStored)
  }

  /// Nothing lies above the stored bits but zeros, or the sign. Values at the top of their words have nothing above them.
  private static func isClean(_ frame: DecodedFrame) -> Bool {
    let format = frame.format
    guard format.highBit == format.bitsStored - 1, format.bitsStored < format.bitsAllocated else {
      return format.highBit == format.bitsAllocated - 1
    }
    return frame.withUnsafeBytes {
      cc_is_extended(
        $0.baseAddress, $0.count * 8 / format.bitsAllocated, Int32(format.bitsAllocated), Int32(format.bitsStored),
        format.isSigned)
    }
  }

  private static func jpeg(_ frame: DecodedFrame) throws(FrameFailure) -> [UInt8] {
    let format = frame.format
    var pixels = frame.bytes
    if format.photometricInterpretation == .ybrFull {
      pixels.withUnsafeMutableBufferPointer { cc_ybr_full_to_rgb($0.baseAddress, format.pixelCount, $0.baseAddress) }
    }
    var out = cc_bytes()
    // Without restart markers, which other people's decoders of DICOM may never have met.
    let status = pixels.withUnsafeBytes { bytes in
      var rows = cc_rows(samples: bytes.baseAddress!, stride: format.columns * format.samplesPerPixel)
      return cc_jpeg_encode(
        &rows, Int32(format.columns), Int32(format.rows), Int32(format.samplesPerPixel), Int32(quality), true, false, 1,
        &out)
    }
    guard status.code == 0 else { throw .damaged(status.message) }
    defer { cc_bytes_free(&out) }
    return Array(UnsafeBufferPointer(start: out.data, count: out.length))
  }

  /// What the samples are called in a syntax: the reversible colour transform of JPEG 2000 has a name of its own.
  static func label(_ format: FrameFormat, in syntax: TransferSyntax) -> PhotometricInterpretation {
    if syntax == .jpeg2000Lossless, LadderCoding(format)?.usesColorTransform == true { return .ybrRCT }
    return format.photometricInterpretation
  }
}
