/// The header of encapsulated Pixel Data with its table of frames: a Basic Offset Table (PS3.5 §A.4) or, of 64 bits, an Extended
/// Offset Table with the lengths beside it (PS3.3 §C.7.6.3.1.8); then the Basic Offset Table is empty.
struct OffsetTables {
  private let output: OutputFile
  private let frames: Int
  private let isExtended: Bool

  /// Where the zeros of the offsets (and of the lengths) wait for their values.
  private var offsetsAt = 0
  private var lengthsAt = 0
  /// What offsets count from: the first fragment's item.
  private var firstItem = 0
  private var offsets: [Int] = []
  private var lengths: [Int] = []

  init(output: OutputFile, frames: Int, isExtended: Bool) {
    self.output = output
    self.frames = frames
    self.isExtended = isExtended
  }

  /// Writes everything up to the first fragment.
  mutating func reserve() throws {
    if isExtended {
      offsetsAt = try element([0xE0, 0x7F, 0x01, 0x00], zeros: frames * 8)
      lengthsAt = try element([0xE0, 0x7F, 0x02, 0x00], zeros: frames * 8)
    }
    // (7FE0,0010) OB, of undefined length.
    try output.write([0xE0, 0x7F, 0x10, 0x00, 0x4F, 0x42, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF])
    try output.write([0xFE, 0xFF, 0x00, 0xE0] + Self.bytes(isExtended ? 0 : frames * 4, count: 4))
    if !isExtended {
      offsetsAt = output.position
      try output.write([UInt8](repeating: 0, count: frames * 4))
    }
    firstItem = output.position
  }

  /// Writes the header of the fragment that holds the next frame.
  mutating func begin(frame: Int, length: Int) throws {
    precondition(frame == offsets.count)
    let padded = length + length % 2
    offsets.append(output.position - firstItem)
    lengths.append(length)
    try output.write([0xFE, 0xFF, 0x00, 0xE0] + Self.bytes(padded, count: 4))
  }

  /// Fills the tables, when all frames are written.
  func fill() throws {
    let size = isExtended ? 8 : 4
    try output.overwrite(offsets.flatMap { Self.bytes($0, count: size) }, at: offsetsAt)
    if isExtended { try output.overwrite(lengths.flatMap { Self.bytes($0, count: 8) }, at: lengthsAt) }
  }

  /// An OV element of zeros; returns where its value begins.
  private func element(_ tag: [UInt8], zeros count: Int) throws -> Int {
    try output.write(tag + [0x4F, 0x56, 0, 0] + Self.bytes(count, count: 4))
    let position = output.position
    try output.write([UInt8](repeating: 0, count: count))
    return position
  }

  private static func bytes(_ value: Int, count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
  }
}
