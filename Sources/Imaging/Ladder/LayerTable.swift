import DICOM

/// Where the frames of a prepared object lie in its file, and where in each of them the quality layers end: what the index keeps so
/// that a preview is a read of one range, also from a file that is not complete yet.
public struct LayerTable: Sendable, Hashable {
  /// What a frame decodes to at full size.
  public let format: FrameFormat
  /// In the order of the frames.
  public let frames: [Frame]

  /// One codestream.
  public struct Frame: Sendable, Hashable {
    /// Of its first byte in the file.
    public let offset: Int
    /// Where each layer ends, counted from the codestream's first byte; the last is the codestream's length.
    public let layerEnds: [Int]

    public init(offset: Int, layerEnds: [Int]) {
      self.offset = offset
      self.layerEnds = layerEnds
    }

    /// The bytes in the file of this frame's first layers.
    public func range(layers: Int) -> Range<Int> {
      let layers = max(1, min(layers, layerEnds.count))
      return offset..<offset + layerEnds[layers - 1]
    }
  }

  /// - Parameter frames: each with at least one layer, in the order of the file.
  public init(format: FrameFormat, frames: [Frame]) {
    precondition(frames.allSatisfy { !$0.layerEnds.isEmpty })
    self.format = format
    self.frames = frames
  }

  /// The most layers that any frame has.
  public var layerCount: Int { frames.reduce(0) { max($0, $1.layerEnds.count) } }
}

extension LayerTable {
  private static let version = 1

  /// A compact form for the index: about ten bytes, and two or three a layer of each frame.
  public func encoded() -> [UInt8] {
    var writer = CompactIntegers()
    let photometric = Array(format.photometricInterpretation.rawValue.utf8)
    writer.append([
      Self.version, format.rows, format.columns, format.samplesPerPixel, format.bitsAllocated, format.bitsStored,
      format.highBit, format.isSigned ? 1 : 0, photometric.count,
    ])
    writer.bytes += photometric
    writer.append(frames.count)
    var position = 0
    for frame in frames {
      writer.append([frame.offset - position, frame.layerEnds.count])
      var end = 0
      for layerEnd in frame.layerEnds {
        writer.append(layerEnd - end)
        end = layerEnd
      }
      position = frame.offset + end
    }
    return writer.bytes
  }

  /// Reads the compact form; nil for anything else.
  public init?(encoded: [UInt8]) {
    var reader = CompactIntegers(bytes: encoded)
    guard reader.next() == Self.version, let rows = reader.next(), let columns = reader.next(),
      let samplesPerPixel = reader.next(), let allocated = reader.next(), let stored = reader.next(),
      let highBit = reader.next(), let sign = reader.next(), let textLength = reader.next(),
      let photometric = reader.take(textLength), let frameCount = reader.next(),
      (1...0xFFFF).contains(rows), (1...0xFFFF).contains(columns), [1, 3].contains(samplesPerPixel),
      [8, 16].contains(allocated), (1...allocated).contains(stored), (stored - 1..<allocated).contains(highBit),
      sign <= 1,
      // A frame takes three bytes at least; no room is made for more than there can be.
      frameCount <= encoded.count / 3
    else { return nil }
    var frames: [Frame] = []
    frames.reserveCapacity(frameCount)
    var position = 0
    for _ in 0..<frameCount {
      guard let gap = reader.next(), let layers = reader.next(), layers >= 1, layers <= encoded.count else {
        return nil
      }
      var ends: [Int] = []
      var end = 0
      for _ in 0..<layers {
        guard let step = reader.next(), step <= 1 << 48 else { return nil }
        end += step
        ends.append(end)
      }
      guard gap <= 1 << 48, position <= 1 << 48 else { return nil }
      frames.append(Frame(offset: position + gap, layerEnds: ends))
      position += gap + end
    }
    guard reader.isAtEnd else { return nil }
    self.init(
      format: FrameFormat(
        rows: rows, columns: columns, samplesPerPixel: samplesPerPixel, bitsAllocated: allocated, bitsStored: stored,
        highBit: highBit, isSigned: sign == 1,
        photometricInterpretation: PhotometricInterpretation(rawValue: String(decoding: photometric, as: UTF8.self))),
      frames: frames)
  }
}

/// Integers from zero up, seven bits a byte, the low ones first.
private struct CompactIntegers {
  var bytes: [UInt8] = []
  private var position = 0

  init(bytes: [UInt8] = []) { self.bytes = bytes }

  mutating func append(_ value: Int) {
    var rest = UInt64(value)
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  mutating func append(_ values: [Int]) { for value in values { append(value) } }

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

  mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
    guard count <= bytes.count - position else { return nil }
    defer { position += count }
    return bytes[position..<position + count]
  }
}
