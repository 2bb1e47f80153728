import CCodecs
import DICOM

/// JPEG XL frames (PS3.5 §A.4.12).
enum JPEGXLCodestream {
  /// Decodes to stored values; `format` is as the data set says.
  static func decode(
    _ bytes: UnsafeRawBufferPointer, as format: FrameFormat, syntax: TransferSyntax, limit: Int
  ) throws(FrameFailure) -> DecodedFrame {
    guard format.bitsAllocated == 8 || format.bitsAllocated == 16 else {
      throw .damaged("JPEG XL in words of another size")
    }
    var decoded = format
    decoded.photometricInterpretation = photometricInterpretation(format, syntax)
    let length = decoded.frameLength
    guard length <= limit else { throw .tooLarge }
    var request = cc_jxl_request(
      width: UInt32(format.columns), height: UInt32(format.rows), components: UInt8(format.samplesPerPixel),
      bits_allocated: UInt8(format.bitsAllocated), is_signed: format.isSigned)
    var status = cc_status()
    let samples = [UInt8](unsafeUninitializedCapacity: length) { buffer, count in
      status = cc_jxl_decode(
        bytes.bindMemory(to: UInt8.self).baseAddress, bytes.count, &request, buffer.baseAddress, length)
      count = status.code == Int32(CC_J2K_OK) ? length : 0
    }
    guard status.code == Int32(CC_J2K_OK) else { throw FrameFailure(codec: status) }
    return DecodedFrame(format: decoded, bytes: samples)
  }

  /// libjxl undoes what it did itself: a recompressed JPEG and an XYB image come out as RGB. A lossless image holds what its label says.
  private static func photometricInterpretation(
    _ format: FrameFormat, _ syntax: TransferSyntax
  ) -> PhotometricInterpretation {
    guard format.samplesPerPixel == 3 else { return format.photometricInterpretation }
    return format.photometricInterpretation == .ybrFull && syntax != .jpegXLJPEGRecompression ? .ybrFull : .rgb
  }
}
