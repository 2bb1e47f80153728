import DICOM
import Foundation

/// Draws frames that lie uncompressed in their file, in this process.
///
/// Such a file may be foreign, but no decoder meets it: our own bounded walk finds the frame, and its words are looked up in a table or
/// averaged. What a worker process would protect from, a codec that runs wild over a codestream (DESIGN §10), is not there; and the way to
/// a worker and back takes longer than a picture of a CT slice. Blocks (disk and processor time): for threads of its own.
enum NativeRenderer {
  /// A larger frame is a worker's, whose memory has a limit.
  static let mostPixels = 1 << 25

  /// A picture of so many pixels, or of a frame of so many, is made in a millisecond or two.
  static let shortPixels = 1 << 20

  /// nil for all that takes more than that: compressed or deflated, subsampled or wide samples, single bits, huge frames.
  static func drawing(_ request: RenderRequest) throws(RenderFailure) -> Drawing? {
    let object: ImageObject
    do throws(FrameFailure) {
      object = try ImageObject(path: request.path)
    } catch {
      if case .unreadable = error, access(request.path, F_OK) != 0, errno == ENOENT { throw .missing }
      throw RenderFailure(error)
    }
    let format = object.format
    guard !object.object.transferSyntax.isEncapsulated, !object.object.isInflated, format.sampleKind == .integer,
      format.bitsAllocated == 8 || format.bitsAllocated == 16,
      !(format.samplesPerPixel == 3 && format.photometricInterpretation.isSubsampledAcross),
      format.pixelCount <= mostPixels
    else { return nil }
    return try ObjectRenderer.drawing(request, of: object, frameLimit: FrameDecoder.frameLimit)
  }
}
