/// Finds the frames in the pixel data of a data set that was walked.
struct FrameTable {
  let dataSet: DataSet
  let syntax: TransferSyntax
  /// Of the top level's encapsulated Pixel Data, the Basic Offset Table first.
  let fragments: [Range<Int>]
  let isInflated: Bool

  /// nil when there is no pixel data, or its description lacks what would divide it into frames.
  func locate() throws(ParseFailure) -> PixelDataLocation? {
    for tag in [Tag.pixelData, .floatPixelData, .doubleFloatPixelData] {
      guard let record = dataSet.record(tag) else { continue }
      if record.flags.contains(.fragments) {
        guard syntax.isEncapsulated else { throw ParseFailure(.malformedPixelData, tag: tag, offset: record.offset) }
        return try encapsulated(record)
      }
      // A value of defined length in an encapsulated syntax: nothing is missing, but nobody can say what it is.
      return syntax.isEncapsulated ? nil : try native(record)
    }
    return nil
  }

  private var declaredFrames: Int { max(1, dataSet.int(.numberOfFrames) ?? 1) }

  // MARK: Native

  private func native(_ record: ElementRecord) throws(ParseFailure) -> PixelDataLocation? {
    guard record.length > 0, let bits = bitsPerFrame(record) else { return nil }
    let frames = declaredFrames
    let (total, overflow) = bits.multipliedReportingOverflow(by: frames)
    guard !overflow, total <= record.length * 8 else {
      throw ParseFailure(.pixelDataTooShort, tag: record.tag, offset: record.offset)
    }
    return PixelDataLocation(
      nativeAt: record.offset, bitsPerFrame: bits, frameCount: frames, isInInflatedDataSet: isInflated)
  }

  /// Rows × Columns × Samples per Pixel × Bits Allocated (PS3.5 §8.1.1), less where chroma is subsampled.
  private func bitsPerFrame(_ record: ElementRecord) -> Int? {
    // The limits are those of the VRs; they also keep the products below 2⁵⁴.
    let most = 0xFFFF
    guard let rows = dataSet.int(.rows), let columns = dataSet.int(.columns), (1...most).contains(rows),
      (1...most).contains(columns)
    else { return nil }
    let pixels = rows * columns
    let samples = dataSet.int(.samplesPerPixel) ?? 1
    let allocated =
      switch record.tag {
      case .floatPixelData: 32
      case .doubleFloatPixelData: 64
      default: dataSet.int(.bitsAllocated) ?? 0
      }
    guard (1...most).contains(samples), (1...64).contains(allocated) else { return nil }
    let full = pixels * samples * allocated
    guard samples == 3 else { return full }
    let subsampled: Int
    switch dataSet.string(.photometricInterpretation) {
    case "YBR_FULL_422", "YBR_PARTIAL_422": subsampled = pixels * 2 * allocated
    case "YBR_PARTIAL_420": subsampled = pixels * 3 / 2 * allocated
    default: return full
    }
    // Some devices name a subsampled interpretation and write all samples.
    let (total, overflow) = full.multipliedReportingOverflow(by: declaredFrames)
    return !overflow && total <= record.length * 8 ? full : subsampled
  }

  // MARK: Encapsulated

  private func encapsulated(_ record: ElementRecord) throws(ParseFailure) -> PixelDataLocation? {
    let pieces = Array(fragments.dropFirst())
    let frames = syntax.isVideo ? 1 : declaredFrames
    guard !pieces.isEmpty else { throw ParseFailure(.pixelDataTooShort, tag: record.tag, offset: record.offset) }
    if frames == 1 { return location(pieces, starts: [0, pieces.count]) }
    if let starts = extendedOffsets(pieces, frames: frames) ?? basicOffsets(pieces, frames: frames) {
      return location(pieces, starts: starts)
    }
    if pieces.count == frames { return location(pieces, starts: Array(0...frames)) }
    guard pieces.count > frames else {
      // Part 2 of JPEG 2000 may hold many frames in one codestream: they cannot be told apart from here.
      if syntax == .jpeg2000MultiComponentLossless || syntax == .jpeg2000MultiComponent {
        return location(pieces, starts: [0, pieces.count])
      }
      throw ParseFailure(.pixelDataTooShort, tag: record.tag, offset: record.offset)
    }
    return startsOfCodestreams(pieces, frames: frames).map { location(pieces, starts: $0) }
  }

