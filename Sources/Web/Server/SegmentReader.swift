import Glibc
import NIOCore
import NIOPosix

/// Reads the segments of one response body, piece by piece, on threads where waiting for a disk is allowed.
///
/// One piece is filled from as many segments as fit (a part's head and its object go out in one write). Only one call at a
/// time; the calls hop to the pool, so the event loop never waits for a disk.
final class SegmentReader: @unchecked Sendable {
  // @unchecked: `next` is called by one writer at a time, each call after the former has returned.
  private let segments: [BodySegment]
  private let threads: NIOThreadPool
  private var index = 0
  private var offset = 0  // in the segment
  private var descriptor: Int32 = -1
  private var openPath: String?

  init(_ segments: [BodySegment], threads: NIOThreadPool) {
    self.segments = segments
    self.threads = threads
  }

  deinit { closeFile() }

  /// The next piece of at most `size` bytes; nil at the end.
  ///
  /// - Throws: ``SegmentFailure`` when a file is not there or is shorter than the index says.
  func next(size: Int) async throws -> ByteBuffer? {
    try await threads.runIfActive { try self.fill(size: size) }
  }

  /// Blocks: reads files.
  private func fill(size: Int) throws -> ByteBuffer? {
    let wanted = min(size, remaining(upTo: size))
    guard wanted > 0 else {
      closeFile()
      return nil
    }
    var buffer = ByteBufferAllocator().buffer(capacity: wanted)
    while buffer.readableBytes < wanted {
      let segment = segments[index]
      let length = min(segment.length - offset, wanted - buffer.readableBytes)
      if length > 0 { try append(segment, length, to: &buffer) }
      offset += length
      if offset == segment.length {
        index += 1
        offset = 0
      }
    }
    return buffer
  }

  private func remaining(upTo size: Int) -> Int {
    var total = -offset
    for segment in segments[index...] {
      total += segment.length
      if total >= size { break }
    }
    return total
  }

  private func append(_ segment: BodySegment, _ length: Int, to buffer: inout ByteBuffer) throws {
    switch segment {
    case .bytes(let bytes):
      buffer.writeBytes(bytes[offset..<offset + length])
    case .made(_, let make):
      buffer.writeBytes(try make(offset..<offset + length))
    case .file(let path, let start, _):
      try openFile(path)
      try buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: length) { space in
        var done = 0
        while done < length {
          let count = pread(descriptor, space.baseAddress! + done, length - done, off_t(start + offset + done))
          if count < 0, errno == EINTR { continue }
          guard count > 0 else {
            throw SegmentFailure(
              what: count == 0
                ? "an object file is shorter than the index says" : "reading an object file failed (\(errno))")
          }
          done += count
        }
        return done
      }
    }
  }

  private func openFile(_ path: String) throws {
    if openPath == path { return }
    closeFile()
    descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw SegmentFailure(what: "an object file cannot be opened (\(errno))") }
    openPath = path
  }

  private func closeFile() {
    if descriptor >= 0 { close(descriptor) }
    descriptor = -1
    openPath = nil
  }
}

/// The store does not hold what the index promised, or the disk failed: for the administrator, `rekkas verify` says more.
struct SegmentFailure: Error, CustomStringConvertible {
  let what: String
  var description: String { what }
}
