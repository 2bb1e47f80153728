import CCodecs
import DICOM

/// Colour, which has always 8 bits.
extension Renderer {
  static func palette(
    _ bytes: UnsafeRawBufferPointer, _ format: FrameFormat, _ attributes: ImageAttributes, _ geometry: PictureGeometry
  ) throws(RenderFailure) -> Picture {
    guard let palette = attributes.palette else { throw .undecodable("palette missing or damaged") }
    guard format.sampleKind == .integer, format.bitsAllocated == 8 || format.bitsAllocated == 16 else {
      throw .undecodable("palette index is not 8 or 16 bits")
    }
    let size = format.bitsAllocated / 8
    let pixels = [UInt8](unsafeUninitializedCapacity: geometry.width * geometry.height * 3) { buffer, count in
      for row in 0..<geometry.height {
        cc_palette(
          bytes.baseAddress! + ((geometry.y + row) * format.columns + geometry.x) * size, geometry.width,
          Int32(format.bitsAllocated), format.isSigned, Int32(format.bitsStored), Int32(palette.firstMapped),
          palette.rgb,
          palette.rgb.count / 3, buffer.baseAddress! + row * geometry.width * 3)
      }
      count = geometry.width * geometry.height * 3
    }
    return try scaled(
      Picture(width: geometry.width, height: geometry.height, channels: 3, pixels: pixels), geometry)
  }

  static func colour(
    _ bytes: UnsafeRawBufferPointer, _ format: FrameFormat, _ geometry: PictureGeometry
  ) throws(RenderFailure) -> Picture {
    let photometric = format.photometricInterpretation
    let count = format.pixelCount * 3
    let isDirect = format.bitsAllocated == 8 && format.bitsStored == 8 && !photometric.isSubsampledAcross
    var samples: [UInt8] = []
    if photometric.isSubsampledAcross {
      guard format.bitsAllocated == 8 else { throw .undecodable("subsampled colour of more than 8 bits") }
      samples = [UInt8](repeating: 0, count: count)
      cc_expand_422(bytes.bindMemory(to: UInt8.self).baseAddress, format.pixelCount, &samples)
    } else if !isDirect {
      samples = [UInt8](repeating: 0, count: count)
      cc_narrow(bytes.baseAddress, count, Int32(format.bitsAllocated / 8), Int32(format.bitsStored), &samples)
    }
    var picture: Picture
    if isDirect {
      picture = try cut(bytes, format, geometry)
    } else {
      let result: Result<Picture, RenderFailure> = samples.withUnsafeBytes { bytes in
        do throws(RenderFailure) { return .success(try cut(bytes, format, geometry)) } catch { return .failure(error) }
      }
      picture = try result.get()
    }
    // After scaling: both are linear, and there are fewer pixels.
    let pixels = picture.pixels.count / 3
    picture.pixels.withUnsafeMutableBufferPointer { buffer in
      switch photometric {
      case .ybrFull, .ybrFull422: cc_ybr_full_to_rgb(buffer.baseAddress, pixels, buffer.baseAddress)
      case .ybrPartial422, .ybrPartial420: cc_ybr_partial_to_rgb(buffer.baseAddress, pixels, buffer.baseAddress)
      default: break
      }
    }
    return picture
  }

  /// The region of a frame of three 8-bit samples in the picture's size.
  private static func cut(
    _ bytes: UnsafeRawBufferPointer, _ format: FrameFormat, _ geometry: PictureGeometry
  ) throws(RenderFailure) -> Picture {
    let start = bytes.bindMemory(to: UInt8.self).baseAddress! + (geometry.y * format.columns + geometry.x) * 3
    let outCount = geometry.outWidth * geometry.outHeight * 3
    var fits = true
    let pixels = [UInt8](unsafeUninitializedCapacity: outCount) { buffer, count in
      let out = buffer.baseAddress!
      if geometry.part == nil, geometry.width == geometry.outWidth && geometry.height == geometry.outHeight {
        for row in 0..<geometry.height {
          (out + row * geometry.width * 3).update(from: start + row * format.columns * 3, count: geometry.width * 3)
        }
      } else {
        fits = cc_scale8_part(
          start, format.columns * 3, Int32(geometry.width), Int32(geometry.height), 3, geometry.shown, out,
          Int32(geometry.outWidth), Int32(geometry.outHeight))
      }
      count = fits ? outCount : 0
    }
    guard fits else { throw .tooLarge }
    return Picture(width: geometry.outWidth, height: geometry.outHeight, channels: 3, pixels: pixels)
  }
}