  private func location(_ pieces: [Range<Int>], starts: [Int]) -> PixelDataLocation {
    PixelDataLocation(fragments: pieces, starts: starts, isInInflatedDataSet: isInflated)
  }

  /// (7FE0,0001): 64-bit offsets of the frames' first items (PS3.3 §C.7.6.3.1.8).
  private func extendedOffsets(_ pieces: [Range<Int>], frames: Int) -> [Int]? {
    guard let record = dataSet.record(.extendedOffsetTable), record.length == frames * 8 else { return nil }
    return dataSet.table.bytes.withUnsafeBytes { memory in
      starts(pieces, frames: frames) { frame in
        let value = memory.loadUnaligned(fromByteOffset: record.offset + frame * 8, as: UInt64.self)
        return Int(exactly: record.flags.contains(.bigEndian) ? UInt64(bigEndian: value) : UInt64(littleEndian: value))
      }
    }
  }

  /// The first item: 32-bit offsets of the frames' first items (PS3.5 §A.4).
  private func basicOffsets(_ pieces: [Range<Int>], frames: Int) -> [Int]? {
    guard let table = fragments.first, table.count == frames * 4 else { return nil }
    return dataSet.table.bytes.withUnsafeBytes { memory in
      starts(pieces, frames: frames) { frame in
        let value = memory.loadUnaligned(fromByteOffset: table.lowerBound + frame * 4, as: UInt32.self)
        return Int(UInt32(littleEndian: value))
      }
    }
  }

  /// Offsets as indices of fragments; nil as soon as one does not point at the header of a fragment behind the last.
  private func starts(_ pieces: [Range<Int>], frames: Int, offset: (Int) -> Int?) -> [Int]? {
    let base = pieces[0].lowerBound - 8
    var result: [Int] = []
    result.reserveCapacity(frames + 1)
    var piece = 0
    for frame in 0..<frames {
      guard let wanted = offset(frame) else { return nil }
      while piece < pieces.count, pieces[piece].lowerBound - 8 - base < wanted { piece += 1 }
      guard piece < pieces.count, pieces[piece].lowerBound - 8 - base == wanted, result.last != piece else {
        return nil
      }
      result.append(piece)
    }
    guard result.first == 0 else { return nil }
    return result + [pieces.count]
  }

  /// Without a usable table: a fragment that begins as a codestream begins a frame. nil if that is not the right number.
  private func startsOfCodestreams(_ pieces: [Range<Int>], frames: Int) -> [Int]? {
    let bytes = dataSet.table.bytes
    var forgotten = 0
    let found = bytes.withUnsafeBytes { memory in
      pieces.indices.filter { index in
        if index % Walker.fragmentsHeld == 0 {
          bytes.forget(forgotten..<pieces[index].lowerBound)
          forgotten = pieces[index].lowerBound
        }
        return beginsCodestream(UnsafeRawBufferPointer(rebasing: memory[pieces[index]]))
      }
    }
    guard found.count == frames, found.first == 0 else { return nil }
    return found + [pieces.count]
  }

  private func beginsCodestream(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard bytes.count >= 4 else { return false }
    let head = (bytes[0], bytes[1], bytes[2])
    switch syntax.frameMediaType {
    case "image/jpeg", "image/jls":
      return head == (0xFF, 0xD8, 0xFF)  // SOI and the first byte of a marker
    case "image/jp2", "image/jpx", "image/jphc":
      return head == (0xFF, 0x4F, 0xFF) || bytes.count >= 12 && bytes[4..<8].elementsEqual("jP  ".utf8)  // SOC, JP2 box
    case "image/jxl":
      return bytes[0] == 0xFF && bytes[1] == 0x0A || bytes.count >= 12 && bytes[4..<8].elementsEqual("JXL ".utf8)
    case "image/dicom-rle":
      // The header of 64 bytes (PS3.5 §G.5): 1 to 15 segments, the first right behind it.
      guard bytes.count >= 64 else { return false }
      let words = (0..<2).map { UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: $0 * 4, as: UInt32.self)) }
      return (1...15).contains(words[0]) && words[1] == 64
    default:
      return false
    }
  }
}
