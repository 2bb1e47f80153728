import CCodecs
import DICOM

/// A JPEG 2000 or HTJ2K codestream in memory, or a prefix of one, whose header was read.
struct JPEG2000Codestream {
  private let bytes: UnsafeRawBufferPointer
  private let isPrefix: Bool
  let info: cc_j2k_info

  /// Reads the main header.
  ///
  /// - Parameters:
  ///   - bytes: must stay where they are as long as this value is used.
  ///   - isPrefix: they end exactly where a tile-part ends that is not the last.
  init(_ bytes: UnsafeRawBufferPointer, isPrefix: Bool = false) throws(FrameFailure) {
    var info = cc_j2k_info()
    let status = cc_j2k_inspect(bytes.bindMemory(to: UInt8.self).baseAddress, bytes.count, &info)
    guard status.code == Int32(CC_J2K_OK) else { throw FrameFailure(codec: status) }
    self.bytes = bytes
    self.isPrefix = isPrefix
    self.info = info
  }

  /// The greatest reduction whose picture is not smaller than a full picture scaled into a box.
  func reduction(toFit box: (width: Int, height: Int)) -> Int {
    let width = Int(info.width)
    let height = Int(info.height)
    // The picture keeps its shape: the narrower of both scales counts, compared without division.
    let followsWidth = box.width * height <= box.height * width
    func suffices(_ reduce: Int) -> Bool {
      followsWidth
        ? pictureSize(reduce: reduce).columns >= box.width : pictureSize(reduce: reduce).rows >= box.height
    }
    var reduce = 0
    while reduce < Int(info.decompositions), suffices(reduce + 1) { reduce += 1 }
    return reduce
  }

  /// Size of the picture after `reduce` halvings.
  private func pictureSize(reduce: Int) -> (columns: Int, rows: Int) {
    withUnsafePointer(to: info) {
      (Int(cc_j2k_reduced_width($0, UInt32(reduce))), Int(cc_j2k_reduced_height($0, UInt32(reduce))))
    }
  }

  /// Decodes to stored values.
  ///
  /// - Parameters:
  ///   - format: as the data set says; the samples come out in its words, whatever bits the codestream says.
  ///   - reduce: halvings, cut down to those that the codestream has.
  ///   - limit: bytes of the whole frame.
  ///   - threads: processors to use.
  /// - Returns: colour by pixel; rows and columns are those of the reduced picture.
  func decode(
    as format: FrameFormat, reduce: Int = 0, limit: Int = FrameDecoder.frameLimit, threads: Int = 1
  ) throws(FrameFailure) -> DecodedFrame {
    if format.bitsAllocated == 1 { return try decodeBits(as: format, reduce: reduce, limit: limit, threads: threads) }
    guard [8, 16, 32].contains(format.bitsAllocated) else { throw .damaged("JPEG 2000 in words of another size") }
    let size = format.bitsAllocated / 8
    guard Int(info.width) == format.columns, Int(info.height) == format.rows else {
      throw .damaged("JPEG 2000: another size than the data set says")
    }
    guard format.pixelCount * format.samplesPerPixel * size <= limit else { throw .tooLarge }
    let reduce = max(0, min(reduce, Int(info.decompositions)))
    var decoded = format
    (decoded.columns, decoded.rows) = pictureSize(reduce: reduce)
    decoded.photometricInterpretation = Self.decoded(format.photometricInterpretation)
    let request = cc_j2k_request(
      is_prefix: isPrefix, reduce: UInt8(reduce), components: UInt8(format.samplesPerPixel),
      bits_allocated: UInt8(format.bitsAllocated), is_signed: format.isSigned, threads: UInt32(max(1, threads)),
      most_samples: UInt64(limit / size))
    var status = cc_status()
    let length = decoded.frameLength
    let samples = [UInt8](unsafeUninitializedCapacity: length) { buffer, count in
      status = withUnsafePointer(to: request) {
        cc_j2k_decode(bytes.bindMemory(to: UInt8.self).baseAddress, bytes.count, $0, buffer.baseAddress, length)
      }
      count = status.code == Int32(CC_J2K_OK) ? length : 0
    }
    guard status.code == Int32(CC_J2K_OK) else { throw FrameFailure(codec: status) }
    return DecodedFrame(format: decoded, bytes: samples)
  }

  /// One-bit frames (segmentations): a byte a pixel in the codestream, eight pixels a byte as stored values.
  private func decodeBits(
    as format: FrameFormat, reduce: Int, limit: Int, threads: Int
  ) throws(FrameFailure) -> DecodedFrame {
    var wide = format
    (wide.bitsAllocated, wide.bitsStored, wide.highBit, wide.isSigned) = (8, 1, 0, false)
    let bytes = try decode(as: wide, reduce: reduce, limit: limit, threads: threads)
    var narrow = format
    (narrow.rows, narrow.columns) = (bytes.format.rows, bytes.format.columns)
    var packed = [UInt8](repeating: 0, count: narrow.frameLength)
    bytes.withUnsafeBytes { pixels in
      for (index, pixel) in pixels.enumerated() where pixel != 0 { packed[index >> 3] |= 1 << UInt8(index & 7) }
    }
    return DecodedFrame(format: narrow, bytes: packed)
  }

  /// What the samples are once the codestream's own colour transform is undone and its components are at full resolution.
  ///
  /// The data set's label decides otherwise: a codestream without transform that is labelled YBR_FULL holds just that.
  private static func decoded(_ label: PhotometricInterpretation) -> PhotometricInterpretation {
    switch label {
    case .ybrRCT, .ybrICT: .rgb
    case .ybrFull422: .ybrFull
    // With every sample there is no difference left between the two but the name, and this one means three samples a pixel.
    case .ybrPartial422: .ybrPartial420
    default: label
    }
  }
}

extension FrameFailure {
  /// What a decoder of `CCodecs` said.
  init(codec status: cc_status) {
    switch Int(status.code) {
    case Int(CC_J2K_TOO_LARGE), Int(CC_J2K_NO_MEMORY): self = .tooLarge
    default: self = .damaged(status.message)
    }
  }
}
