import CCodecs
import DICOM
import Foundation

/// What the ladder makes of one frame, beside the other ways to keep it: numbers for a decision about layers.
public struct LadderMeasure: Sendable {
  /// One way to send the frame, or a part of it.
  public struct Step: Sendable {
    public enum Kind: Sendable, Hashable {
      /// The first layers, counted from 1.
      case layers(Int)
      /// The whole ladder.
      case lossless
      /// JPEG-LS lossless by DCMTK, all allocated bits coded.
      case jpegLS
      /// zlib's deflate at its usual level 6, over the bytes as they are.
      case deflate
      case raw
    }

    public let kind: Kind
    public let bytes: Int
    /// Nil for what is lossless by nature and was not decoded.
    public let comparison: FrameComparison?
    /// nil where nothing is encoded, and for layers: they are all made by one encoding, that of `lossless`.
    public let encodeTime: Duration?
    public let decodeTime: Duration?
  }

  /// Where the frame is from, from 0.
  public let frame: Int
  public let frameCount: Int
  public let format: FrameFormat
  /// See ``FrameReference/range``.
  public let range: Int
  /// The layers in rising order, then the lossless end, then the others.
  public let steps: [Step]
  /// Something lies above the stored bits, so that all allocated ones had to be coded; a hub leaves such an object as it is.
  public let needsAllBits: Bool

  /// Encodes, decodes and compares one frame. Blocks (processor time).
  ///
  /// - Parameters:
  ///   - path: a file in an uncompressed transfer syntax.
  ///   - frame: from 0; nil takes the middle one.
  ///   - layers: wanted ends, ascending, as for ``Ladder/encode(_:layers:coding:threads:)``.
  /// - Returns: the numbers, and what a ``MeasureSheet`` is drawn from: that takes the frame's memory, so let go of it soon.
  public static func run(
    path: String, frame wanted: Int? = nil, layers: [Int]
  ) throws(MeasureFailure) -> (measure: LadderMeasure, pictures: MeasuredPictures) {
    let object: ImageObject
    let original: DecodedFrame
    let frame: Int
    do throws(FrameFailure) {
      object = try ImageObject(path: path)
      frame = wanted ?? object.frameCount / 2
      original = try object.decode(frame)
    } catch {
      throw .unreadable(error)
    }
    guard let reference = FrameReference(original), let coding = LadderCoding(original.format) else {
      throw .noLadder(obstacle(original.format))
    }
    let (encoded, needsAllBits) = try encode(original, layers, coding)
    var steps: [Step] = []
    for count in 1...encoded.value.layerEnds.count {
      let isWhole = count == encoded.value.layerEnds.count
      let decoded = try timed { () throws(MeasureFailure) in
        do throws(FrameFailure) {
          return try encoded.value.decode(as: original.format, layers: count)
        } catch {
          throw .unreadable(error)
        }
      }
      guard let comparison = reference.compare(decoded.value) else { throw .outOfMemory }
      // The one promise of the lossless end; it is proven here as it is when an object is prepared.
      if isWhole, !isEqual(original, decoded.value) { throw .notLossless }
      steps.append(
        Step(
          kind: isWhole ? .lossless : .layers(count), bytes: encoded.value.layerEnds[count - 1], comparison: comparison,
          encodeTime: isWhole ? encoded.time : nil, decodeTime: decoded.time))
    }
    if let other = try jpegLS(original, reference) { steps.append(other) }
    let deflated = try timed { () throws(MeasureFailure) in
      guard let bytes = original.withUnsafeBytes({ Gzip.compress($0, level: 6) }) else { throw .outOfMemory }
      return bytes.count
    }
    steps.append(
      Step(kind: .deflate, bytes: deflated.value, comparison: nil, encodeTime: deflated.time, decodeTime: nil))
    steps.append(
      Step(kind: .raw, bytes: original.format.frameLength, comparison: nil, encodeTime: nil, decodeTime: nil))
    let measure = LadderMeasure(
      frame: frame, frameCount: object.frameCount, format: original.format, range: reference.range, steps: steps,
      needsAllBits: needsAllBits)
    let attributes = ImageAttributes(object.object.dataSet, frame: frame, format: original.format)
    return (measure, MeasuredPictures(original: original, ladder: encoded.value, attributes: attributes))
  }

