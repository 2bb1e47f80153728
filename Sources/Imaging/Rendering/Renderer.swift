import CCodecs
import DICOM

/// Makes pictures of decoded frames.
enum Renderer {
  /// What a picture shows beside the frame's own attributes.
  struct Wishes {
    /// Goes before the image's window and VOI LUT.
    var window: Window?
    /// Bits of a grey level, 8 or 16; colour has always 8.
    var depth = 8
    /// Drawn on the picture.
    var overlay: OverlayMask?
  }

  static func picture(
    of frame: DecodedFrame, _ attributes: ImageAttributes, viewport: Viewport? = nil, wishes: Wishes = Wishes()
  ) throws(RenderFailure) -> Picture {
    let format = frame.format
    guard
      let geometry = PictureGeometry(
        columns: format.columns, rows: format.rows, aspect: attributes.aspect, viewport: viewport)
    else { throw .emptyRegion }
    return try picture(of: frame, attributes, geometry, whole: geometry, wishes: wishes)
  }

  /// - Parameters:
  ///   - geometry: of the frame given, which may have been decoded smaller.
  ///   - whole: of the same picture, in the frame's full size.
  static func picture(
    of frame: DecodedFrame, _ attributes: ImageAttributes, _ geometry: PictureGeometry, whole: PictureGeometry,
    wishes: Wishes
  ) throws(RenderFailure) -> Picture {
    let format = frame.format
    // Typed throws do not pass through closures that rethrow, so the result does.
    let result: Result<Picture, RenderFailure> = frame.withUnsafeBytes { bytes in
      do throws(RenderFailure) {
        if format.samplesPerPixel == 3 { return .success(try colour(bytes, format, geometry)) }
        if format.photometricInterpretation == .paletteColor {
          return .success(try palette(bytes, format, attributes, geometry))
        }
        return .success(try grey(bytes, format, attributes, geometry, wishes))
      } catch {
        return .failure(error)
      }
    }
    var picture = try result.get()
    wishes.overlay?.draw(on: &picture, whole)
    if geometry.mirrored || geometry.upsideDown {
      cc_flip(
        &picture.pixels, Int32(picture.width), Int32(picture.height), Int32(picture.bytesPerPixel), geometry.mirrored,
        geometry.upsideDown)
    }
    return picture
  }

  // MARK: Grey

  private static func grey(
    _ bytes: UnsafeRawBufferPointer, _ format: FrameFormat, _ attributes: ImageAttributes, _ geometry: PictureGeometry,
    _ wishes: Wishes
  ) throws(RenderFailure) -> Picture {
    switch (format.sampleKind, format.bitsAllocated) {
    case (.integer, 1):
      var unpacked = format
      (unpacked.bitsAllocated, unpacked.bitsStored, unpacked.highBit, unpacked.isSigned) = (8, 1, 0, false)
      var pixels = [UInt8](repeating: 0, count: format.pixelCount)
      cc_unpack_bits(bytes.bindMemory(to: UInt8.self).baseAddress, 0, format.pixelCount, &pixels)
      return try whole(pixels, unpacked, attributes, geometry, wishes)
    case (.integer, 8), (.integer, 16):
      return try narrow(bytes, format, attributes, geometry, wishes)
    default:
      return try wide(bytes, format, attributes, geometry, wishes)
    }
  }

