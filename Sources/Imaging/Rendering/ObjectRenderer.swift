import DICOM
import Foundation

/// Renders and decodes frames of files, in this process: what a worker does. Keeps the last file open, because frames of one file
/// are asked for one after the other.
final class ObjectRenderer {
  private let frameLimit: Int
  private var last: (path: String, identity: FileIdentity, object: ImageObject)?

  /// - Parameter memoryLimit: bytes this process may hold. A frame may take a third of it: there are also its samples in another
  ///   arrangement, and the picture.
  init(memoryLimit: Int = .max) { frameLimit = min(FrameDecoder.frameLimit, memoryLimit / 3) }

  func render(_ request: RenderRequest) throws(RenderFailure) -> RenderedImage {
    try drawing(request).image(as: request.format, within: request.byteLimit)
  }

  func picture(_ request: RenderRequest) throws(RenderFailure) -> Picture { try drawing(request).picture() }

  private func drawing(_ request: RenderRequest) throws(RenderFailure) -> Drawing {
    try Self.drawing(request, of: try open(request.path), frameLimit: frameLimit)
  }

  /// Decodes the frame, no larger than the picture where that is allowed.
  static func drawing(
    _ request: RenderRequest, of object: ImageObject, frameLimit: Int
  ) throws(RenderFailure) -> Drawing {
    let dataSet = object.object.dataSet
    let format = object.format
    let attributes = ImageAttributes(dataSet, frame: request.frame, format: format)
    guard
      let whole = PictureGeometry(
        columns: format.columns, rows: format.rows, aspect: attributes.aspect, viewport: request.viewport)
    else { throw .emptyRegion }
    let wanted = canReduce(request, attributes, format) ? FrameReduction.levels(for: whole) : 0
    let (frame, levels) = try translated { () throws(FrameFailure) in
      try object.reducedFrame(request.frame, reduce: wanted, limit: frameLimit)
    }
    let reduction = FrameReduction(columns: format.columns, rows: format.rows, levels: levels)
    let geometry = whole.reduced(reduction, columns: frame.format.columns, rows: frame.format.rows)
    var wishes = Renderer.Wishes(window: request.window, depth: request.format.depth)
    if request.overlays { wishes.overlay = OverlayMask(dataSet, frame.format, number: request.frame, frame: frame) }
    let profile = request.embedsProfile && frame.format.isColour ? ColourProfile(dataSet) : nil
    return Drawing(
      frame: frame, attributes: attributes, geometry: geometry, whole: whole, wishes: wishes, profile: profile)
  }

  /// Whether a picture may be made of fewer samples than the frame has: none that shows values, labels or indices, or that which lies in
  /// the words beside the samples.
  private static func canReduce(_ request: RenderRequest, _ attributes: ImageAttributes, _ format: FrameFormat) -> Bool
  {
    request.decodesReduced && !request.overlays && request.format.depth == 8
      && format.photometricInterpretation != .paletteColor
      && [8, 16].contains(format.bitsAllocated) && !attributes.isSegmentation
  }

  /// The stored values of one frame, little endian.
  func decodeFrame(path: String, frame: Int) throws(RenderFailure) -> [UInt8] {
    let object = try open(path)
    return try Self.translated { () throws(FrameFailure) in try object.decodedFrame(frame, limit: frameLimit).bytes }
  }

  /// One frame as a codestream of another transfer syntax.
  func encodeFrame(path: String, frame: Int, to uid: UID) throws(RenderFailure) -> [UInt8] {
    guard let syntax = TransferSyntax(uid: uid) else { throw .cannotEncode(uid) }
    let object = try open(path)
    return try Self.translated { () throws(FrameFailure) in
      try FrameCoder.encode(try object.decodedFrame(frame, limit: frameLimit), as: syntax)
    }
  }

  func transcode(path: String, to uid: UID, output: String) throws(RenderFailure) {
    guard let syntax = TransferSyntax(uid: uid) else { throw .cannotEncode(uid) }
    try Self.translated { () throws(FrameFailure) in
      try FileTranscoder.transcodeAnywhere(path: path, to: syntax, output: output, limit: frameLimit)
    }
  }

  private func open(_ path: String) throws(RenderFailure) -> ImageObject {
    let identity = try FileIdentity(path: path)
    if let last, last.path == path, last.identity == identity { return last.object }
    last = nil
    let object = try Self.translated { () throws(FrameFailure) in try ImageObject(path: path) }
    last = (path, identity, object)
    return object
  }

  private static func translated<R>(_ body: () throws(FrameFailure) -> R) throws(RenderFailure) -> R {
    do throws(FrameFailure) { return try body() } catch { throw RenderFailure(error) }
  }
}

/// Tells a file from another one that took its name.
private struct FileIdentity: Equatable {
  let device: UInt
  let number: UInt
  let size: Int
  let changed: Int

  init(path: String) throws(RenderFailure) {
    var status = stat()
    guard stat(path, &status) == 0 else {
      throw errno == ENOENT ? .missing : .unreadable(String(cString: strerror(errno)))
    }
    // Anything else than a file (a pipe) could block for ever.
    guard status.st_mode & S_IFMT == S_IFREG else { throw .unreadable("not a file") }
    device = UInt(status.st_dev)
    number = UInt(status.st_ino)
    size = Int(status.st_size)
    changed = Int(status.st_mtim.tv_sec) &* 1_000_000_000 &+ Int(status.st_mtim.tv_nsec)
  }
}
