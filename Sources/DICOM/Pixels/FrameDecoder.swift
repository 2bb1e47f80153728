import CDCMTK

/// Decodes one frame to stored values: native pixels of both byte orders, deflated, RLE and JPEG.
///
/// Meets foreign bytes: call it in a worker process (`RenderPool` of Imaging does).
public enum FrameDecoder {
  /// No frame larger than this is decoded, whatever the header says: 1 GiB.
  public static let frameLimit = 1 << 30

  /// One 0-based frame of a file. Blocks.
  public static func decode(path: String, frame: Int) throws(FrameFailure) -> DecodedFrame {
    try ImageObject(path: path).decode(frame)
  }

  /// Whether frames of this transfer syntax can be decoded here.
  public static func canDecode(_ transferSyntax: TransferSyntax) -> Bool {
    !transferSyntax.isEncapsulated || transferSyntax == .encapsulatedUncompressedExplicitVRLittleEndian
      || rk_image_can_decode(transferSyntax.uid.rawValue)
  }

  /// Decodes one compressed frame, its fragments joined. Blocks.
  ///
  /// - Parameter format: as the data set says.
  /// - Returns: colour by pixel; the format's photometric interpretation is that of the samples (a JPEG of YBR_FULL_422 becomes RGB).
  public static func decode(
    _ codestream: [UInt8], transferSyntax: TransferSyntax, format: FrameFormat
  ) throws(FrameFailure) -> DecodedFrame {
    guard format.sampleKind == .integer else { throw .damaged("compressed float pixel data") }
    let uid = transferSyntax.uid.rawValue
    guard rk_image_can_decode(uid) else { throw .unsupportedTransferSyntax(transferSyntax.uid) }
    let length = format.sampleLength
    guard length <= frameLimit else { throw .tooLarge }
    var description = rk_image_format(format)
    var status = rk_status()
    let frame = [UInt8](unsafeUninitializedCapacity: length) { buffer, count in
      status = rk_image_decode(uid, &description, codestream, codestream.count, buffer.baseAddress, length)
      // A decoder that failed may have left the buffer as it was: then nothing of it is looked at.
      count = status.code == Int32(RK_IMAGE_OK) ? length : 0
    }
    guard status.code == Int32(RK_IMAGE_OK) else { throw FrameFailure(status, transferSyntax: transferSyntax) }
    var decoded = format
    decoded.photometricInterpretation = PhotometricInterpretation(
      rawValue: withUnsafeBytes(of: description.photometric) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) })
    // What a decoder still calls subsampled is spelled out by now.
    if decoded.photometricInterpretation == .ybrFull422 { decoded.photometricInterpretation = .ybrFull }
    return DecodedFrame(format: decoded, bytes: frame)
  }

  /// Colour by plane as colour by pixel.
  static func interleaved(_ planes: [UInt8], _ format: FrameFormat) -> [UInt8] {
    let size = format.bitsAllocated / 8
    return [UInt8](unsafeUninitializedCapacity: planes.count) { buffer, count in
      rk_image_interleave(planes, format.pixelCount, format.samplesPerPixel, size, buffer.baseAddress)
      count = planes.count
    }
  }
}

extension rk_image_format {
  init(_ format: FrameFormat) {
    self.init()
    rows = UInt16(format.rows)
    columns = UInt16(format.columns)
    samples_per_pixel = UInt16(format.samplesPerPixel)
    bits_allocated = UInt16(format.bitsAllocated)
    bits_stored = UInt16(format.bitsStored)
    high_bit = UInt16(format.highBit)
    is_signed = format.isSigned
    withUnsafeMutableBytes(of: &photometric) { buffer in
      for (index, byte) in format.photometricInterpretation.rawValue.utf8.prefix(buffer.count - 1).enumerated() {
        buffer[index] = byte
      }
    }
  }
}
