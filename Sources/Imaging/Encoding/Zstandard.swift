import CCodecs

/// zstd (RFC 8878), for what travels over the thin link and is not compressed already: data-set headers and lists.
public enum Zstandard {
  /// The bytes as one frame; nil when memory is short.
  ///
  /// - Parameter level: zstd's, 1 (fast) to 22 (small, slow, much memory).
  public static func compress(_ bytes: UnsafeRawBufferPointer, level: Int) -> [UInt8]? {
    var out = cc_bytes()
    guard cc_zstd(bytes.baseAddress, bytes.count, Int32(level), &out).code == 0 else { return nil }
    defer { cc_bytes_free(&out) }
    return Array(UnsafeBufferPointer(start: out.data, count: out.length))
  }

  /// What one frame holds; nil when it is damaged, cut short, has bytes behind it, or holds more than `limit` bytes.
  ///
  /// Memory grows with what is really unpacked, not with what the frame says of itself.
  public static func decompress(_ bytes: UnsafeRawBufferPointer, limit: Int) -> [UInt8]? {
    var out = cc_bytes()
    guard limit >= 0, cc_unzstd(bytes.baseAddress, bytes.count, limit, &out).code == 0 else { return nil }
    defer { cc_bytes_free(&out) }
    return Array(UnsafeBufferPointer(start: out.data, count: out.length))
  }
}
