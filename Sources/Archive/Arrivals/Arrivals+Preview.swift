import DICOM
import Foundation
import Imaging

/// A file from which a picture of one frame is drawn while its object is still coming. It is foreign: only for worker processes.
public struct ArrivalPreview: Sendable, Hashable {
  /// May go when others are made: who finds it gone asks again.
  public let path: String
  /// Names what is in it: digest, frame and layers. Another with every stage.
  public let key: String
  /// From 0.
  public let frame: Int
  /// Bytes of the frame that are in it.
  public let bytes: Int
  /// Of the frame: those in the file, and all that it has.
  public let layers: Int
  public let allLayers: Int
}

extension Arrivals {
  /// A file to draw a frame (from 0) from, made of what is here; nil when nothing can be drawn yet, or all is here by now. Blocks (disk).
  ///
  /// - Parameter bytes: so many of the frame are enough, where it has layers: small pictures need no more.
  public func preview(
    of record: InstanceRecord, frame: Int, enough bytes: Int = .max
  ) throws(ArrivalFailure) -> ArrivalPreview? {
    try preview(of: record, frame: frame, enough: bytes, longest: Self.longestFrame)
  }

  /// - Parameter longest: bytes of a frame that are still read into memory.
  func preview(
    of record: InstanceRecord, frame: Int, enough bytes: Int = .max, longest: Int
  ) throws(ArrivalFailure) -> ArrivalPreview? {
    guard let arrival = record.arrival, let digest = Digest(hex: record.digest), arrival.header <= Self.longestHeader,
      arrival.have.contains(0..<arrival.header), let end = arrival.end(ofFrame: frame, enough: bytes),
      end.bytes <= longest
    else { return nil }
    let key = "\(digest.hex)-\(frame)-\(end.layers)"
    let offset = arrival.frames[frame][0]
    do {
      let source = try SystemFile(self.path(digest), O_RDONLY)
      let path = try previews.path(key + ".dcm") { output in
        let head = try PreviewFile.head(of: ObjectBytes(try Self.read(0..<arrival.header, of: source)))
        try PreviewFile.compose(
          head: head, frame: frame, bytes: try Self.read(offset..<offset + end.bytes, of: source),
          isPrefix: end.layers < end.allLayers, output: output)
      }
      return ArrivalPreview(
        path: path, key: key, frame: frame, bytes: end.bytes, layers: end.layers, allLayers: end.allLayers)
    } catch let failure as SystemError where failure.code == ENOENT {
      // Whole by now, or thrown away.
      return nil
    } catch is ParseFailure {
      return nil
    } catch let failure as PreviewFailure {
      if case .unwritable(let reason) = failure { throw ArrivalFailure(.hubFull, reason) }
      return nil
    } catch {
      throw ArrivalFailure(.unavailable, "\(error)")
    }
  }

  private static func read(_ range: Range<Int>, of file: SystemFile) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: range.count)
    let count = try bytes.withUnsafeMutableBytes { try file.read(into: $0, at: range.lowerBound) }
    guard count == range.count else { throw SystemError("read", file.path, code: ENOENT) }
    return bytes
  }
}

extension ArrivalProgress {
  /// How much of a frame can be drawn: whole layers, no more of them than it takes for `bytes`. nil when nothing can.
  ///
  /// A cut inside a layer gives a worse picture than fewer bytes, and a frame without layers is there or not.
  func end(ofFrame frame: Int, enough bytes: Int = .max) -> (layers: Int, allLayers: Int, bytes: Int)? {
    guard frames.indices.contains(frame) else { return nil }
    let ends = frames[frame].dropFirst()
    let (here, all) = layers(ofFrame: frame)
    guard here > 0, isLadder || here == all else { return nil }
    let wanted = ends.firstIndex { $0 >= bytes }.map { $0 - ends.startIndex + 1 } ?? all
    let layers = isLadder ? min(here, wanted) : all
    return (layers, all, ends[ends.startIndex + layers - 1])
  }

  /// Whether something of a frame (from 0) can be drawn.
  public func canDraw(frame: Int) -> Bool { have.contains(0..<header) && end(ofFrame: frame) != nil }
}
