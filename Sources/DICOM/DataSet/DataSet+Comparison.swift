import Glibc

extension ParsedObject {
  /// The first attribute in which two data sets differ, nil if they are equal: tags, value representations, structure and every value,
  /// compared in little endian byte order.
  ///
  /// Not compared are group lengths, which depend on how headers are written, the lengths of sequences, and `ignored` attributes of the
  /// top level. Of a difference inside a sequence the innermost attribute is told. Blocks: mapped values are read.
  public func firstDifference(from other: ParsedObject, ignoring ignored: Set<Tag>) -> Tag? {
    dataSet.firstDifference(from: other.dataSet, ignoring: ignored)
  }
}

extension DataSet {
  /// The same of two data sets, or of items.
  public func firstDifference(from other: DataSet, ignoring ignored: Set<Tag> = []) -> Tag? {
    let a = Side(table)
    let b = Side(other.table)
    // Ends of the containers that are open on both sides.
    var open: [(a: Int, b: Int)] = [(range.upperBound, other.range.upperBound)]
    var i = range.lowerBound
    var j = other.range.lowerBound
    while let level = open.last {
      let skipped = open.count == 1 ? ignored : []
      i = a.next(i, before: level.a, skipping: skipped)
      j = b.next(j, before: level.b, skipping: skipped)
      if i == level.a || j == level.b {
        if i != level.a { return a.records[i].tag }
        if j != level.b { return b.records[j].tag }
        open.removeLast()
        continue
      }
      let left = a.records[i]
      let right = b.records[j]
      guard left.tag == right.tag, left.vr == right.vr,
        left.flags.contains(.fragments) == right.flags.contains(.fragments)
      else { return min(left.tag, right.tag) }
      if left.vr == .sq || left.tag == .item {
        open.append((Int(left.end), Int(right.end)))
        i += 1
        j += 1
      } else {
        guard a.value(left, equals: right, in: b) else { return left.tag }
        i = Int(left.end)
        j = Int(right.end)
      }
    }
    return nil
  }

  /// One of two data sets that are walked side by side.
  private struct Side {
    let records: [ElementRecord]
    let bytes: ObjectBytes

    init(_ table: ElementTable) {
      records = table.records
      bytes = table.bytes
    }

    /// The next record of a level that is compared.
    func next(_ index: Int, before end: Int, skipping ignored: Set<Tag>) -> Int {
      var index = index
      while index < end, records[index].tag.element == 0 || ignored.contains(records[index].tag) {
        index = Int(records[index].end)
      }
      return index
    }

    func value(_ record: ElementRecord, equals other: ElementRecord, in side: Side) -> Bool {
      guard record.length == other.length else { return false }
      if record.length == 0 { return true }
      let size = record.vr.wordSize
      let isTurned = record.flags.contains(.bigEndian) != other.flags.contains(.bigEndian) && size > 1
      return bytes.withUnsafeBytes { memory in
        side.bytes.withUnsafeBytes { otherMemory in
          // In portions that are let go of: a value may be as long as the file.
          for start in stride(from: 0, to: record.length, by: ObjectBytes.portion) {
            let end = min(start + ObjectBytes.portion, record.length)
            let here = record.offset + start..<record.offset + end
            let there = other.offset + start..<other.offset + end
            let (value, otherValue) = (memory[here], otherMemory[there])
            if isTurned {
              var words = Array(value)
              words.reverseWords(of: size)
              guard words.elementsEqual(otherValue) else { return false }
            } else {
              let (a, b) = (UnsafeRawBufferPointer(rebasing: value), UnsafeRawBufferPointer(rebasing: otherValue))
              guard memcmp(a.baseAddress!, b.baseAddress!, a.count) == 0 else { return false }
            }
            if record.length > ObjectBytes.portion {
              bytes.forget(here)
              side.bytes.forget(there)
            }
          }
          return true
        }
      }
    }
  }
}