  private static func whole<Word>(
    _ pixels: [Word], _ format: FrameFormat, _ attributes: ImageAttributes, _ geometry: PictureGeometry,
    _ wishes: Wishes
  ) throws(RenderFailure) -> Picture {
    let result: Result<Picture, RenderFailure> = pixels.withUnsafeBytes { bytes in
      do throws(RenderFailure) {
        return .success(try narrow(bytes, format, attributes, geometry, wishes))
      } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }

  private static func narrow(
    _ bytes: UnsafeRawBufferPointer, _ format: FrameFormat, _ attributes: ImageAttributes, _ geometry: PictureGeometry,
    _ wishes: Wishes
  ) throws(RenderFailure) -> Picture {
    if wishes.depth == 16 {
      return try narrow(UInt16.self, bytes, format, attributes, geometry, wishes.window) {
        AutomaticWindow.full(format, attributes)
      }
    }
    return try narrow(UInt8.self, bytes, format, attributes, geometry, wishes.window) {
      AutomaticWindow.window(bytes, format, attributes)
    }
  }

  /// Stored words of 8 or 16 bits. Where the picture is smaller than the image, it is scaled first: fewer pixels to look up,
  /// and averages of values instead of averages of clipped brightness.
  private static func narrow<Level: GreyLevel>(
    _ level: Level.Type, _ bytes: UnsafeRawBufferPointer, _ format: FrameFormat, _ attributes: ImageAttributes,
    _ geometry: PictureGeometry, _ window: Window?, automatic: () -> Window
  ) throws(RenderFailure) -> Picture {
    let shrinks = geometry.part != nil || geometry.outWidth * geometry.outHeight < geometry.width * geometry.height
    let table = GreyTable<Level>(format, attributes, window: window, aligned: shrinks, automatic: automatic)
    let size = format.bitsAllocated / 8
    let start = bytes.baseAddress! + (geometry.y * format.columns + geometry.x) * size
    if shrinks {
      let outCount = geometry.outWidth * geometry.outHeight
      var values = [UInt16](repeating: 0, count: outCount)
      guard
        cc_scale_stored_part(
          start, format.columns, Int32(geometry.width), Int32(geometry.height), table.stored, geometry.shown, &values,
          Int32(geometry.outWidth), Int32(geometry.outHeight))
      else { throw .tooLarge }
      return .grey(geometry.outWidth, geometry.outHeight, of: level) { Level.map(aligned: values, table.table, $0) }
    }
    let picture = Picture.grey(geometry.width, geometry.height, of: level) { out in
      if geometry.width == format.columns {
        Level.map(start, geometry.width * geometry.height, table.stored, table.table, out)
      } else {
        for row in 0..<geometry.height {
          Level.map(
            start + row * format.columns * size, geometry.width, table.stored, table.table, out + row * geometry.width)
        }
      }
    }
    return try scaled(picture, geometry)
  }

  /// 32-bit integers, float and double: mapped linearly between the least and greatest number, or over the window's width.
  private static func wide(
    _ bytes: UnsafeRawBufferPointer, _ format: FrameFormat, _ attributes: ImageAttributes, _ geometry: PictureGeometry,
    _ wishes: Wishes
  ) throws(RenderFailure) -> Picture {
    let kind: Int =
      switch format.sampleKind {
      case .integer: format.isSigned ? Int(CC_INT32) : Int(CC_UINT32)
      case .float: Int(CC_FLOAT)
      case .double: Int(CC_DOUBLE)
      }
    let count = format.pixelCount
    var low = 0.0
    var high = 0.0
    var shape: (function: Window.Function, share: Double) = (.linearExact, 1)
    if let window = wishes.window ?? attributes.window {
      let extent: ClosedRange<Double>
      (extent, shape) = Self.extent(of: window)
      let ends = [extent.lowerBound, extent.upperBound].map {
        ($0 - attributes.rescaleIntercept) / attributes.rescaleSlope
      }
      (low, high) = (ends.min()!, ends.max()!)
    } else if !cc_range_wide(
      bytes.baseAddress, count, Int32(kind), attributes.padding != nil, attributes.padding?.lowerBound ?? 0,
      attributes.padding?.upperBound ?? 0, &low, &high)
    {
      (low, high) = (0, 1)
    }
    let values = [UInt16](unsafeUninitializedCapacity: count) { buffer, filled in
      cc_align_wide(bytes.baseAddress, count, Int32(kind), low, high, buffer.baseAddress)
      filled = count
    }
    var linear = format
    (linear.bitsAllocated, linear.bitsStored, linear.highBit, linear.isSigned) = (16, 16, 15, false)
    linear.sampleKind = .integer
    var plain = ImageAttributes()
    plain.invertsPresentation = attributes.invertsPresentation
    plain.rescaleSlope = attributes.rescaleSlope < 0 ? -1 : 1
    var spread = wishes
    spread.window = Window(
      center: 32_767.5 * plain.rescaleSlope, width: 65_535 * shape.share, function: shape.function)
    return try whole(values, linear, plain, geometry, spread)
  }

  /// The values that a window tells apart, and how it looks over these alone: its function, and the part of them that its width is.
  private static func extent(of window: Window) -> (ClosedRange<Double>, (function: Window.Function, share: Double)) {
    switch window.function {
    case .linearExact:
      return (window.center - window.width / 2...window.center + window.width / 2, (.linearExact, 1))
    case .linear:
      // PS3.3 C.11.2.1.2.1: half a step to the left, and one step less wide. With a width of 1 its two ends are one, and black.
      let low = window.center - 0.5 - (window.width - 1) / 2
      return (low...low + max(window.width - 1, max(abs(low), 1) * 1e-12), (.linearExact, 1))
    case .sigmoid:
      // Beyond three widths it is black or white to the last of 16 bits.
      return (window.center - 3 * window.width...window.center + 3 * window.width, (.sigmoid, 1.0 / 6))
    }
  }

  static func scaled(_ picture: Picture, _ geometry: PictureGeometry) throws(RenderFailure) -> Picture {
    if geometry.part == nil, picture.width == geometry.outWidth && picture.height == geometry.outHeight {
      return picture
    }
    var out = Picture(
      width: geometry.outWidth, height: geometry.outHeight, channels: picture.channels, bits: picture.bits, pixels: [])
    out.pixels = [UInt8](repeating: 0, count: out.width * out.height * out.bytesPerPixel)
    let fits =
      picture.bits == 16
      ? out.pixels.withUnsafeMutableBytes { buffer in
        cc_scale_stored_part(
          picture.pixels, picture.width, Int32(picture.width), Int32(picture.height),
          cc_stored(bits_allocated: 16, shift: 0, mask: 0xffff, flip: 0), geometry.shown,
          buffer.bindMemory(to: UInt16.self).baseAddress, Int32(out.width), Int32(out.height))
      }
      : cc_scale8_part(
        picture.pixels, picture.width * picture.channels, Int32(picture.width), Int32(picture.height),
        Int32(picture.channels), geometry.shown, &out.pixels, Int32(out.width), Int32(out.height))
    guard fits else { throw .tooLarge }
    return out
  }
}

extension FrameFormat {
  /// What is shown has colours of its own.
  var isColour: Bool { samplesPerPixel == 3 || photometricInterpretation == .paletteColor }
}

extension Picture {
  /// Grey whose levels `fill` writes.
  fileprivate static func grey<Level: GreyLevel>(
    _ width: Int, _ height: Int, of level: Level.Type, fill: (UnsafeMutablePointer<Level>) -> Void
  ) -> Picture {
    let length = width * height * MemoryLayout<Level>.size
    let pixels = [UInt8](unsafeUninitializedCapacity: length) { buffer, count in
      fill(UnsafeMutableRawPointer(buffer.baseAddress!).assumingMemoryBound(to: Level.self))
      count = length
    }
    return Picture(width: width, height: height, channels: 1, bits: Level.bitWidth, pixels: pixels)
  }
}

extension PictureGeometry {
  /// What of the pixels is shown, as the loops want it.
  var shown: cc_part {
    part.map { cc_part(left: $0.left, top: $0.top, width: $0.width, height: $0.height) }
      ?? cc_part(left: 0, top: 0, width: Double(width), height: Double(height))
  }
}
