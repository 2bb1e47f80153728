/// Divides a data set into what is copied and what is written, for `PixelDataReplacement`. It never recurses.
struct PieceWriter {
  typealias Failure = PixelDataReplacement.Failure
  typealias Piece = PixelDataReplacement.Piece

  let records: [ElementRecord]
  /// New values of top-level elements.
  let changes: [Tag: [UInt8]]

  private var pieces: [Piece] = []
  private var pending: [UInt8] = []

  init(records: [ElementRecord], changes: [Tag: [UInt8]]) {
    self.records = records
    self.changes = changes
  }

  // MARK: Explicit VR Little Endian

  /// Copies all but the elements that change.
  mutating func copying(
    from start: Int, to bytes: ObjectBytes, topLevel: [Int]
  ) throws(Failure) -> ([Piece], headCount: Int) {
    var position = start
    var headCount = 0
    // The length of group 0028 is stale as soon as a value in it has another length.
    let resized = topLevel.contains { index in
      changes[records[index].tag].map { $0.count != records[index].length } ?? false
    }
    for index in topLevel {
      let record = records[index]
      let isStale =
        record.tag == Tag(0x7FE0, 0) || Self.isOffsetTable(record) || resized && record.tag == Tag(0x0028, 0)
      let isPixelData = record.tag == .pixelData
      let change = changes[record.tag]
      guard isStale || isPixelData || change != nil else { continue }
      guard let header = Self.header(record, bytes), header >= position else {
        throw Failure(reason: "\(record.tag) is not written as an explicit element")
      }
      copy(position..<header)
      if let change { append(record.tag, record.vr, change) }
      // Fragments end with a delimiter, which does not count as value.
      position = record.range.upperBound + (record.flags.contains(.fragments) ? 8 : 0)
      if isPixelData {
        flush()
        headCount = pieces.count
      }
    }
    copy(position..<bytes.count)
    flush()
    return (pieces, headCount)
  }

  /// Where the header of an explicit little endian element with a value of defined length begins.
  private static func header(_ record: ElementRecord, _ bytes: ObjectBytes) -> Int? {
    bytes.withUnsafeBytes { memory in
      for size in [12, 8] where record.offset >= size {
        let start = record.offset - size
        let group = UInt16(littleEndian: memory.loadUnaligned(fromByteOffset: start, as: UInt16.self))
        let element = UInt16(littleEndian: memory.loadUnaligned(fromByteOffset: start + 2, as: UInt16.self))
        let vr = VR(memory[start + 4], memory[start + 5])
        guard Tag(group, element) == record.tag, vr.isKnown, vr.hasLongLength == (size == 12) else { continue }
        let length =
          size == 12
          ? Int(UInt32(littleEndian: memory.loadUnaligned(fromByteOffset: start + 8, as: UInt32.self)))
          : Int(UInt16(littleEndian: memory.loadUnaligned(fromByteOffset: start + 6, as: UInt16.self)))
        if length == record.length || record.flags.contains(.fragments) && length == Int(UInt32.max) { return start }
      }
      return nil
    }
  }

  // MARK: Other syntaxes

  /// Writes every header anew, sequences and items with defined lengths.
  mutating func rewriting(topLevel: [Int]) throws(Failure) -> ([Piece], headCount: Int) {
    let lengths = try contentLengths()
    var headCount = 0
    var index = 0
    var top = topLevel.makeIterator()
    var nextTop = top.next()
    while index < records.count {
      let record = records[index]
      let isTop = index == nextTop
      if isTop { nextTop = top.next() }
      if isTop, record.tag == .pixelData {
        flush()
        headCount = pieces.count
        index = Int(record.end)
        continue
      }
      if Self.isGroupLength(record) || isTop && Self.isOffsetTable(record) {
        index = Int(record.end)
        continue
      }
      if isTop, let change = changes[record.tag] {
        append(record.tag, record.vr, change)
        index = Int(record.end)
        continue
      }
      if record.tag == .item {
        appendWords([record.tag.group, record.tag.element])
        appendLength(lengths[index])
      } else if record.vr == .sq {
        header(record.tag, .sq, length: lengths[index])
      } else {
        header(record.tag, record.vr, length: record.length)
        append(record)
      }
      index += 1
    }
    flush()
    return (pieces, headCount)
  }

