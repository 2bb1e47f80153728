import Hummingbird
import Metrics
import NIOCore
import NIOPosix
import Synchronization

/// Turns segments into a response body: the next piece is read while the present one is written.
struct BodyStreamer: Sendable {
  /// Reading threads: enough to keep a few disks busy, few enough to be nothing on two cores.
  let threads: NIOThreadPool

  /// The first piece is small, so that a client that never reads holds little memory; pieces grow while it keeps up.
  private static let firstPiece = 1 << 18
  private static let largestPiece = 1 << 20
  /// What a slow reader gets: a piece that took longer than this to leave shrinks the next.
  private static let slowPiece = 1 << 16
  private static let slow = Duration.milliseconds(250)
  /// Bytes that the pieces of all bodies together may take, about: with many bodies at once they are smaller.
  private static let budget = 32 << 20

  /// Bodies being written.
  private let running = RunningBodies()

  init(threadCount: Int) {
    threads = NIOThreadPool(numberOfThreads: threadCount)
    threads.start()
  }

  /// The body, with its first piece already read: a missing object is an error with a status, not a broken download.
  ///
  /// A body that fits in one piece goes out in a single write with its head.
  ///
  /// - Parameter file: kept until the body is written.
  func body(_ segments: [BodySegment], keeping file: TemporaryFile? = nil) async throws -> ResponseBody {
    let length = segments.length
    let reader = SegmentReader(segments, threads: threads)
    let whole = length <= (running.count < 64 ? Self.largestPiece : Self.firstPiece)
    guard let first = try await reader.next(size: whole ? Self.largestPiece : Self.firstPiece) else {
      return ResponseBody()
    }
    if whole { return ResponseBody(byteBuffer: first) }
    return ResponseBody(contentLength: length) { writer in
      try await stream(first, then: reader, to: &writer)
      withExtendedLifetime(file) {}
      try await writer.finish(nil)
    }
  }

  /// Writes segments into a body that is being written.
  func write(_ segments: [BodySegment], to writer: inout any ResponseBodyWriter) async throws {
    let reader = SegmentReader(segments, threads: threads)
    guard let first = try await reader.next(size: Self.firstPiece) else { return }
    try await stream(first, then: reader, to: &writer)
  }

  private func stream(_ first: ByteBuffer, then reader: SegmentReader, to writer: inout any ResponseBodyWriter)
    async throws
  {
    let started = ContinuousClock.now
    var piece: ByteBuffer? = first
    var size = Self.firstPiece * 2
    running.change(by: 1)
    defer { running.change(by: -1) }
    while let present = piece {
      size = min(size, max(Self.slowPiece, Self.budget / max(1, running.count)))
      if size > Self.slowPiece {
        let nextSize = size
        async let following = reader.next(size: nextSize)
        let duration = try await Self.written(present, to: &writer)
        piece = try await following
        size = duration > Self.slow ? Self.slowPiece : min(Self.largestPiece, size * 2)
      } else {
        let duration = try await Self.written(present, to: &writer)
        piece = try await reader.next(size: size)
        size = duration > Self.slow ? Self.slowPiece : Self.firstPiece
      }
    }
    Metrics.Timer(label: "rekkas_http_stream").recordNanoseconds((ContinuousClock.now - started).nanoseconds)
  }

  private static func written(_ piece: ByteBuffer, to writer: inout any ResponseBodyWriter) async throws -> Duration {
    let started = ContinuousClock.now
    try await writer.write(piece)
    return ContinuousClock.now - started
  }
}

extension Duration {
  /// Whole nanoseconds, for swift-metrics.
  var nanoseconds: Int64 {
    let (seconds, attoseconds) = components
    return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
  }
}

/// How many bodies are being written.
private final class RunningBodies: Sendable {
  private let number = Atomic<Int>(0)

  var count: Int { number.load(ordering: .relaxed) }
  func change(by amount: Int) { number.wrappingAdd(amount, ordering: .relaxed) }
}
