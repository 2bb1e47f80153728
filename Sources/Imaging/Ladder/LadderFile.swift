import DICOM
import Foundation

/// Rewrites a received uncompressed object as an ordinary DICOM file in JPEG 2000 lossless (1.2.840.10008.1.2.4.90), whose frames are
/// ladders.
///
/// One fragment a frame; a Basic Offset Table or, where offsets may pass 4 GB, an Extended Offset Table. Only the pixel data, its label
/// (YBR_RCT for RGB) and Planar Configuration change; `PixelDataReplacement` says how the rest is kept. The samples stay the same ones, so
/// neither SOP Instance UID nor Lossy Image Compression is touched.
public enum LadderFile {
  public struct Options: Sendable {
    /// Wanted ends of the layers, in bytes, ascending.
    public var layers = Ladder.standardLayers
    /// Processors for one frame.
    public var threads = 1
    /// Bytes that encoding one frame may take.
    public var memoryLimit = 4 << 30
    /// Whether words with something in their unused high bits (an overlay, as a rule) are coded with all bits allocated.
    ///
    /// That is exact, but not by default: other readers take the wider codestream's value for the sample (pydicom), or end with a
    /// failed assertion (GDCM on embedded overlays, which the standard knows only in native pixel data). Untouched, the object keeps
    /// its overlays and every reader sees what it saw before.
    public var codesUnusedBits = false
    /// Pixel data of which the frames might lie beyond this offset gets an Extended Offset Table.
    var longestBasicOffset = Int(UInt32.max)

    public init() {}
  }

  /// Prepares one object and proves it equal. Blocks: disk and processor time. Frame by frame, so that memory is bounded by one frame.
  ///
  /// - Parameters:
  ///   - path: the received file; foreign, but its samples are uncompressed: nothing is decoded but our own codestreams.
  ///   - output: appears whole and proven, or not at all; not flushed.
  ///   - checkpoint: called before each frame, twice in all; may wait, or throw to give up.
  public static func prepare(
    path: String, options: Options = Options(), output: String, checkpoint: () throws -> Void = {}
  ) throws -> LadderOutcome {
    let received: ImageObject
    do {
      received = try ImageObject(path: path)
    } catch {
      switch error {
      case .noPixelData: return .untouched(.noPixelData)
      case .unsupportedTransferSyntax(let uid): return .untouched(.compressed(uid))
      case .unreadable(let reason): throw PreparationFailure(description: reason)
      default: return .untouched(.irregular(error.description))
      }
    }
    do throws(UntouchedReason) {
      try check(received, options)
    } catch {
      return .untouched(error)
    }
    let temporary = output + ".\(UInt64.random(in: 0 ... .max)).part"
    var isKept = false
    defer { if !isKept { unlink(temporary) } }
    do {
      let started = ContinuousClock.now
      let (layers, label) = try write(received, options, to: temporary, checkpoint)
      let encoded = ContinuousClock.now
      let proof = LadderProof(received: received, layers: layers, label: label, threads: options.threads)
      let (digest, size, location) = try proof.run(path: temporary, checkpoint)
      let proven = ContinuousClock.now
      guard rename(temporary, output) == 0 else { throw PreparationFailure(call: "rename") }
      isKept = true
      return .proven(
        PreparedObject(
          digest: digest, size: size, nativeBytes: received.format.frameLength * received.frameCount,
          encodedBytes: layers.frames.reduce(0) { $0 + $1.layerEnds.last! }, layers: layers, pixelData: location,
          encodeTime: encoded - started, proofTime: proven - encoded))
    } catch let reason as RefusedReason {
      return .refused(reason)
    } catch let reason as UntouchedReason {
      return .untouched(reason)
    }
  }

  /// Whether there is a ladder for this object at all.
  private static func check(_ received: ImageObject, _ options: Options) throws(UntouchedReason) {
    let format = received.format
    let object = received.object
    if object.transferSyntax.isEncapsulated { throw .compressed(object.transferSyntax.uid) }
    if format.sampleKind != .integer { throw .floatingPoint }
    if format.bitsAllocated == 1 { throw .oneBit }
    if format.bitsAllocated > 16 { throw .wideSamples }
    // Values that do not begin at the lowest bit (retired): only all bits can be coded, and then pydicom and Orthanc read whole words.
    if format.highBit != format.bitsStored - 1, !options.codesUnusedBits { throw .unusedBits }
    let label = object.dataSet.string(.photometricInterpretation)?.uppercased()
    if format.samplesPerPixel == 3, label?.hasSuffix("_422") == true || label?.hasSuffix("_420") == true {
      throw .subsampledColor
    }
    guard LadderCoding(format) != nil else { throw .irregular("no ladder for this format") }
    guard let value = object.dataSet.bytes(of: AttributePath(.pixelData)) else { throw .noPixelData }
    // One byte makes an odd length even; anything more would be lost.
    if value.count - format.frameLength * received.frameCount > 1 { throw .surplusPixelData }
    let samples = format.pixelCount * format.samplesPerPixel
    if samples * 8 + format.frameLength * 2 > options.memoryLimit { throw .tooLarge }
  }

