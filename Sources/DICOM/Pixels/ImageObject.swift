import CDCMTK

/// A file opened for its pixels: parsed once, then any frame of it.
///
/// Nothing is read but headers and the frames asked for, so a multi-frame file may be larger than memory. Not for use after the
/// file was shortened (see `ObjectBytes.mapped`).
public struct ImageObject: Sendable {
  /// The parsed object.
  public let object: ParsedObject
  /// What the stored frames are; compressed ones may decode to another photometric interpretation.
  public let format: FrameFormat
  /// Number of frames that can be had singly.
  public let frameCount: Int

  private let location: PixelDataLocation
  private let bytes: ObjectBytes
  /// Where the pixel data's value begins, from which its words are counted.
  private let valueOffset: Int
  /// The size of words that lie in the other byte order; 1 when nothing is to be swapped.
  private let swappedWordSize: Int

  /// Opens and parses a file. Blocks.
  public init(path: String) throws(FrameFailure) {
    let file: ObjectBytes
    do { file = try ObjectBytes.mapped(path: path) } catch { throw .unreadable(String(describing: error)) }
    try self.init(file)
  }

  /// Parses an object that is in memory or mapped.
  public init(_ file: ObjectBytes) throws(FrameFailure) {
    do { object = try ParsedObject.parse(file) } catch { throw .damaged(error.reason) }
    let dataSet = object.dataSet
    let kinds: [(Tag, FrameFormat.SampleKind)] = [
      (.pixelData, .integer), (.floatPixelData, .float), (.doubleFloatPixelData, .double),
    ]
    guard let (tag, kind) = kinds.first(where: { dataSet.record($0.0) != nil }), let record = dataSet.record(tag) else {
      throw .noPixelData
    }
    guard !object.transferSyntax.isVideo else { throw .unsupportedTransferSyntax(object.transferSyntax.uid) }
    var format = try FrameFormat(dataSet, kind: kind)
    guard let location = object.pixelData, location.frameCount > 0 else {
      throw .damaged("the frames cannot be told apart")
    }
    // Devices that name a subsampled interpretation and write every sample are believed by what they wrote.
    if !location.isEncapsulated, format.photometricInterpretation.isSubsampledAcross, format.samplesPerPixel == 3,
      location.byteCount(of: 0) != format.frameLength
    {
      format.photometricInterpretation = .ybrFull
    }
    self.format = format
    self.location = location
    frameCount = location.frameCount
    bytes = dataSet.table.bytes
    valueOffset = record.offset
    // 8-bit samples written as big endian OW lie swapped in pairs; as OB they do not.
    let isSwapped = record.flags.contains(.bigEndian) && (format.bitsAllocated > 8 || record.vr == .ow)
    swappedWordSize = isSwapped ? max(2, format.bitsAllocated / 8) : 1
  }

  /// The bytes of a compressed frame as they lie in the file, fragments joined.
  public func encapsulatedFrame(_ frame: Int) -> [UInt8] {
    bytes.withUnsafeBytes { memory in
      var joined: [UInt8] = []
      joined.reserveCapacity(location.byteCount(of: frame))
      for range in location.fragments(of: frame) { joined.append(contentsOf: memory[range]) }
      return joined
    }
  }

  /// Decodes one 0-based frame. Blocks (processor time).
  ///
  /// - Parameter limit: bytes that the frame may have.
  public func decode(_ frame: Int, limit: Int = FrameDecoder.frameLimit) throws(FrameFailure) -> DecodedFrame {
    guard (0..<frameCount).contains(frame) else { throw .frameOutOfRange(count: frameCount) }
    // A codestream gives every sample, also where its photometric interpretation is a subsampled one.
    guard max(format.frameLength, format.sampleLength) <= limit else { throw .tooLarge }
    guard location.isEncapsulated else { return try native(frame) }
    let codestream = encapsulatedFrame(frame)
    if object.transferSyntax == .encapsulatedUncompressedExplicitVRLittleEndian {
      // Only the fragment's padding is in excess.
      guard (0...1).contains(codestream.count - format.frameLength) else {
        throw .damaged("a frame's fragment is not as long as the frame")
      }
      return DecodedFrame(format: format, bytes: byPixel(Array(codestream.prefix(format.frameLength))))
    }
    return try FrameDecoder.decode(codestream, transferSyntax: object.transferSyntax, format: format)
  }

  /// Lets go of the memory in which the file is mapped; what is asked for again is read again.
  public func forget() { bytes.forget() }

  // MARK: Native

  private func native(_ frame: Int) throws(FrameFailure) -> DecodedFrame {
    guard let range = location.fragments(of: frame).first else { throw .frameOutOfRange(count: frameCount) }
    if format.bitsAllocated == 1 { return bits(range, from: location.bitOffset(of: frame)) }
    guard range.count == format.frameLength else { throw .damaged("pixel data is shorter than a frame") }
    if swappedWordSize == 1 && !isPlanar { return DecodedFrame(format: format, mapped: bytes, range: range) }
    return DecodedFrame(format: format, bytes: byPixel(nativeOrder(range)))
  }

  private var isPlanar: Bool {
    format.samplesPerPixel == 3 && !format.photometricInterpretation.isSubsampledAcross
      && object.dataSet.int(.planarConfiguration) == 1
  }

  private func byPixel(_ frame: [UInt8]) -> [UInt8] {
    isPlanar ? FrameDecoder.interleaved(frame, format) : frame
  }

  private func nativeOrder(_ range: Range<Int>) -> [UInt8] {
    bytes.withUnsafeBytes { memory in
      guard swappedWordSize > 1 else { return [UInt8](memory[range]) }
      return [UInt8](unsafeUninitializedCapacity: range.count) { out, count in
        rk_image_swap(
          memory.baseAddress! + valueOffset, memory.count - valueOffset, range.lowerBound - valueOffset, range.count,
          swappedWordSize, out.baseAddress)
        count = range.count
      }
    }
  }

  /// Frames of packed bits follow one another without a gap (PS3.5 §8.1.1): shifted so that this one begins on a byte.
  private func bits(_ range: Range<Int>, from first: Int) -> DecodedFrame {
    let stored = nativeOrder(range)
    let length = format.frameLength
    var packed = [UInt8](repeating: 0, count: length)
    for i in 0..<length {
      let next = i + 1 < stored.count ? stored[i + 1] : 0
      packed[i] = first == 0 ? stored[i] : stored[i] >> UInt8(first) | next << UInt8(8 - first)
    }
    let rest = format.pixelCount * format.samplesPerPixel % 8
    if rest > 0 { packed[length - 1] &= UInt8(1 << rest) - 1 }
    return DecodedFrame(format: format, bytes: packed)
  }
}
