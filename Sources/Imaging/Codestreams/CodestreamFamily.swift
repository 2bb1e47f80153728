import DICOM

/// Who decodes the frames of a transfer syntax: the one place that chooses between DCMTK (in `DICOM`) and the codecs of `CCodecs`.
enum CodestreamFamily: Sendable {
  /// JPEG 2000 Part 1 and 2, and HTJ2K.
  case jpeg2000
  case jpegXL
  case jpegLS

  private static let families: [TransferSyntax: CodestreamFamily] = [
    .jpeg2000Lossless: .jpeg2000,
    .jpeg2000: .jpeg2000,
    .jpeg2000MultiComponentLossless: .jpeg2000,
    .jpeg2000MultiComponent: .jpeg2000,
    .htj2kLossless: .jpeg2000,
    .htj2kLosslessRPCL: .jpeg2000,
    .htj2k: .jpeg2000,
    .jpegXLLossless: .jpegXL,
    .jpegXLJPEGRecompression: .jpegXL,
    .jpegXL: .jpegXL,
    .jpegLSLossless: .jpegLS,
    .jpegLSNearLossless: .jpegLS,
  ]

  /// nil for a syntax whose frames are `FrameDecoder`'s.
  init?(_ syntax: TransferSyntax) {
    guard let family = Self.families[syntax] else { return nil }
    self = family
  }
}

extension FrameDecoder {
  /// Whether frames of this transfer syntax can be decoded by either side.
  public static func canDecodeAnywhere(_ syntax: TransferSyntax) -> Bool {
    CodestreamFamily(syntax) != nil || canDecode(syntax)
  }
}

extension ImageObject {
  /// Decodes one 0-based frame of any transfer syntax that we know. Blocks (processor time).
  ///
  /// Meets foreign bytes: call it in a worker process, unless the object is one that we prepared ourselves.
  /// - Parameter reduce: halvings of width and height, of JPEG 2000 only; as many as the codestream has, at most.
  public func decodedFrame(
    _ frame: Int, reduce: Int = 0, limit: Int = FrameDecoder.frameLimit, threads: Int = 1
  ) throws(FrameFailure) -> DecodedFrame {
    try reducedFrame(frame, reduce: reduce, limit: limit, threads: threads).frame
  }

  /// The same, and how many halvings it were.
  func reducedFrame(
    _ frame: Int, reduce: Int, limit: Int, threads: Int = 1
  ) throws(FrameFailure) -> (frame: DecodedFrame, levels: Int) {
    guard let family = CodestreamFamily(object.transferSyntax) else { return (try decode(frame, limit: limit), 0) }
    guard (0..<frameCount).contains(frame) else { throw .frameOutOfRange(count: frameCount) }
    guard format.sampleKind == .integer else { throw .damaged("compressed float pixel data") }
    let bytes = encapsulatedFrame(frame)
    return try bytes.withUnsafeFrameBytes { bytes throws(FrameFailure) in
      switch family {
      case .jpeg2000:
        let codestream = try JPEG2000Codestream(bytes)
        // Samples that do not begin at the reference grid's origin would be halved to other places.
        let isAtOrigin = codestream.info.x0 == 0 && codestream.info.y0 == 0
        let levels = isAtOrigin ? min(reduce, Int(codestream.info.decompositions)) : 0
        return (try codestream.decode(as: format, reduce: levels, limit: limit, threads: threads), levels)
      case .jpegXL:
        return (try JPEGXLCodestream.decode(bytes, as: format, syntax: object.transferSyntax, limit: limit), 0)
      case .jpegLS: return (try JPEGLSCodestream.decode(bytes, as: format, limit: limit), 0)
      }
    }
  }
}

extension [UInt8] {
  /// `withUnsafeBytes` with a typed error.
  func withUnsafeFrameBytes<R>(
    _ body: (UnsafeRawBufferPointer) throws(FrameFailure) -> R
  ) throws(FrameFailure) -> R {
    let result = withUnsafeBytes { memory -> Result<R, FrameFailure> in
      do throws(FrameFailure) { return .success(try body(memory)) } catch { return .failure(error) }
    }
    return try result.get()
  }
}
