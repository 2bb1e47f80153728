import CCodecs
import DICOM

/// JPEG-LS frames (PS3.5 §A.4.3), by CharLS.
enum JPEGLSCodestream {
  /// Decodes to stored values; `format` is as the data set says.
  static func decode(
    _ bytes: UnsafeRawBufferPointer, as format: FrameFormat, limit: Int
  ) throws(FrameFailure) -> DecodedFrame {
    guard format.bitsAllocated == 8 || format.bitsAllocated == 16 else {
      throw .damaged("JPEG-LS in words of another size")
    }
    var decoded = format
    // Every sample is there, whatever the label says.
    if format.photometricInterpretation == .ybrFull422 { decoded.photometricInterpretation = .ybrFull }
    if format.photometricInterpretation == .ybrPartial422 { decoded.photometricInterpretation = .ybrPartial420 }
    let length = decoded.frameLength
    guard length <= limit else { throw .tooLarge }
    var samples = cc_jls_samples(format)
    var status = cc_status()
    let words = [UInt8](unsafeUninitializedCapacity: length) { buffer, count in
      status = cc_jls_decode(
        bytes.bindMemory(to: UInt8.self).baseAddress, bytes.count, &samples, buffer.baseAddress, length)
      count = status.code == Int32(CC_J2K_OK) ? length : 0
    }
    guard status.code == Int32(CC_J2K_OK) else { throw FrameFailure(codec: status) }
    return DecodedFrame(format: decoded, bytes: words)
  }
}

extension cc_jls_samples {
  init(_ format: FrameFormat) {
    self.init(
      width: UInt32(format.columns), height: UInt32(format.rows), components: UInt8(format.samplesPerPixel),
      bits_allocated: UInt8(format.bitsAllocated), is_signed: format.isSigned)
  }
}