  private static func encode(
    _ frame: DecodedFrame, _ layers: [Int], _ coding: LadderCoding
  ) throws(MeasureFailure) -> ((value: LadderFrame, time: Duration), needsAllBits: Bool) {
    do throws(LadderFailure) {
      return (
        try timed { () throws(LadderFailure) in try Ladder.encode(frame, layers: layers, coding: coding) }, false
      )
    } catch .needsMoreBits {
      do throws(LadderFailure) {
        let all = coding.withAllBits(of: frame.format)
        return (try timed { () throws(LadderFailure) in try Ladder.encode(frame, layers: layers, coding: all) }, true)
      } catch {
        throw .notEncoded(error)
      }
    } catch {
      throw .notEncoded(error)
    }
  }

  /// The result and the shortest time of up to three runs: the first pays for memory that was not there yet. What takes long runs once.
  static func timed<R, E: Error>(_ body: () throws(E) -> R) throws(E) -> (value: R, time: Duration) {
    let clock = ContinuousClock()
    var best: (value: R, time: Duration)?
    for _ in 0..<3 {
      let started = clock.now
      let value = try body()
      let time = clock.now - started
      if time < best?.time ?? .seconds(1 << 30) { best = (value, time) }
      if time > .milliseconds(300) { break }
    }
    return best!
  }

  /// JPEG-LS of the frame's values from zero up: two's complement would make an edge of every change of sign. Nil where there is
  /// no JPEG-LS for the frame.
  private static func jpegLS(_ original: DecodedFrame, _ reference: FrameReference) throws(MeasureFailure) -> Step? {
    var format = original.format
    format.isSigned = false
    let unsigned = DecodedFrame(format: format, bytes: reference.valuesFromZero())
    var encoded: (value: [UInt8], time: Duration)
    do throws(FrameFailure) {
      encoded = try timed { () throws(FrameFailure) in try FrameCoder.encode(unsigned, as: .jpegLSLossless) }
    } catch {
      return nil
    }
    let decoded: (value: DecodedFrame, time: Duration)
    do throws(FrameFailure) {
      decoded = try timed { () throws(FrameFailure) in
        try encoded.value.withUnsafeFrameBytes { bytes throws(FrameFailure) in
          try JPEGLSCodestream.decode(bytes, as: format, limit: FrameDecoder.frameLimit)
        }
      }
    } catch {
      throw .unreadable(error)
    }
    guard isEqual(unsigned, decoded.value) else { throw .notLossless }
    return Step(
      kind: .jpegLS, bytes: encoded.value.count,
      comparison: FrameComparison(psnr: .infinity, ssim: 1, greatestError: 0, differing: 0), encodeTime: encoded.time,
      decodeTime: decoded.time)
  }

  /// Byte for byte: also what lies above the stored bits.
  private static func isEqual(_ a: DecodedFrame, _ b: DecodedFrame) -> Bool {
    a.withUnsafeBytes { a in
      b.withUnsafeBytes { b in a.count == b.count && memcmp(a.baseAddress!, b.baseAddress!, a.count) == 0 }
    }
  }

  private static func obstacle(_ format: FrameFormat) -> String {
    if format.sampleKind != .integer { return "its samples are floating point" }
    if format.bitsAllocated == 1 { return "its pixels are single bits" }
    if format.bitsAllocated > 16 { return "its samples have more than 16 bits" }
    return "its colour is subsampled"
  }
}

/// What was measured, to be looked at.
public struct MeasuredPictures: Sendable {
  let original: DecodedFrame
  let ladder: LadderFrame
  let attributes: ImageAttributes
}

/// Why an image could not be measured.
public enum MeasureFailure: Error, Sendable {
  case unreadable(FrameFailure)
  /// Such frames are not prepared at all; why.
  case noLadder(String)
  case notEncoded(LadderFailure)
  /// The whole ladder did not decode to the original.
  case notLossless
  case outOfMemory
}

extension MeasureFailure: CustomStringConvertible {
  public var description: String {
    switch self {
    case .unreadable(let failure): failure.description
    case .noLadder(let why): "there is no ladder for this image, because \(why); a hub keeps it as received"
    case .notEncoded(let failure): "cannot encode the frame: \(failure)"
    case .notLossless: "the lossless end differs from the original: please report this image"
    case .outOfMemory: "memory is short; try a smaller image"
    }
  }
}
