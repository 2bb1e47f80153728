import CCodecs

/// gzip (RFC 1952), for text on its way to clients that ask for it; never for pixels, which are compressed already or not
/// worth it.
public enum Gzip {
  /// The bytes as one gzip member; nil when memory is short.
  ///
  /// - Parameter level: zlib's, 1 (fast) to 9. DICOM JSON at 3 becomes a tenth at about 150 MB/s.
  public static func compress(_ bytes: UnsafeRawBufferPointer, level: Int = 3) -> [UInt8]? {
    var out = cc_bytes()
    guard cc_gzip(bytes.baseAddress, bytes.count, Int32(level), &out).code == 0 else { return nil }
    defer { cc_bytes_free(&out) }
    return Array(UnsafeBufferPointer(start: out.data, count: out.length))
  }
}
