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
  func encoded(as format: PictureFormat) throws(RenderFailure) -> RenderedImage {
    var out = cc_bytes()
    let status =
      switch format {
      case .jpeg(let quality):
        cc_jpeg_encode(
          pixels, Int32(width), Int32(height), Int32(channels), Int32(clamping: quality), quality >= 90, &out)
      case .png, .png16:
        cc_png_encode(
          pixels, Int32(width), Int32(height), Int32(channels), Int32(bits), profile?.bytes, profile?.bytes.count ?? 0,
          &out)
      }
    guard status.code == 0 else { throw .unencodable(status.message) }
    defer { cc_bytes_free(&out) }
    var bytes = Array(UnsafeBufferPointer(start: out.data, count: out.length))
    if case .jpeg = format { profile?.embed(inJPEG: &bytes) }
    return RenderedImage(bytes: bytes, mediaType: format.mediaType, width: width, height: height)
  }
}

extension cc_status {
  /// The text as a Swift string.
  var message: String {
    withUnsafeBytes(of: text) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }
}
