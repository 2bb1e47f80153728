import CCodecs
import DICOM

/// A decoded frame and all that says how it is shown: one step before the picture.
struct Drawing {
  /// It may have been decoded smaller.
  var frame: DecodedFrame
  var attributes: ImageAttributes
  /// Of the frame given.
  var geometry: PictureGeometry
  /// Of the same picture, in the frame's full size.
  var whole: PictureGeometry
  var wishes: Renderer.Wishes
  /// Goes along with the picture.
  var profile: ColourProfile?

  func picture() throws(RenderFailure) -> Picture {
    var picture = try Renderer.picture(of: frame, attributes, geometry, whole: whole, wishes: wishes)
    picture.profile = profile
    return picture
  }

  /// The picture as an image file. The bytes do not depend on the threads.
  func image(as format: PictureFormat, within limit: Int?, threads: Int = 1) throws(RenderFailure) -> RenderedImage {
    if case .jpeg(let quality) = format, limit == nil, var bytes = try directly(quality, threads) {
      profile?.embed(inJPEG: &bytes)
      return RenderedImage(
        bytes: bytes, mediaType: format.mediaType, width: geometry.outWidth, height: geometry.outHeight)
    }
    return try picture().encoded(as: format, within: limit, threads: threads)
  }

  /// A JPEG straight from the frame's words, a few rows at a time, so that a radiograph's picture is never in memory as a whole; nil for
  /// whatever is more than looking words up.
  private func directly(_ quality: Int, _ threads: Int) throws(RenderFailure) -> [UInt8]? {
    let format = frame.format
    guard wishes.overlay == nil, wishes.depth == 8, geometry.isUnchanged, format.sampleKind == .integer else {
      return nil
    }
    let isGrey =
      format.samplesPerPixel == 1 && (format.bitsAllocated == 8 || format.bitsAllocated == 16)
      && format.photometricInterpretation != .paletteColor
    guard isGrey || format.holdsRGB else { return nil }
    let result: Result<[UInt8], RenderFailure> = frame.withUnsafeBytes { bytes in
      let stride = format.columns * format.samplesPerPixel * (format.bitsAllocated / 8)
      let start =
        bytes.baseAddress! + geometry.y * stride + geometry.x * format.samplesPerPixel * (format.bitsAllocated / 8)
      func encode(_ rows: cc_rows) -> Result<[UInt8], RenderFailure> {
        do throws(RenderFailure) {
          return .success(
            try JPEGEncoder.encode(
              rows, width: geometry.width, height: geometry.height, channels: format.samplesPerPixel, quality: quality,
              threads: threads))
        } catch {
          return .failure(error)
        }
      }
      guard isGrey else { return encode(cc_rows(samples: start, stride: stride)) }
      let table = GreyTable<UInt8>(format, attributes, window: wishes.window, aligned: false) {
        AutomaticWindow.window(bytes, format, attributes)
      }
      return table.table.withUnsafeBufferPointer {
        encode(cc_rows(start: start, stride: stride, table: $0.baseAddress, stored: table.stored))
      }
    }
    return try result.get()
  }
}

extension PictureGeometry {
  /// Every pixel shown is one of the picture, in its place.
  fileprivate var isUnchanged: Bool {
    part == nil && outWidth == width && outHeight == height && !mirrored && !upsideDown
  }
}

extension FrameFormat {
  /// Its samples are those of a picture.
  fileprivate var holdsRGB: Bool {
    samplesPerPixel == 3 && bitsAllocated == 8 && bitsStored == 8
      && (photometricInterpretation == .rgb || photometricInterpretation == .ybrRCT)
  }
}