  /// The length of each record's value as it will be written: backwards, so that what a sequence holds is known before it.
  private func contentLengths() throws(Failure) -> [Int] {
    var lengths = [Int](repeating: 0, count: records.count)
    // The open containers on the way back are those whose `end` is not yet passed; a child adds to the nearest one before it.
    var parents = [Int](repeating: -1, count: records.count)
    var open: [Int] = []
    for index in records.indices {
      while let last = open.last, Int(records[last].end) <= index { open.removeLast() }
      parents[index] = open.last ?? -1
      if Int(records[index].end) > index + 1 { open.append(index) }
    }
    for index in records.indices.reversed() {
      let record = records[index]
      if record.flags.contains(.fragments) { throw Failure(reason: "\(record.tag) is a sequence of fragments") }
      let isContainer = record.vr == .sq || record.tag == .item
      if !isContainer { lengths[index] = record.length }
      // The longest length that is not the sign for an undefined one.
      guard lengths[index] < Int(UInt32.max) else { throw Failure(reason: "\(record.tag) becomes too long") }
      if parents[index] >= 0, !Self.isGroupLength(record) {
        let header = record.tag == .item ? 8 : Self.written(record.vr, length: lengths[index]).hasLongLength ? 12 : 8
        lengths[parents[index]] += header + lengths[index]
      }
    }
    return lengths
  }

  private static func isGroupLength(_ record: ElementRecord) -> Bool { record.tag.element == 0 }

  /// Whatever the received object's tables say, its frames will lie elsewhere.
  private static func isOffsetTable(_ record: ElementRecord) -> Bool {
    record.tag == .extendedOffsetTable || record.tag == .extendedOffsetTableLengths
  }

  /// A value that is too long for a length of 16 bits is written as UN (PS3.5 §6.2.2).
  private static func written(_ vr: VR, length: Int) -> VR { vr.hasLongLength || length <= 0xFFFF ? vr : .un }

  // MARK: Pieces

  private mutating func append(_ record: ElementRecord) {
    guard record.length > 0 else { return }
    let wordSize = record.flags.contains(.bigEndian) ? record.vr.wordSize : 1
    flush()
    pieces.append(wordSize > 1 ? .turned(record.range, wordSize: wordSize) : .copied(record.range))
  }

  private mutating func append(_ tag: Tag, _ vr: VR, _ value: [UInt8]) {
    header(tag, vr, length: value.count)
    pending += value
  }

  private mutating func header(_ tag: Tag, _ vr: VR, length: Int) {
    appendWords([tag.group, tag.element])
    let vr = Self.written(vr, length: length)
    pending += [UInt8(vr.rawValue >> 8), UInt8(truncatingIfNeeded: vr.rawValue)]
    if vr.hasLongLength {
      pending += [0, 0]
      appendLength(length)
    } else {
      appendWords([UInt16(length)])
    }
  }

  private mutating func appendWords(_ words: [UInt16]) {
    for word in words { pending += [UInt8(truncatingIfNeeded: word), UInt8(word >> 8)] }
  }

  private mutating func appendLength(_ length: Int) {
    appendWords([UInt16(truncatingIfNeeded: length), UInt16(length >> 16)])
  }

  private mutating func copy(_ range: Range<Int>) {
    guard !range.isEmpty else { return }
    flush()
    pieces.append(.copied(range))
  }

  private mutating func flush() {
    guard !pending.isEmpty else { return }
    pieces.append(.written(pending))
    pending = []
  }
}
