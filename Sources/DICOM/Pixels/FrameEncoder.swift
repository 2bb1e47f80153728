import CDCMTK

/// Encodes frames with DCMTK's codecs.
public enum FrameEncoder {
  /// One frame as a JPEG-LS lossless codestream. Blocks (processor time).
  ///
  /// The words are coded as they are, with all bits allocated: exact whatever lies above the stored bits.
  /// - Parameter frame: integers of 8 or 16 bits, nothing subsampled.
  public static func jpegLS(_ frame: DecodedFrame) throws(FrameFailure) -> [UInt8] {
    let format = frame.format
    guard format.sampleKind == .integer, format.frameLength == format.sampleLength else {
      throw .unsupportedTransferSyntax(TransferSyntax.jpegLSLossless.uid)
    }
    var description = rk_image_format(format)
    var data: UnsafeMutablePointer<UInt8>?
    var length = 0
    let status = frame.withUnsafeBytes { bytes in
      rk_image_encode_jpegls(
        &description, bytes.bindMemory(to: UInt8.self).baseAddress!, bytes.count, &data, &length)
    }
    defer { rk_image_free(data) }
    guard status.code == Int32(RK_IMAGE_OK) else { throw FrameFailure(status, transferSyntax: .jpegLSLossless) }
    return Array(UnsafeBufferPointer(start: data, count: length))
  }
}
