import DICOM
import Foundation

extension FileTranscoder {
  /// Writes `path` anew in another transfer syntax, whatever syntax it has; the other attributes stay as they are.
  ///
  /// The samples stay the same ones, so neither SOP Instance UID nor Lossy Image Compression is touched; for the same reason no lossy
  /// syntax is taken (PS3.3 §C.7.6.1.1.5 wants a new instance for that). `output` appears whole or not at all, and is not flushed.
  /// Blocks. Meets foreign bytes: call it in a worker process, unless the object is one that we prepared.
  /// - Parameters:
  ///   - transferSyntax: `.explicitVRLittleEndian` or one of `FrameCoder.losslessSyntaxes`.
  ///   - limit: bytes of one frame.
  public static func transcodeAnywhere(
    path: String, to transferSyntax: TransferSyntax, output: String, limit: Int = FrameDecoder.frameLimit
  ) throws(FrameFailure) {
    try transcode(path: path, frames: nil, to: transferSyntax, output: output, limit: limit)
  }

  /// The same, with frames that lie decoded elsewhere.
  static func transcode(
    path: String, frames: ReceivedFrames?, to transferSyntax: TransferSyntax, output: String,
    limit: Int = FrameDecoder.frameLimit
  ) throws(FrameFailure) {
    let isNative = transferSyntax == .explicitVRLittleEndian
    guard isNative || FrameCoder.losslessSyntaxes.contains(transferSyntax) else {
      throw .cannotEncode(transferSyntax.uid)
    }
    if isNative, !isEncapsulated(path) { return try transcode(path: path, to: transferSyntax, output: output) }
    let object = try ImageObject(path: path)
    let source = Source(object: object, received: frames, limit: limit)
    let temporary = output + ".\(UInt64.random(in: 0 ... .max)).part"
    do {
      if isNative {
        try writeNative(source, to: temporary)
      } else {
        try writeEncapsulated(source, as: transferSyntax, to: temporary)
      }
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

  /// Objects that are not are rewritten without a look at their frames, which they need not have.
  private static func isEncapsulated(_ path: String) -> Bool {
    guard let bytes = try? ObjectBytes.mapped(path: path), let object = try? ParsedObject.parse(bytes) else {
      return false
    }
    return object.transferSyntax.isEncapsulated && object.dataSet.contains(.pixelData)
  }

  /// What is written anew.
  private struct Source {
    /// Its attributes, and its frames unless they are received ones.
    let object: ImageObject
    let received: ReceivedFrames?
    let limit: Int

    var frameCount: Int { object.frameCount }

    func frame(_ number: Int) throws -> DecodedFrame {
      try received?.frame(number) ?? object.decodedFrame(number, limit: limit)
    }
  }

  /// The frames one by one, so that memory is bounded by one.
  private static func forEachFrame(
    _ source: Source, first: DecodedFrame, _ body: (DecodedFrame) throws -> Void
  ) throws {
    try body(first)
    for number in 1..<max(1, source.frameCount) {
      let frame = try source.frame(number)
      guard frame.format == first.format else {
        throw FrameFailure.damaged("the frames decode to different formats")
      }
      try body(frame)
    }
  }

  // MARK: Native

  private static func writeNative(_ source: Source, to path: String) throws {
    let first = try source.frame(0)
    let format = first.format
    // Native one-bit frames follow one another without a gap (PS3.5 §8.1.1).
    var joiner = format.bitsAllocated == 1 && format.pixelCount % 8 != 0 ? BitJoiner() : nil
    let bits = format.bitsAllocated == 1 ? format.pixelCount : format.frameLength * 8
    let (allBits, overflow) = bits.multipliedReportingOverflow(by: source.frameCount)
    let length = overflow ? 0 : allBits / 8 + (allBits % 8 > 0 ? 1 : 0)
    guard !overflow, length < Int(UInt32.max) - 1 else { throw FrameFailure.tooLarge }
    let replacement = try PixelDataReplacement(
      in: source.object.object, photometricInterpretation: newLabel(format.photometricInterpretation, source.object),
      planarConfiguration: format.samplesPerPixel == 3 ? 0 : nil)
    let output = try OutputFile(path: path)
    try replacement.writeHead(transferSyntax: .explicitVRLittleEndian, output.write)
    // (7FE0,0010), OW where words are longer than a byte (PS3.5 §8.1.2).
    let vr: [UInt8] = format.bitsAllocated > 8 ? [0x4F, 0x57] : [0x4F, 0x42]
    let padded = length + length % 2
    try output.write(
      [0xE0, 0x7F, 0x10, 0x00] + vr + [0, 0] + [0, 8, 16, 24].map { UInt8(truncatingIfNeeded: padded >> $0) })
    try forEachFrame(source, first: first) { frame in
      if joiner == nil {
        try frame.withUnsafeBytes(output.write)
      } else {
        try output.write(joiner!.append(frame.bytes, bits: format.pixelCount))
      }
    }
    if let rest = joiner?.rest { try output.write(rest) }
    if length % 2 == 1 { try output.write([0]) }
    try replacement.writeTail(output.write)
    try output.finish()
  }

  /// Nil where the data set says so already.
  private static func newLabel(
    _ label: PhotometricInterpretation, _ source: ImageObject
  ) -> PhotometricInterpretation? {
    label.rawValue == source.object.dataSet.string(.photometricInterpretation) ? nil : label
  }

  // MARK: Compressed

  /// One fragment a frame, with an offset table.
  private static func writeEncapsulated(
    _ source: Source, as syntax: TransferSyntax, to path: String
  ) throws {
    let first = try source.frame(0)
    let format = first.format
    guard FrameCoder.canEncode(syntax, format) else { throw FrameFailure.cannotEncode(syntax.uid) }
    // RLE has a plane for each sample; the others hold colour by pixel.
    let planar: UInt16? = format.samplesPerPixel == 3 ? (syntax == .rleLossless ? 1 : 0) : nil
    let replacement = try PixelDataReplacement(
      in: source.object.object,
      photometricInterpretation: newLabel(FrameCoder.label(format, in: syntax), source.object),
      planarConfiguration: planar)
    let output = try OutputFile(path: path)
    try replacement.writeHead(transferSyntax: syntax, output.write)
    // The table lies before the frames, whose lengths nobody knows yet: no codec of ours makes more of a frame than this.
    let longest = format.frameLength * 4 + (1 << 16)
    let isExtended =
      longest.multipliedReportingOverflow(by: source.frameCount).overflow
      || longest * source.frameCount > Int(UInt32.max)
    var tables = OffsetTables(output: output, frames: source.frameCount, isExtended: isExtended)
    try tables.reserve()
    var number = 0
    try forEachFrame(source, first: first) { frame in
      let codestream = try FrameCoder.encode(frame, as: syntax)
      guard codestream.count < Int(UInt32.max) - 1 else { throw FrameFailure.tooLarge }
      try tables.begin(frame: number, length: codestream.count)
      try output.write(codestream)
      if codestream.count % 2 == 1 { try output.write([0]) }
      number += 1
    }
    // Sequence delimitation.
    try output.write([0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0])
    try replacement.writeTail(output.write)
    try tables.fill()
    try output.finish()
  }
}

/// Joins runs of bits, the first in the lowest place, that do not end on a byte.
private struct BitJoiner {
  private var carry: UInt8 = 0
  private var used = 0

  /// The bytes that are complete now.
  mutating func append(_ bytes: [UInt8], bits: Int) -> [UInt8] {
    var out: [UInt8] = []
    out.reserveCapacity(bytes.count + 1)
    for index in 0..<(bits + 7) / 8 {
      let count = min(8, bits - index * 8)
      let byte = bytes[index] & UInt8(truncatingIfNeeded: (1 << count) - 1)
      let joined = UInt16(carry) | UInt16(byte) << UInt16(used)
      used += count
      if used >= 8 {
        out.append(UInt8(truncatingIfNeeded: joined))
        carry = UInt8(truncatingIfNeeded: joined >> 8)
        used -= 8
      } else {
        carry = UInt8(truncatingIfNeeded: joined)
      }
    }
    return out
  }

  /// The last byte, when it is not complete.
  var rest: [UInt8] { used > 0 ? [carry] : [] }
}
