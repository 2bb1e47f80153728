import CCodecs
import DICOM
import Foundation

/// How far a frame is from the original, over all stored values of the whole frame.
public struct FrameComparison: Sendable, Hashable {
  /// Peak signal-to-noise ratio in decibels; infinite where nothing differs. The peak is ``FrameReference/range``.
  public let psnr: Double
  /// Mean structural similarity, 1 where nothing differs: Gaussian windows of 11 × 11 (Wang et al. 2004, see `cc_ssim`).
  public let ssim: Double
  /// Greatest absolute difference of a stored value.
  public let greatestError: Int
  /// Samples that differ at all.
  public let differing: Int
}

/// The frame that others are compared with.
public struct FrameReference: Sendable {
  public let frame: DecodedFrame
  /// Greatest less least stored value of this frame, 1 at least.
  ///
  /// It is the peak of the PSNR and the L of the SSIM: Bits Stored says 16 for many a frame that holds 12, which would flatter
  /// every lossy picture by 24 dB.
  public let range: Int
  private let stored: cc_stored

  /// Nil for frames other than integers of 8 or 16 bits, every sample stored.
  public init?(_ frame: DecodedFrame) {
    let format = frame.format
    guard format.sampleKind == .integer, [8, 16].contains(format.bitsAllocated),
      !(format.samplesPerPixel == 3 && format.photometricInterpretation.isSubsampledAcross)
    else { return nil }
    self.frame = frame
    let stored = cc_stored.topAligned(format)
    self.stored = stored
    let (low, high) = frame.withUnsafeBytes { bytes in
      var (low, high) = (UInt16(0), UInt16(0))
      cc_extent(bytes.baseAddress, format.pixelCount * format.samplesPerPixel, stored, &low, &high)
      return (low, high)
    }
    range = max(1, Int(high - low) / Self.scale(format))
  }

  /// Compares a frame of the same format. Blocks (processor time): about a second for ten megapixels.
  ///
  /// - Returns: nil when memory is short.
  public func compare(_ other: DecodedFrame) -> FrameComparison? {
    let format = frame.format
    precondition(
      other.format.frameLength == format.frameLength && other.format.columns == format.columns
        && other.format.bitsAllocated == format.bitsAllocated)
    let scale = Self.scale(format)
    let count = format.pixelCount * format.samplesPerPixel
    return frame.withUnsafeBytes { a in
      other.withUnsafeBytes { b in
        let difference = cc_compare(a.baseAddress, b.baseAddress, count, stored)
        var ssim = 1.0
        if difference.differing > 0 {
          guard
            cc_ssim(
              a.baseAddress, b.baseAddress, format.columns, format.rows, format.samplesPerPixel, stored,
              Double(range * scale), &ssim)
          else { return nil }
        }
        let meanSquare = Double(difference.squares) / Double(scale * scale) / Double(count)
        return FrameComparison(
          psnr: meanSquare > 0 ? 10 * log10(Double(range) * Double(range) / meanSquare) : .infinity, ssim: ssim,
          greatestError: Int(difference.greatest) / scale, differing: Int(difference.differing))
      }
    }
  }

  /// The stored values in words as long as the frame's, the least possible value as zero.
  func valuesFromZero() -> [UInt8] {
    let format = frame.format
    let count = format.pixelCount * format.samplesPerPixel
    // Aligned to the top, then down again: what lies above the stored bits is gone.
    var words = [UInt16](repeating: 0, count: count)
    frame.withUnsafeBytes { cc_align($0.baseAddress, count, stored, &words) }
    let down = UInt16(16 - format.bitsStored)
    var bytes = [UInt8](repeating: 0, count: format.frameLength)
    if format.bitsAllocated == 8 {
      for index in words.indices { bytes[index] = UInt8(truncatingIfNeeded: words[index] >> down) }
    } else {
      for index in words.indices {
        let value = words[index] >> down
        bytes[2 * index] = UInt8(truncatingIfNeeded: value)
        bytes[2 * index + 1] = UInt8(truncatingIfNeeded: value >> 8)
      }
    }
    return bytes
  }

  /// What one step of the stored value is in aligned values.
  private static func scale(_ format: FrameFormat) -> Int { 1 << (16 - format.bitsStored) }
}
