/// Lists of numbers in a compact form for the index: each as the distance from the one before, seven bits a byte, the low ones first.
///
/// A frame of five layers takes about twelve bytes.
enum FrameExtents {
  /// As in ``ArrivingObject/frames``.
  static func encoded(_ frames: [[Int]]) -> [UInt8] {
    var bytes: [UInt8] = []
    append(frames.count, to: &bytes)
    var position = 0
    for frame in frames {
      append(frame.count, to: &bytes)
      // Frames may lie in any order: the lowest bit says which way.
      let step = frame[0] - position
      append(step < 0 ? -step << 1 | 1 : step << 1, to: &bytes)
      var last = 0
      for end in frame.dropFirst() {
        append(end - last, to: &bytes)
        last = end
      }
      position = frame[0] + last
    }
    return bytes
  }

  /// nil for anything that ``encoded(_:)-([[Int]])`` did not write.
  static func decoded(_ bytes: [UInt8]) -> [[Int]]? {
    var position = 0
    guard let count = next(bytes, &position), count <= bytes.count else { return nil }
    var frames: [[Int]] = []
    frames.reserveCapacity(count)
    var place = 0
    for _ in 0..<count {
      guard let length = next(bytes, &position), (2...bytes.count).contains(length), let step = next(bytes, &position)
      else { return nil }
      var frame = [place + (step & 1 == 1 ? -(step >> 1) : step >> 1)]
      guard (0...ArrivingObject.largestSize).contains(frame[0]) else { return nil }
      var end = 0
      for _ in 1..<length {
        guard let step = next(bytes, &position), step <= ArrivingObject.largestSize - end else { return nil }
        end += step
        frame.append(end)
      }
      place = frame[0] + end
      frames.append(frame)
    }
    return position == bytes.count ? frames : nil
  }

  static func encoded(_ ranges: ByteRanges) -> [UInt8] {
    var bytes: [UInt8] = []
    var last = 0
    for bound in ranges.flat {
      append(bound - last, to: &bytes)
      last = bound
    }
    return bytes
  }

  /// nil for anything that ``encoded(_:)-(ByteRanges)`` did not write.
  static func ranges(_ bytes: [UInt8]) -> ByteRanges? {
    var position = 0
    var flat: [Int] = []
    while position < bytes.count {
      let last = flat.last ?? 0
      guard let step = next(bytes, &position), step <= ArrivingObject.largestSize - last else { return nil }
      flat.append(last + step)
    }
    return ByteRanges(flat: flat)
  }

  private static func append(_ value: Int, to bytes: inout [UInt8]) {
    var rest = UInt64(value)
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  private static func next(_ bytes: [UInt8], _ position: inout Int) -> Int? {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 56, by: 7) {
      guard position < bytes.count else { return nil }
      let byte = bytes[position]
      position += 1
      value |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return Int(value) }
    }
    return nil
  }
}
