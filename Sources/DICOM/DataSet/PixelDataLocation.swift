/// Where the frames of an object lie: byte ranges in its file, or in its inflated data set.
public struct PixelDataLocation: Sendable, Equatable {
  /// Frames that can be taken out singly. A video is one stream: 1, whatever Number of Frames says.
  public let frameCount: Int
  /// The frames are codestreams, not samples.
  public let isEncapsulated: Bool
  /// The ranges count from the start of the inflated data set: the file itself is deflated.
  public let isInInflatedDataSet: Bool

  private let layout: Layout

  private enum Layout: Equatable {
    /// Frames follow one another without a gap, of equal length; of 1-bit images even bit by bit.
    case native(offset: Int, bitsPerFrame: Int)
    /// `starts[n]..<starts[n + 1]` are the fragments of frame n.
    case fragments([Range<Int>], starts: [Int])
  }

  /// - Parameter bitsPerFrame: greater than zero.
  init(nativeAt offset: Int, bitsPerFrame: Int, frameCount: Int, isInInflatedDataSet: Bool) {
    self.frameCount = frameCount
    self.isInInflatedDataSet = isInInflatedDataSet
    isEncapsulated = false
    layout = .native(offset: offset, bitsPerFrame: bitsPerFrame)
  }

  /// - Parameter starts: the index of each frame's first fragment, and after them the number of fragments.
  init(fragments: [Range<Int>], starts: [Int], isInInflatedDataSet: Bool) {
    frameCount = starts.count - 1
    self.isInInflatedDataSet = isInInflatedDataSet
    isEncapsulated = true
    layout = .fragments(fragments, starts: starts)
  }

  /// The byte ranges that, one after the other, make a frame.
  ///
  /// A native frame has one range. If its bits do not begin on a byte (1-bit images whose Rows × Columns is no multiple of
  /// 8), the range takes in the bytes it shares with its neighbours: see `bitOffset(of:)`. A range may have one byte of
  /// padding at its end, as PS3.5 §A.4 wants fragments even.
  ///
  /// - Parameter frame: from 0; outside `0..<frameCount` there is no range.
  public func fragments(of frame: Int) -> [Range<Int>] {
    guard frame >= 0, frame < frameCount else { return [] }
    switch layout {
    case .native(let offset, let bits):
      let first = frame * bits
      return [offset + first / 8..<offset + (first + bits + 7) / 8]
    case .fragments(let fragments, let starts):
      return Array(fragments[starts[frame]..<starts[frame + 1]])
    }
  }

  /// The first bit of a frame in the first byte of its range, from 0 (least significant) to 7.
  public func bitOffset(of frame: Int) -> Int {
    guard frame >= 0, frame < frameCount, case .native(_, let bits) = layout else { return 0 }
    return frame * bits % 8
  }

  /// The bytes of a frame.
  public func byteCount(of frame: Int) -> Int { fragments(of: frame).reduce(0) { $0 + $1.count } }
}

extension PixelDataLocation {
  private static let version: UInt8 = 1

  /// A compact form for the index: a few bytes for native pixels, about 4 a fragment for encapsulated ones.
  public func encoded() -> [UInt8] {
    var writer = VariableLengthIntegers()
    let flags: UInt8 = (isEncapsulated ? 1 : 0) | (isInInflatedDataSet ? 2 : 0)
    switch layout {
    case .native(let offset, let bits):
      for value in [offset, bits, frameCount] { writer.append(value) }
    case .fragments(let fragments, let starts):
      writer.append(fragments.count)
      var position = 0
      for range in fragments {
        writer.append(range.lowerBound - position)
        writer.append(range.count)
        position = range.upperBound
      }
      writer.append(starts.count)
      var previous = 0
      for start in starts {
        writer.append(start - previous)
        previous = start
      }
    }
    return [Self.version, flags] + writer.bytes
  }

  /// Reads what `encoded()` wrote; nil for anything else.
  public init?(encoded: [UInt8]) {
    guard encoded.count >= 2, encoded[0] == Self.version, encoded[1] < 4 else { return nil }
    var reader = VariableLengthIntegers(bytes: encoded, position: 2)
    let inflated = encoded[1] & 2 != 0
    if encoded[1] & 1 == 0 {
      guard let offset = reader.next(), let bits = reader.next(), let frames = reader.next(), reader.isAtEnd,
        bits > 0, frames <= (Int.max >> 1 - offset) / bits
      else { return nil }
      self.init(nativeAt: offset, bitsPerFrame: bits, frameCount: frames, isInInflatedDataSet: inflated)
      return
    }
    guard let fragmentCount = reader.next(), fragmentCount <= encoded.count else { return nil }
    var fragments: [Range<Int>] = []
    fragments.reserveCapacity(fragmentCount)
    var position = 0
    for _ in 0..<fragmentCount {
      guard let gap = reader.next(), let count = reader.next(), gap <= Int.max >> 2, count <= Int.max >> 2,
        position <= Int.max >> 2
      else { return nil }
      fragments.append(position + gap..<position + gap + count)
      position += gap + count
    }
    guard let startCount = reader.next(), startCount >= 1, startCount <= encoded.count else { return nil }
    var starts: [Int] = []
    starts.reserveCapacity(startCount)
    var start = 0
    for _ in 0..<startCount {
      guard let step = reader.next(), step <= fragmentCount - start else { return nil }
      start += step
      starts.append(start)
    }
    guard starts.first == 0, starts.last == fragmentCount, reader.isAtEnd else { return nil }
    self.init(fragments: fragments, starts: starts, isInInflatedDataSet: inflated)
  }
}

extension PixelDataLocation: Codable {
  /// Encoded as the bytes of `encoded()`, in hexadecimal digits.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    let digits = Array("0123456789abcdef".utf8)
    try container.encode(
      String(decoding: encoded().flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self))
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let digits = Array(try container.decode(String.self).utf8)
    let nibbles = digits.compactMap { Character(UnicodeScalar($0)).hexDigitValue.map { UInt8($0) } }
    let bytes = stride(from: 0, to: nibbles.count & ~1, by: 2).map { nibbles[$0] << 4 | nibbles[$0 + 1] }
    guard nibbles.count == digits.count, let location = PixelDataLocation(encoded: bytes) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "no pixel data location")
    }
    self = location
  }
}

/// Integers from zero up, seven bits a byte, the low ones first.
private struct VariableLengthIntegers {
  var bytes: [UInt8] = []
  var position = 0

  mutating func append(_ value: Int) {
    var rest = UInt64(value)
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  var isAtEnd: Bool { position == bytes.count }

  mutating func next() -> Int? {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 63, by: 7) {
      guard position < bytes.count else { return nil }
      let byte = bytes[position]
      position += 1
      value |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return Int(exactly: value) }
    }
    return nil
  }
}
