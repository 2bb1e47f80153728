extension DataSet {
  /// One item of a sequence; nil if there is none of this number (from 0).
  ///
  /// Unlike `items` it looks at nothing but the way to it: per-frame functional groups have thousands of items.
  public func item(_ tag: Tag, _ number: Int) -> DataSet? {
    guard number >= 0, let index = index(of: tag), table.records[index].vr == .sq else { return nil }
    let end = Int(table.records[index].end)
    var item = index + 1
    var left = number
    while item < end {
      let next = Int(table.records[item].end)
      if left == 0 { return DataSet(table, range: item + 1..<next, inherited: characterSet) }
      left -= 1
      item = next
    }
    return nil
  }

  /// The value as 16-bit words in our byte order, whatever VR it was written in (lookup tables come as US, SS or OW, and as OB);
  /// empty if the element is absent.
  public func words(_ tag: Tag) -> [UInt16] {
    guard let record = record(tag), record.vr != .sq else { return [] }
    return table.bytes.withUnsafeBytes { memory in
      (0..<record.length / 2).map { record.load($0, memory) }
    }
  }

  /// The value as it lies in the file; empty if the element is absent.
  public func octets(_ tag: Tag) -> [UInt8] {
    guard let record = record(tag), record.vr != .sq else { return [] }
    return table.bytes.withUnsafeBytes { [UInt8]($0[record.range]) }
  }

  /// The first value of an attribute "US or SS" that speaks of stored pixel values, with the sign that these have.
  public func storedValue(_ tag: Tag, _ format: FrameFormat) -> Int? {
    guard let record = record(tag) else { return nil }
    // Longer ones belong to 32-bit pixels, and say their sign themselves.
    guard record.length == 2, record.vr != .sq else { return int(tag) }
    let word: UInt16 = table.bytes.withUnsafeBytes { record.load(0, $0) }
    return format.isSigned ? Int(Int16(bitPattern: word)) : Int(word)
  }
}
