import CCodecs

/// A picture: grey (one channel) or RGB by pixel (three).
struct Picture {
  var width: Int
  var height: Int
  var channels: Int
  /// Of a sample: 8, or 16 (grey only; host byte order).
  var bits = 8
  var pixels: [UInt8]
  /// What its colours mean: an ICC profile of RGB.
  var profile: ColourProfile?

  var bytesPerPixel: Int { channels * bits / 8 }

  /// The picture as the bytes of an image file.
  ///
  /// - Parameter threads: for a large JPEG; the bytes do not depend on it.
  func encoded(as format: PictureFormat, threads: Int = 1) throws(RenderFailure) -> RenderedImage {
    var bytes: [UInt8]
    switch format {
    case .jpeg(let quality):
      bytes = try jpeg(quality, threads)
      profile?.embed(inJPEG: &bytes)
    case .png, .png16: bytes = try png()
    }
    return RenderedImage(bytes: bytes, mediaType: format.mediaType, width: width, height: height)
  }

  private func jpeg(_ quality: Int, _ threads: Int) throws(RenderFailure) -> [UInt8] {
    // Typed throws do not pass through closures that rethrow, so the result does.
    let result: Result<[UInt8], RenderFailure> = pixels.withUnsafeBytes { bytes in
      do throws(RenderFailure) {
        return .success(
          try JPEGEncoder.encode(
            cc_rows(samples: bytes.baseAddress!, stride: width * channels), width: width, height: height,
            channels: channels, quality: quality, threads: threads))
      } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }

  private func png() throws(RenderFailure) -> [UInt8] {
    var out = cc_bytes()
    let status = cc_png_encode(
      pixels, Int32(width), Int32(height), Int32(channels), Int32(bits), profile?.bytes, profile?.bytes.count ?? 0, &out
    )
    guard status.code == 0 else { throw .unencodable(status.message) }
    defer { cc_bytes_free(&out) }
    return Array(UnsafeBufferPointer(start: out.data, count: out.length))
  }
}

extension cc_status {
  /// The text as a Swift string.
  var message: String {
    withUnsafeBytes(of: text) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }
}
