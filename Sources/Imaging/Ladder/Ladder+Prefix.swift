import CCodecs
import DICOM
import Foundation

extension Ladder {
  /// Decodes a preview: the first layers of a frame of a prepared file, straight to about the size wanted. Blocks.
  ///
  /// Only the range of these layers is read, so the file may still lack everything behind them. It must be one that we prepared: this
  /// decodes in our own process.
  /// - Parameters:
  ///   - path: the prepared file.
  ///   - table: its layers, from the index.
  ///   - frame: from 0.
  ///   - layers: how many; more than there are means all.
  ///   - targetSize: a box in pixels that the picture will be scaled into; the result is the smallest one of the codestream's sizes that
  ///     is not smaller than that picture. nil: full size.
  /// - Returns: stored values; rows and columns are those of the reduced picture.
  public static func decodePrefix(
    path: String, table: LayerTable, frame: Int, layers: Int, targetSize: (width: Int, height: Int)? = nil
  ) throws(FrameFailure) -> DecodedFrame {
    guard table.frames.indices.contains(frame) else { throw .frameOutOfRange(count: table.frames.count) }
    let entry = table.frames[frame]
    let layers = max(1, layers)
    let range = entry.range(layers: layers)
    let prefix = try bytes(range, of: path)
    let result = prefix.withUnsafeBytes { bytes -> Result<DecodedFrame, FrameFailure> in
      do throws(FrameFailure) {
        let codestream = try JPEG2000Codestream(bytes, isPrefix: layers < entry.layerEnds.count)
        try codestream.requireLadder(of: table.format, entry)
        let reduce = targetSize.map { codestream.reduction(toFit: $0) } ?? 0
        return .success(try codestream.decode(as: table.format, reduce: reduce))
      } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }

  /// The same of one frame's entry, at a number of halvings, as many as the codestream has at most: the second value says how many it
  /// were.
  ///
  /// - Parameter threads: processors to use.
  static func decodePrefix(
    path: String, format: FrameFormat, entry: LayerTable.Frame, layers: Int, reduce: Int, threads: Int
  ) throws(FrameFailure) -> (frame: DecodedFrame, levels: Int) {
    let prefix = try bytes(entry.range(layers: layers), of: path)
    return try prefix.withUnsafeFrameBytes { bytes throws(FrameFailure) in
      let codestream = try JPEG2000Codestream(bytes, isPrefix: layers < entry.layerEnds.count)
      try codestream.requireLadder(of: format, entry)
      let levels = min(reduce, Int(codestream.info.decompositions))
      return (try codestream.decode(as: format, reduce: levels, threads: threads), levels)
    }
  }

  static func bytes(_ range: Range<Int>, of path: String) throws(FrameFailure) -> [UInt8] {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw .unreadable(String(cString: strerror(errno))) }
    defer { close(file) }
    var failed: Int32 = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: range.count) { buffer, done in
      while done < range.count {
        let count = pread(file, buffer.baseAddress! + done, range.count - done, off_t(range.lowerBound + done))
        if count > 0 {
          done += count
        } else if count == 0 || errno != EINTR {
          failed = count == 0 ? ENODATA : errno
          return
        }
      }
    }
    guard failed == 0 else { throw .unreadable(String(cString: strerror(failed))) }
    return bytes
  }
}

extension JPEG2000Codestream {
  /// Refuses what cannot be a frame that we wrote: a file may be damaged on the disk after its proof, and this decoder has no watchdog.
  ///
  /// What remains, damage behind a sound header, OpenJPEG survives (`Scripts/fuzz ladder`), if with a wrong picture: `rekkas verify`
  /// tells such files by their digest.
  func requireLadder(of format: FrameFormat, _ entry: LayerTable.Frame) throws(FrameFailure) {
    let layers = Int(info.layers)
    guard info.codestream_offset == 0, info.tiles == 1, info.x0 == 0, info.y0 == 0, info.is_uniform,
      !info.is_subsampled, info.is_reversible, !info.is_high_throughput,
      Int(info.components) == format.samplesPerPixel, Int(info.precision) <= format.bitsAllocated,
      Int(info.width) == format.columns, Int(info.height) == format.rows, info.decompositions < 10,
      layers >= entry.layerEnds.count, layers <= Int(CC_J2K_MOST_TARGETS) + 1
    else { throw .damaged("JPEG 2000: not the frame that was prepared") }
  }
}