  // MARK: Writing

  private static func write(
    _ received: ImageObject, _ options: Options, to path: String, _ checkpoint: () throws -> Void
  ) throws -> (LayerTable, label: PhotometricInterpretation?) {
    guard var coding = LadderCoding(received.format) else {
      throw UntouchedReason.irregular("no ladder for this format")
    }
    let dataSet = received.object.dataSet
    if !dataSet.contains(.photometricInterpretation) { coding.usesColorTransform = false }
    let label = coding.usesColorTransform ? PhotometricInterpretation.ybrRCT : nil
    let isPlanar = received.format.samplesPerPixel == 3 && dataSet.int(.planarConfiguration) == 1
    let replacement: PixelDataReplacement
    do {
      replacement = try PixelDataReplacement(
        in: received.object, photometricInterpretation: label, planarConfiguration: isPlanar ? 0 : nil)
    } catch {
      throw UntouchedReason.irregular(error.reason)
    }
    do {
      return (try write(received, replacement, coding, options, to: path, checkpoint), label)
    } catch LadderFailure.needsMoreBits {
      // Only now is it known that a frame has something above its stored bits.
      guard options.codesUnusedBits else { throw UntouchedReason.unusedBits }
      // All frames are coded alike, so: once more.
      let wider = coding.withAllBits(of: received.format)
      unlink(path)
      return (try write(received, replacement, wider, options, to: path, checkpoint), label)
    }
  }

  private static func write(
    _ received: ImageObject, _ replacement: PixelDataReplacement, _ coding: LadderCoding, _ options: Options,
    to path: String, _ checkpoint: () throws -> Void
  ) throws -> LayerTable {
    let count = received.frameCount
    let output = try OutputFile(path: path)
    try replacement.writeHead(transferSyntax: .jpeg2000Lossless, output.write)
    // A codestream is never longer than this: the encoder refuses. The choice comes before the first frame is encoded, because the table
    // lies before the frames.
    let longest = received.format.frameLength * 5 / 4 + (1 << 16) + 8
    let isExtended =
      longest.multipliedReportingOverflow(by: count).overflow || longest * count > options.longestBasicOffset
    var tables = OffsetTables(output: output, frames: count, isExtended: isExtended)
    try tables.reserve()
    var frames: [LayerTable.Frame] = []
    frames.reserveCapacity(count)
    for number in 0..<count {
      try checkpoint()
      let frame: DecodedFrame
      do throws(FrameFailure) {
        frame = try received.decode(number)
      } catch {
        throw RefusedReason.notEncoded(frame: number, error.description)
      }
      let encoded = try encode(frame, coding, options, number: number)
      try tables.begin(frame: number, length: encoded.count)
      frames.append(LayerTable.Frame(offset: output.position, layerEnds: encoded.layerEnds))
      try encoded.withUnsafeBytes(output.write)
      if encoded.count % 2 == 1 { try output.write([0]) }
      // Of a clip of gigabytes no more than a frame is held.
      received.forget()
    }
    // Sequence delimitation.
    try output.write([0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0])
    try replacement.writeTail(output.write)
    try tables.fill()
    try output.finish()
    return LayerTable(format: received.format, frames: frames)
  }

  private static func encode(
    _ frame: DecodedFrame, _ coding: LadderCoding, _ options: Options, number: Int
  ) throws -> LadderFrame {
    do throws(LadderFailure) {
      return try Ladder.encode(frame, layers: options.layers, coding: coding, threads: options.threads)
    } catch .needsMoreBits {
      throw LadderFailure.needsMoreBits
    } catch .tooLarge {
      throw UntouchedReason.tooLarge
    } catch {
      throw RefusedReason.notEncoded(frame: number, error.description)
    }
  }
}
