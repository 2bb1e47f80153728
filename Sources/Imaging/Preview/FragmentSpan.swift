import Foundation

/// The bytes of a file from the first to the last byte of a frame, which may lie in several fragments (PS3.5 §A.4).
enum FragmentSpan {
  /// Items that are looked at before a frame is taken for one fragment: a real one has some hundreds.
  private static let mostItems = 100_000

  /// The length of the first fragment, when items follow it that end exactly where the span ends; nil for a single fragment.
  static func firstLength(_ span: [UInt8]) -> Int? {
    span.withUnsafeBytes { bytes -> Int? in
      guard let base = bytes.baseAddress else { return nil }
      var left = mostItems
      var position = 0
      while position < bytes.count, left > 0, let found = memchr(base + position, 0xFE, bytes.count - position) {
        let start = UnsafeRawPointer(found) - base
        position = start + 1
        // Fragments have even lengths.
        if start % 2 == 0, start > 0, begins(bytes, start), isChain(bytes, from: start, &left) { return start }
      }
      return nil
    }
  }

  private static func begins(_ bytes: UnsafeRawBufferPointer, _ position: Int) -> Bool {
    bytes.count - position >= 8
      && bytes.loadUnaligned(fromByteOffset: position, as: UInt32.self).littleEndian == 0xE000_FFFE
  }

  /// Whether items follow one another from here to the end.
  private static func isChain(_ bytes: UnsafeRawBufferPointer, from start: Int, _ left: inout Int) -> Bool {
    var position = start
    while position < bytes.count {
      left -= 1
      guard left > 0, begins(bytes, position) else { return false }
      let length = Int(bytes.loadUnaligned(fromByteOffset: position + 4, as: UInt32.self).littleEndian)
      guard length <= bytes.count - position - 8 else { return false }
      position += 8 + length
    }
    return true
  }
}
