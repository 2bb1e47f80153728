import CCodecs

/// JPEG for people: the one way from 8-bit samples, or from words and a table, to a file.
enum JPEGEncoder {
  /// - Parameters:
  ///   - rows: valid during the call.
  ///   - threads: for large pictures; the bytes do not depend on it.
  static func encode(
    _ rows: cc_rows, width: Int, height: Int, channels: Int, quality: Int, threads: Int
  ) throws(RenderFailure) -> [UInt8] {
    var rows = rows
    var out = cc_bytes()
    let status = cc_jpeg_encode(
      &rows, Int32(width), Int32(height), Int32(channels), Int32(clamping: quality), quality >= 90, true,
      UInt32(clamping: threads), &out)
    guard status.code == 0 else { throw .unencodable(status.message) }
    defer { cc_bytes_free(&out) }
    return Array(UnsafeBufferPointer(start: out.data, count: out.length))
  }
}

extension cc_rows {
  /// Rows of samples without anything between.
  init(samples: UnsafeRawPointer, stride: Int) {
    self.init(start: samples, stride: stride, table: nil, stored: cc_stored())
  }
}
