/// The elements of an object or of one item, in place: an index over its bytes, from which values are read when asked for.
///
/// Copying one costs a reference. An element that stands twice counts once, the first time, as in DCMTK. Text is decoded by
/// the Specific Character Set of the data set or, in an item that has its own, by that (`TextDecoder` has the rules).
public struct DataSet: Sendable {
  let table: ElementTable
  /// The records of this level and of what is in it.
  let range: Range<Int>
  let characterSet: CharacterSet

  /// A whole data set.
  init(_ table: ElementTable) {
    self.init(table, range: 0..<table.records.count, inherited: .none)
  }

  /// An item: its own character set, else that of what holds it (PS3.3 §C.12.1.1.2).
  init(_ table: ElementTable, range: Range<Int>, inherited: CharacterSet) {
    self.table = table
    self.range = range
    characterSet = Self.characterSet(table, range) ?? inherited
  }

  private static func characterSet(_ table: ElementTable, _ range: Range<Int>) -> CharacterSet? {
    guard let index = Self.find(.specificCharacterSet, table, range) else { return nil }
    let record = table.records[index]
    guard record.length > 0, record.vr != .sq else { return nil }
    return table.bytes.withUnsafeBytes { CharacterSet(terms: UnsafeRawBufferPointer(rebasing: $0[record.range])) }
  }

  /// The bytes that all ranges count in: the file, or the inflated data set.
  public var bytes: ObjectBytes { table.bytes }

  // MARK: Elements

  /// The tags of this level, ascending.
  public var tags: [Tag] { orderedElements().map { table.records[$0].tag } }

  public func contains(_ tag: Tag) -> Bool { index(of: tag) != nil }

  /// Where the value is empty there is nothing to read, but the element is there.
  public func vr(of tag: Tag) -> VR? { record(tag)?.vr }

  func record(_ tag: Tag) -> ElementRecord? { index(of: tag).map { table.records[$0] } }

  func index(of tag: Tag) -> Int? { Self.find(tag, table, range) }

  private static func find(_ tag: Tag, _ table: ElementTable, _ range: Range<Int>) -> Int? {
    table.records.withUnsafeBufferPointer { records in
      var index = range.lowerBound
      while index < range.upperBound {
        if records[index].tag == tag { return index }
        index = Int(records[index].end)
      }
      return nil
    }
  }

  /// The indices of this level's records by ascending tag, each tag once.
  func orderedElements() -> [Int] {
    var indices: [Int] = []
    indices.reserveCapacity(64)
    var isAscending = true
    var previous = Tag(rawValue: 0)
    var index = range.lowerBound
    table.records.withUnsafeBufferPointer { records in
      while index < range.upperBound {
        let tag = records[index].tag
        if tag <= previous, !indices.isEmpty { isAscending = false }
        previous = tag
        indices.append(index)
        index = Int(records[index].end)
      }
    }
    if isAscending { return indices }
    indices.sort { (table.records[$0].tag, $0) < (table.records[$1].tag, $1) }
    var last: Tag?
    return indices.filter { index in
      defer { last = table.records[index].tag }
      return table.records[index].tag != last
    }
  }

  // MARK: Sequences

  /// The items of a sequence; none if the element is absent or something else.
  public func items(_ tag: Tag) -> [DataSet] {
    guard let index = index(of: tag) else { return [] }
    return items(at: index)
  }

  func items(at index: Int) -> [DataSet] {
    let sequence = table.records[index]
    guard sequence.vr == .sq else { return [] }
    var items: [DataSet] = []
    var item = index + 1
    while item < Int(sequence.end) {
      let end = Int(table.records[item].end)
      items.append(DataSet(table, range: item + 1..<end, inherited: characterSet))
      item = end
    }
    return items
  }

  private func item(_ number: Int, at index: Int) -> DataSet? {
    let sequence = table.records[index]
    guard sequence.vr == .sq else { return nil }
    var item = index + 1
    var left = number
    while item < Int(sequence.end) {
      let end = Int(table.records[item].end)
      if left == 0 { return DataSet(table, range: item + 1..<end, inherited: characterSet) }
      left -= 1
      item = end
    }
    return nil
  }

  // MARK: Bulk data

  /// Where a value lies in `bytes`.
  ///
  /// Of encapsulated Pixel Data: from the header of the first item to the sequence delimiter; its frames are in
  /// `ParsedObject.pixelData`.
  public func bytes(of path: AttributePath) -> Range<Int>? { owner(of: path)?.record(path.tag)?.range }

  /// Bytes of a value in the byte order of the web, little endian, whatever the object's own is (PS3.18 §8.7.3.2).
  ///
  /// - Parameters:
  ///   - part: which bytes of the value; what lies outside of it is left out. To take a large value in pieces, choose
  ///     bounds that are multiples of 8.
  /// - Returns: nil when there is no such attribute.
  public func bulkData(of path: AttributePath, in part: Range<Int> = 0..<Int.max) -> [UInt8]? {
    guard let record = owner(of: path)?.record(path.tag), record.vr != .sq else { return nil }
    let wanted = part.clamped(to: 0..<record.length)
    return table.bytes.withUnsafeBytes { memory in
      var value = Array(memory[record.offset + wanted.lowerBound..<record.offset + wanted.upperBound])
      record.swapToLittleEndian(&value)
      return value
    }
  }

  /// Whether the value must be swapped on the way out: then `bytes(of:)` does not serve, only `bulkData(of:in:)`.
  public func isByteSwapped(_ path: AttributePath) -> Bool {
    guard let record = owner(of: path)?.record(path.tag) else { return false }
    return record.flags.contains(.bigEndian) && !record.flags.contains(.fragments) && record.vr.wordSize > 1
  }

  private func owner(of path: AttributePath) -> DataSet? {
    var level = self
    for step in path.steps {
      guard let index = level.index(of: step.sequence), let item = level.item(step.item, at: index) else { return nil }
      level = item
    }
    return level
  }
}

extension ElementRecord {
  func swapToLittleEndian(_ value: inout [UInt8]) {
    let size = vr.wordSize
    guard flags.contains(.bigEndian), !flags.contains(.fragments), size > 1 else { return }
    for start in stride(from: 0, through: value.count - size, by: size) {
      value[start..<start + size].reverse()
    }
  }
}
