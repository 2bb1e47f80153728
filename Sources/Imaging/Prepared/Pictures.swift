import DICOM
import Foundation

/// Pictures, frames and native copies of kept objects: the one door for whoever serves them.
///
/// Objects that we prepared ourselves are decoded in this process, each from the shortest prefix that suffices; all others go to the
/// worker processes of a ``RenderPool`` (DESIGN §10), but for pictures of uncompressed frames, which nothing has to be decoded for: those are
/// drawn here, too, and so are large pictures of prepared objects while the received file is still there. Of objects that others prepared the
/// workers read the shortest prefix. Nothing here blocks the caller: own threads wait for disk and codec.
public final class Pictures: Sendable {
  /// What thumbnails are like, and which are hidden.
  public let profile: CompressionProfile?

  /// Tells thumbnails of one profile from those of another.
  public let profileFingerprint: String

  private let pool: RenderPool
  private let threads: PictureThreads
  private let processors: Int
  private let renderer: PreparedRenderer
  private var headers: PictureHeaders { renderer.headers }

  /// - Parameters:
  ///   - pool: for what is foreign.
  ///   - profile: nil: thumbnails as ``ProfileAction`` says by default.
  ///   - processors: how many may be kept busy with prepared objects.
  public init(
    pool: RenderPool, profile: CompressionProfile? = nil, processors: Int = ProcessInfo.processInfo.activeProcessorCount
  ) {
    self.pool = pool
    self.profile = profile
    profileFingerprint = KeptThumbnail.fingerprint(of: profile)
    self.processors = processors
    threads = PictureThreads(longLimit: processors)
    renderer = PreparedRenderer(headers: PictureHeaders())
  }

  /// A picture of one frame. `request.path` is that of the source. Throws `RenderFailure`, or `CancellationError`.
  public func render(_ request: RenderRequest, of source: PictureSource) async throws -> RenderedImage {
    var request = request
    request.path = source.path
    guard let table = source.ownLayers else {
      if let size = source.nativeSize, let image = try await native(request, size) { return image }
      return try await pool.render(request, of: source, grade: .view)
    }
    if let received = source.received, renderer.prefersReceived(request, table, grade: .view) {
      // Equal sample by sample, and nothing of it has to be decoded.
      request.path = received
      do {
        if let image = try await native(request, FrameSize(table.format)) { return image }
        return try await pool.render(request)
      } catch RenderFailure.missing {
        request.path = source.path
      }
    }
    let (renderer, drawing, threads, processors) = (renderer, request, threads, processors)
    let isLong = renderer.isLong(request, table)
    return try await threads.run(isLong ? .long : .short) {
      // Two halves of a picture for one reader, but one each for two.
      let share = isLong && threads.isQuiet ? processors : 1
      return try renderer.drawing(drawing, of: source, table, grade: .view, threads: share)
        .image(as: drawing.format, within: drawing.byteLimit, threads: share)
    }
  }

  /// A picture of a frame that lies uncompressed in its file; nil where a worker must draw it.
  private func native(_ request: RenderRequest, _ size: FrameSize) async throws -> RenderedImage? {
    let (threads, processors) = (threads, processors)
    let isLong = size.pixels(touchedBy: request.viewport) > NativeRenderer.shortPixels
    return try await threads.run(isLong ? .long : .short) {
      let share = isLong && threads.isQuiet ? processors : 1
      return try NativeRenderer.drawing(request)?
        .image(as: request.format, within: request.byteLimit, threads: share)
    }
  }

  /// The small picture of one frame, of at most ``Thumbnail/byteLimit`` bytes. Throws `RenderFailure`, or `CancellationError`.
  public func thumbnail(_ request: ThumbnailRequest, of source: PictureSource) async throws -> Thumbnail {
    let (renderer, profile) = (renderer, profile)
    let isLong = (source.nativeSize?.pixels ?? 0) > NativeRenderer.shortPixels
    /// The header is read, and what needs no worker is drawn at once.
    let first: (drawing: RenderRequest, thumbnail: Thumbnail?) = try await threads.run(isLong ? .long : .short) {
      try renderer.thumbnail(request, of: source, profile)
    }
    if let thumbnail = first.thumbnail { return thumbnail }
    return Thumbnail(image: try await pool.render(first.drawing, of: source, grade: .thumbnail), isHidden: false)
  }

  /// The stored values of one 0-based frame, little endian, colour by pixel: what Explicit VR Little Endian would hold. Throws
  /// `RenderFailure`, or `CancellationError`.
  public func decodeFrame(_ frame: Int, of source: PictureSource) async throws -> [UInt8] {
    guard let table = source.ownLayers else { return try await pool.decodeFrame(path: source.path, frame: frame) }
    let renderer = renderer
    let isLong = source.received == nil && table.format.pixelCount > 1 << 17
    return try await threads.run(isLong ? .long : .short) {
      try renderer.decodedFrame(frame, of: source, table)
    }
  }

  /// One 0-based frame as a codestream of another transfer syntax, which ``FrameCoder`` must know. Throws `RenderFailure`, or
  /// `CancellationError`.
  public func encodeFrame(
    _ frame: Int, of source: PictureSource, to transferSyntax: TransferSyntax
  ) async throws -> [UInt8] {
    guard let table = source.ownLayers else {
      return try await pool.encodeFrame(path: source.path, frame: frame, to: transferSyntax)
    }
    let renderer = renderer
    return try await threads.run(.long) {
      let decoded = try renderer.wholeFrame(frame, of: source, table)
      do throws(FrameFailure) {
        return try FrameCoder.encode(decoded, as: transferSyntax)
      } catch {
        throw RenderFailure(error)
      }
    }
  }

  /// Rewrites a whole file in another transfer syntax, frame by frame (see `FileTranscoder`). Throws `RenderFailure`, or
  /// `CancellationError`.
  public func transcode(_ source: PictureSource, to transferSyntax: TransferSyntax, output: String) async throws {
    guard let table = source.ownLayers else {
      return try await pool.transcode(path: source.path, to: transferSyntax, output: output)
    }
    try await threads.run(.long) {
      do throws(FrameFailure) {
        let received = ReceivedFrames(source, table)
        try FileTranscoder.transcode(path: source.path, frames: received, to: transferSyntax, output: output)
      } catch {
        if case .unreadable = error, access(source.path, F_OK) != 0, errno == ENOENT { throw RenderFailure.missing }
        throw RenderFailure(error)
      }
    }
  }

  /// Ends the threads when what was taken is done. The pool is not this one's to end.
  public func shutdown() async { await threads.shutdown() }
}
