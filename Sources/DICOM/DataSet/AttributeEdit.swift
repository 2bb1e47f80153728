/// Writes an object anew with a few other attributes at its top level; everything else is copied byte for byte, pixel data too.
///
/// The transfer syntax stays. Only a deflated data set is written as what it was inflated to, Explicit VR Little Endian. Left out are the
/// lengths of groups that change; they are retired (PS3.5 §7.2).
public struct AttributeEdit: Sendable {
  /// Why an object cannot be written anew; the reason names no patient.
  public struct Failure: Error, Hashable, Sendable {
    public let reason: String
  }

  private enum Change: Sendable {
    case value(VR, [UInt8])
    case appended([DataSetWriter])
    case removed
  }

  private let object: ParsedObject
  private let encoding: Encoding
  private var changes: [Tag: Change] = [:]

  public init(of object: ParsedObject) {
    self.object = object
    encoding = object.isInflated ? .explicitLittle : Encoding(object.transferSyntax)
  }

  /// Sets an attribute to text, in the object's own character set; it is padded.
  public mutating func set(_ tag: Tag, _ vr: VR, _ text: [UInt8]) {
    changes[tag] = .value(vr, text.count % 2 == 1 ? text + [vr.paddingByte] : text)
  }

  /// Adds an item at the end of a sequence, which begins to exist with it. Its text is in the object's character set.
  public mutating func append(_ item: DataSetWriter, to sequence: Tag) {
    guard case .appended(let items)? = changes[sequence] else {
      changes[sequence] = .appended([item])
      return
    }
    changes[sequence] = .appended(items + [item])
  }

  /// Passes on the whole file.
  public func write(_ write: (UnsafeRawBufferPointer) throws -> Void) throws {
    let pieces = try pieces()
    if object.isInflated {
      let meta = object.fileMeta
      try FileMeta.canonicalHeader(
        sopClassUID: meta?.sopClassUID ?? "", sopInstanceUID: meta?.sopInstanceUID ?? "",
        transferSyntax: .explicitVRLittleEndian
      ).withUnsafeBytes(write)
    }
    for piece in pieces {
      switch piece {
      case .copied(let range): try object.dataSet.bytes.forEachPortion(of: range, write)
      case .written(let bytes): try bytes.withUnsafeBytes(write)
      }
    }
  }

  // MARK: Pieces

  private enum Piece {
    case copied(Range<Int>)
    case written([UInt8])
  }

  /// Where an element lies, header and all.
  private struct Extent {
    let record: ElementRecord
    let start: Int
    let end: Int
    /// Its header says SQ, or nothing.
    let isSequence: Bool
  }

  private func pieces() throws(Failure) -> [Piece] {
    let topLevel = try topLevel()
    let bytes = object.dataSet.bytes
    var changes = changes
    for tag in changes.keys { changes[Tag(tag.group, 0)] = .removed }
    var pieces: [Piece] = []
    var position = 0
    for (tag, change) in changes.sorted(by: { $0.key < $1.key }) {
      let next = topLevel.first { $0.tag >= tag } ?? topLevel[topLevel.count - 1]
      guard let extent = extent(of: next, bytes) else {
        throw Failure(reason: "\(next.tag) is not written as its transfer syntax wants it")
      }
      let isThere = next.tag == tag
      if !isThere, case .removed = change { continue }
      let start = next.tag < tag ? extent.end : extent.start
      guard start >= position else { throw Failure(reason: "\(tag) lies before what it follows") }
      pieces.append(.copied(position..<start))
      position = isThere ? extent.end : start
      switch change {
      case .removed: break
      case .value(let vr, let value):
        guard !isThere || next.vr != .sq else { throw Failure(reason: "\(tag) is a sequence") }
        var element = output()
        element.header(tag, vr, length: value.count)
        pieces.append(.written(element.bytes + value))
      case .appended(let items):
        var content = output()
        for item in items {
          var nested = output()
          item.write(to: &nested)
          content.itemHeader(.item, length: nested.bytes.count)
          content.bytes += nested.bytes
        }
        var kept = 0..<0
        if isThere {
          guard next.vr == .sq, extent.isSequence else { throw Failure(reason: "\(tag) is not written as a sequence") }
          kept = next.range
        }
        var header = output()
        header.header(tag, .sq, length: kept.count + content.bytes.count)
        pieces += [.written(header.bytes), .copied(kept), .written(content.bytes)]
      }
    }
    pieces.append(.copied(position..<bytes.count))
    return pieces
  }

  private func output() -> EncodedElements {
    EncodedElements(isExplicit: encoding.isExplicit, isLittleEndian: !encoding.isBigEndian)
  }

  private func topLevel() throws(Failure) -> [ElementRecord] {
    let records = object.dataSet.table.records
    var top: [ElementRecord] = []
    var index = 0
    while index < records.count {
      if let last = top.last, records[index].tag <= last.tag {
        throw Failure(reason: "the elements are not in ascending order")
      }
      top.append(records[index])
      index = Int(records[index].end)
    }
    return top
  }

  /// nil when no header that fits lies before the value.
  private func extent(of record: ElementRecord, _ bytes: ObjectBytes) -> Extent? {
    bytes.withUnsafeBytes { memory in
      func number<T: FixedWidthInteger>(_ offset: Int, _: T.Type) -> Int {
        let value = memory.loadUnaligned(fromByteOffset: offset, as: T.self)
        return Int(truncatingIfNeeded: encoding.isBigEndian ? T(bigEndian: value) : T(littleEndian: value))
      }
      func fits(_ length: Int) -> Bool? {
        if length == record.length { return false }
        let hasNoLength = record.vr == .sq || record.flags.contains(.fragments)
        return hasNoLength && length == Int(UInt32.max) ? true : nil
      }
      // Explicit with a long length, explicit with a short one, implicit (also among explicit ones).
      for (size, isExplicit) in [(12, true), (8, true), (8, false)] {
        let start = record.offset - size
        guard start >= object.lowestOffset, isExplicit ? encoding.isExplicit : true,
          number(start, UInt16.self) == Int(record.tag.group), number(start + 2, UInt16.self) == Int(record.tag.element)
        else { continue }
        let vr = VR(memory[start + 4], memory[start + 5])
        if isExplicit, !(vr.isKnown || vr.isTwoCapitals) || vr.hasLongLength != (size == 12) { continue }
        let length = isExplicit && size == 8 ? number(start + 6, UInt16.self) : number(record.offset - 4, UInt32.self)
        guard let isUndefined = fits(length) else { continue }
        return Extent(
          record: record, start: start, end: record.range.upperBound + (isUndefined ? 8 : 0),
          isSequence: isExplicit ? vr == .sq : !encoding.isExplicit)
      }
      return nil
    }
  }
}

extension ParsedObject {
  /// Of the data set, in its bytes.
  fileprivate var lowestOffset: Int { isInflated ? 0 : dataSetOffset }
}
