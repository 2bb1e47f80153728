import DICOM
import Foundation

/// A file to draw a picture from while the object that it is about is still on its way: the object's first part and what is there of one
/// frame.
///
/// The frame keeps its number, and Number of Frames stays what it was: per-frame functional groups and overlays are those of this frame
/// without a change to any attribute, and it is asked for by the number that it has in the object. The other frames are empty: fragments
/// of no length, or a hole in the file. Whoever draws from the file treats it as what it is, foreign: in a worker process
/// (`RenderPool`). All that comes in may be hostile; it costs an error, and memory and disk in proportion to its own size.
public enum PreviewFile {
  /// Reads the first part of an object, [0, header): all before the first byte of its first frame; or the whole of an object without
  /// frames.
  ///
  /// `object` is what the index and the metadata need. Throws `ParseFailure`, whose reason names no patient.
  public static func head(of bytes: ObjectBytes) throws(ParseFailure) -> ObjectHead { try ObjectHead.parse(bytes) }

  /// Writes the file. Blocks (disk); it is not flushed.
  ///
  /// - Parameters:
  ///   - head: of the object.
  ///   - frame: its number from 0, also in the file that is made.
  ///   - bytes: as they lie in the object's file, from the frame's first byte on. Of a frame in several fragments, with the items'
  ///     headers between them.
  ///   - isPrefix: they are the first layers of a ladder, cut exactly where one ends that is not the last; else the whole frame.
  ///   - output: must not exist; appears whole, or not at all.
  public static func compose(
    head: ObjectHead, frame: Int, bytes: [UInt8], isPrefix: Bool, output: String
  ) throws(PreviewFailure) {
    guard let start = head.pixelData else { throw .noPixelData }
    let isFragmented = start.length == nil
    guard isFragmented == head.object.transferSyntax.isEncapsulated else {
      throw .irregular("the pixel data is not written as its transfer syntax wants it")
    }
    let temporary = output + ".\(UInt64.random(in: 0 ... .max)).part"
    do {
      if isFragmented {
        try writeFragments(head, frame, bytes, isPrefix: isPrefix, to: temporary)
      } else {
        guard !isPrefix else { throw PreviewFailure.irregular("native frames have no layers") }
        try writeNative(head, start, frame, bytes, to: temporary)
      }
      guard rename(temporary, output) == 0 else { throw PreparationFailure(call: "rename a file") }
    } catch {
      unlink(temporary)
      throw error as? PreviewFailure ?? .unwritable(String(describing: error))
    }
  }

  // MARK: Encapsulated

  /// Frames of an object, empty or not: each costs twelve bytes.
  private static let mostFrames = 1 << 20

  private static func writeFragments(
    _ head: ObjectHead, _ frame: Int, _ bytes: [UInt8], isPrefix: Bool, to path: String
  ) throws {
    let syntax = head.object.transferSyntax
    let count = syntax.isVideo ? 1 : max(1, head.object.dataSet.int(.numberOfFrames) ?? 1)
    guard count <= mostFrames else { throw PreviewFailure.irregular("more than \(mostFrames) frames") }
    guard (0..<count).contains(frame) else { throw PreviewFailure.frameOutOfRange(count: count) }
    guard !bytes.isEmpty, bytes.count < Int(UInt32.max) - 16 else {
      throw PreviewFailure.irregular("a frame of \(bytes.count) bytes")
    }
    var first = bytes.count
    var end: [UInt8] = []
    if isPrefix {
      guard CodestreamFamily(syntax) == .jpeg2000 else { throw PreviewFailure.irregular("a prefix of no JPEG 2000") }
      // End of codestream.
      end = [0xFF, 0xD9]
      first += 2
    } else if let length = FragmentSpan.firstLength(bytes) {
      first = length
    }
    if (bytes.count + end.count) % 2 == 1 {
      if first == bytes.count + end.count { first += 1 }
      end.append(0)
    }
    let output = try OutputFile(path: path)
    try head.object.dataSet.bytes.withUnsafeBytes {
      try output.write(UnsafeRawBufferPointer(rebasing: $0[..<head.attributesEnd]))
    }
    // (7FE0,0010) OB, of undefined length, with a Basic Offset Table.
    try output.write([0xE0, 0x7F, 0x10, 0x00, 0x4F, 0x42, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF])
    try output.write(item(length: count * 4))
    for number in 0..<count {
      try output.write(littleEndian(number * 8 + (number > frame ? bytes.count + end.count : 0)))
    }
    for number in 0..<count {
      try output.write(item(length: number == frame ? first : 0))
      guard number == frame else { continue }
      try output.write(bytes)
      try output.write(end)
    }
    // Sequence delimitation.
    try output.write([0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0])
    try output.finish()
  }

  private static func item(length: Int) -> [UInt8] { [0xFE, 0xFF, 0x00, 0xE0] + littleEndian(length) }

  private static func littleEndian(_ value: Int) -> [UInt8] {
    [0, 8, 16, 24].map { UInt8(truncatingIfNeeded: value >> $0) }
  }

  // MARK: Native

  private static func writeNative(
    _ head: ObjectHead, _ start: ObjectHead.PixelDataStart, _ frame: Int, _ bytes: [UInt8], to path: String
  ) throws {
    guard let location = head.object.pixelData, let length = start.length else {
      throw PreviewFailure.irregular("the frames cannot be told apart")
    }
    guard let range = location.fragments(of: frame).first else {
      throw PreviewFailure.frameOutOfRange(count: location.frameCount)
    }
    guard bytes.count == range.count else {
      throw PreviewFailure.irregular("\(bytes.count) bytes for a frame of \(range.count)")
    }
    let output = try OutputFile(path: path)
    try head.object.dataSet.bytes.withUnsafeBytes {
      try output.write(UnsafeRawBufferPointer(rebasing: $0[..<start.valueOffset]))
    }
    try output.finish(length: start.valueOffset + length)
    try output.overwrite(bytes, at: range.lowerBound)
  }
}

/// Why there is no file to draw from; the reason names no patient.
public enum PreviewFailure: Error, Hashable, Sendable {
  /// The object has no pixel data, or its first part ends before it.
  case noPixelData
  /// There is no such frame; `count` frames exist.
  case frameOutOfRange(count: Int)
  /// The first part, or the frame's bytes, are not what they should be.
  case irregular(String)
  /// The file could not be written.
  case unwritable(String)
}

extension PreviewFailure: CustomStringConvertible {
  public var description: String {
    switch self {
    case .noPixelData: "the object's first part holds no pixel data"
    case .frameOutOfRange(let count): "no such frame: the object has \(count)"
    case .irregular(let reason): "no preview: \(reason)"
    case .unwritable(let reason): "cannot write the preview: \(reason)"
    }
  }
}
