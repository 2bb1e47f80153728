import CCodecs

/// An 8-bit picture: grey (one channel) or RGB by pixel (three).
struct Picture {
  var width: Int
  var height: Int
  var channels: Int
  var pixels: [UInt8]

  /// The picture as the bytes of an image file.
  func encoded(as format: PictureFormat) throws(RenderFailure) -> RenderedImage {
    var out = cc_bytes()
    let status =
      switch format {
      case .jpeg(let quality):
        cc_jpeg_encode(
          pixels, Int32(width), Int32(height), Int32(channels), Int32(clamping: quality), quality >= 90, &out)
      case .png:
        cc_png_encode(pixels, Int32(width), Int32(height), Int32(channels), 8, &out)
      }
    guard status.code == 0 else { throw .unencodable(status.message) }
    defer { cc_bytes_free(&out) }
    return RenderedImage(
      bytes: Array(UnsafeBufferPointer(start: out.data, count: out.length)), mediaType: format.mediaType,
      width: width, height: height)
  }
}

extension cc_status {
  /// The text as a Swift string.
  var message: String {
    withUnsafeBytes(of: text) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }
}
