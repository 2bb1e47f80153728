import DICOM
import Foundation

extension FileTranscoder {
  /// Writes `path` anew with native pixels in Explicit VR Little Endian, whatever syntax it has; the other attributes stay as they are.
  ///
  /// `output` appears whole or not at all, and is not flushed. Blocks. Meets foreign bytes: call it in a worker process, unless the
  /// object is one that we prepared.
  /// - Parameters:
  ///   - transferSyntax: only `.explicitVRLittleEndian` so far.
  ///   - limit: bytes of one frame.
  public static func transcodeAnywhere(
    path: String, to transferSyntax: TransferSyntax, output: String, limit: Int = FrameDecoder.frameLimit
  ) throws(FrameFailure) {
    guard transferSyntax == .explicitVRLittleEndian else { throw .unsupportedTransferSyntax(transferSyntax.uid) }
    let source = try ImageObject(path: path)
    guard CodestreamFamily(source.object.transferSyntax) != nil else {
      return try transcode(path: path, to: transferSyntax, output: output)
    }
    let temporary = output + ".\(UInt64.random(in: 0 ... .max)).part"
    do {
      try writeNative(source, to: temporary, limit: limit)
      guard rename(temporary, output) == 0 else { throw PreparationFailure(call: "rename a file") }
    } catch {
      unlink(temporary)
      switch error {
      case let failure as FrameFailure: throw failure
      case let failure as PixelDataReplacement.Failure: throw .damaged(failure.reason)
      default: throw .unreadable(String(describing: error))
      }
    }
  }

  /// Frame by frame, so that memory is bounded by one frame.
  private static func writeNative(_ source: ImageObject, to path: String, limit: Int) throws {
    var frame = try source.decodedFrame(0, limit: limit)
    let format = frame.format
    // Native one-bit frames follow one another without a gap; those that do not end on a byte would have to be shifted together.
    guard format.bitsAllocated > 1 || source.frameCount == 1 || format.pixelCount % 8 == 0 else {
      throw FrameFailure.damaged("one-bit frames that do not end on a byte")
    }
    let (length, overflow) = format.frameLength.multipliedReportingOverflow(by: source.frameCount)
    guard !overflow, length < Int(UInt32.max) - 1 else { throw FrameFailure.tooLarge }
    let label = format.photometricInterpretation
    let replacement = try PixelDataReplacement(
      in: source.object, photometricInterpretation: label == source.format.photometricInterpretation ? nil : label,
      planarConfiguration: format.samplesPerPixel == 3 ? 0 : nil)
    let output = try OutputFile(path: path)
    try replacement.writeHead(transferSyntax: .explicitVRLittleEndian, output.write)
    // (7FE0,0010), OW where words are longer than a byte (PS3.5 §8.1.2).
    let vr: [UInt8] = format.bitsAllocated > 8 ? [0x4F, 0x57] : [0x4F, 0x42]
    let padded = length + length % 2
    try output.write(
      [0xE0, 0x7F, 0x10, 0x00] + vr + [0, 0] + [0, 8, 16, 24].map { UInt8(truncatingIfNeeded: padded >> $0) })
    for number in 0..<source.frameCount {
      if number > 0 { frame = try source.decodedFrame(number, limit: limit) }
      guard frame.format == format else { throw FrameFailure.damaged("the frames decode to different formats") }
      try frame.withUnsafeBytes(output.write)
    }
    if length % 2 == 1 { try output.write([0]) }
    try replacement.writeTail(output.write)
    try output.finish()
  }
}
