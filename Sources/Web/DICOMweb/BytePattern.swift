import Glibc

/// A run of bytes to be found in long buffers: the C library looks for its rarest byte, then the rest is compared.
struct BytePattern: Sendable {
  let bytes: [UInt8]
  private let anchor: Int

  /// - Parameter anchor: the index of the byte that is rarest in what is searched.
  init(_ bytes: [UInt8], anchor: Int = 0) {
    self.bytes = bytes
    self.anchor = anchor
  }

  var count: Int { bytes.count }

  /// Where the pattern first begins.
  func firstIndex(in buffer: UnsafeRawBufferPointer) -> Int? {
    guard buffer.count >= count, let base = buffer.baseAddress else { return nil }
    let last = buffer.count - count
    var start = 0
    while start <= last, let hit = memchr(base + start + anchor, Int32(bytes[anchor]), last - start + 1) {
      start = UnsafeRawPointer(hit) - base - anchor
      if memcmp(base + start, bytes, count) == 0 { return start }
      start += 1
    }
    return nil
  }
}
