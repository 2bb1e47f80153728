/// Sequences, items and the fragments of encapsulated pixel data (PS3.5 §7.5, §A.4).
extension Walker {
  mutating func enter(_ tag: Tag, _ header: Header, isUndefined: Bool) throws(ParseFailure) {
    let start = header.valueOffset
    if isUndefined {
      let isOctets =
        switch header.vr.form {
        case .octets: header.vr != .un
        default: false
        }
      if tag == .pixelData || isOctets && header.encoding.isExplicit {
        return try readFragments(tag, header)
      }
      // An implicit header has no VR to contradict; an explicit one must be a sequence or UN.
      guard header.vr == .sq || header.vr == .un || !header.encoding.isExplicit else {
        throw ParseFailure(.invalidLength, tag: tag, offset: start)
      }
    } else if Int(header.length) > current.limit - start {
      throw ParseFailure(.truncated, tag: tag, offset: start)
    }

    var encoding = header.encoding
    if header.isUnknown {
      // The standard says little endian; data sets turned into big endian kept their own order inside.
      encoding = Encoding(isExplicit: false, isBigEndian: itemByteOrder(start) ?? false)
    }
    try append(tag, .sq, encoding, offset: start, length: isUndefined ? 0 : Int(header.length))
    try push(
      Container(
        kind: .sequence, encoding: encoding, limit: isUndefined ? current.limit : start + Int(header.length),
        isUndefined: isUndefined, record: records.count - 1, hasSignedPixels: current.hasSignedPixels,
        isUnknown: header.isUnknown || current.isUnknown), tag)
    position = start
  }

  mutating func readItemHeader() throws(ParseFailure) {
    let start = position
    guard current.limit - start >= 8 else {
      throw ParseFailure(current.isUndefined && current.limit == start ? .unterminated : .truncated, offset: start)
    }
    let tag = readTag(start, current.encoding)
    let length = readUInt32(start + 4, current.encoding)
    position = start + 8
    switch tag {
    case .item:
      let isUndefined = length == .max
      guard isUndefined || Int(length) <= current.limit - position else {
        throw ParseFailure(.truncated, tag: tag, offset: start)
      }
      var encoding = current.encoding
      if current.isUnknown, !encoding.isExplicit, looksExplicit(position, encoding) { encoding.isExplicit = true }
      try append(tag, .un, encoding, offset: position, length: isUndefined ? 0 : Int(length))
      try push(
        Container(
          kind: .item, encoding: encoding, limit: isUndefined ? current.limit : position + Int(length),
          isUndefined: isUndefined, record: records.count - 1, hasSignedPixels: current.hasSignedPixels,
          isUnknown: current.isUnknown), tag)
    case .sequenceDelimitation where current.isUndefined:
      close(at: start)
    case .sequenceDelimitation where length == 0, .itemDelimitation where length == 0:
      break  // Superfluous: the sequence or the item before has a length.
    default:
      throw ParseFailure(.malformedSequence, tag: tag, offset: start)
    }
  }

  mutating func readDelimiter(_ tag: Tag) throws(ParseFailure) {
    let start = position
    guard tag == .itemDelimitation, current.kind == .item else {
      throw ParseFailure(.strayDelimiter, tag: tag, offset: start)
    }
    position = start + 8
    if current.isUndefined {
      close(at: start)
    } else if position != current.limit {
      throw ParseFailure(.strayDelimiter, tag: tag, offset: start)
    }
  }

  /// An item in a sequence written as UN ought to be implicit. It is explicit if that alone makes sense.
  func looksExplicit(_ offset: Int, _ encoding: Encoding) -> Bool {
    guard current.limit - offset >= 8 else { return false }
    return VR(memory[offset + 4], memory[offset + 5]).isKnown
      && Int(readUInt32(offset + 4, encoding)) > current.limit - offset - 8
  }

  /// Whether an item that begins here is big endian; nil if no item does.
  func itemByteOrder(_ offset: Int) -> Bool? {
    guard current.limit - offset >= 8 else { return nil }
    if readTag(offset, .implicitLittle).group == 0xFFFE { return false }
    if readTag(offset, .explicitBig).group == 0xFFFE { return true }
    return nil
  }

  mutating func push(_ container: Container, _ tag: Tag) throws(ParseFailure) {
    // A level of nesting is a sequence and an item.
    guard open.count < limits.depth * 2 else { throw ParseFailure(.tooDeep, tag: tag, offset: position) }
    open.append(current)
    current = container
  }

  /// Leaves the container; `end` is where its value ended if only a delimiter told.
  mutating func close(at end: Int? = nil) {
    records[current.record].end = Int32(records.count)
    if let end { records[current.record].length = end - records[current.record].offset }
    if let parent = open.popLast() { current = parent }
  }

  /// Headers of fragments whose pages are held at a time.
  static let fragmentsHeld = 128

  mutating func readFragments(_ tag: Tag, _ header: Header) throws(ParseFailure) {
    let start = header.valueOffset
    let isTop = current.kind == .dataSet && tag == .pixelData && pixelDataEnd == nil
    var offset = start
    var forgotten = start
    var count = 0
    while true {
      guard current.limit - offset >= 8 else { throw ParseFailure(.unterminated, tag: tag, offset: offset) }
      let item = readTag(offset, header.encoding)
      let length = readUInt32(offset + 4, header.encoding)
      if item == .sequenceDelimitation { break }
      guard item == .item, length != .max else { throw ParseFailure(.malformedPixelData, tag: tag, offset: offset) }
      guard Int(length) <= current.limit - offset - 8 else {
        throw ParseFailure(.truncated, tag: tag, offset: offset)
      }
      count += 1
      guard count + records.count < limits.elements else {
        throw ParseFailure(.tooManyElements, tag: tag, offset: offset)
      }
      if isTop { fragments.append(offset + 8..<offset + 8 + Int(length)) }
      offset += 8 + Int(length)
      // With each header the system maps sixteen pages around it.
      if let bytes, count % Self.fragmentsHeld == 0 {
        bytes.forget(forgotten..<offset)
        forgotten = offset
      }
    }
    let vr = header.encoding.isExplicit && header.vr != .un ? header.vr : VR.ob
    try append(tag, vr, header.encoding, offset: start, length: offset - start, flags: .fragments)
    position = offset + 8
    if isTop { pixelDataEnd = position }
  }
}
