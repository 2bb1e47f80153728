/// One bounded walk over the headers of all elements of a data set.
///
/// It never recurses (20,000 nested sequences end as `.tooDeep`), reads no byte that it has not found to be there, allocates
/// nothing by a length that stands in the data, and never touches a value but those of Pixel Representation.
///
/// Lenient where reading stays safe: tags out of order or twice (the first one counts, as in DCMTK), odd lengths, wrong group
/// lengths, implicit elements in an explicit data set, sequences written as UN, delimiters at the end of a sequence or item
/// that has a length as well, zero padding at the end.
struct Walker {
  let memory: UnsafeRawBufferPointer
  let limits: ParseLimits
  let dictionary = DataDictionary.table
  /// The data set ends before the first element whose tag is greater.
  let lastTag: Tag?
  /// Whose memory it is, where that is let go of behind the walk.
  let bytes: ObjectBytes?

  var records: [ElementRecord] = []
  /// Fragments of the top level's Pixel Data, the Basic Offset Table first.
  var fragments: [Range<Int>] = []
  /// The walk met an element behind `lastTag`.
  var passedLastTag = false

  var position: Int
  var open: [Container] = []
  /// What is being read: the data set, an item or a sequence.
  var current: Container
  var pixelDataEnd: Int?

  struct Container {
    enum Kind { case dataSet, item, sequence }
    let kind: Kind
    var encoding: Encoding
    /// Where it must end at the latest: its own end, or that of what holds it.
    let limit: Int
    let isUndefined: Bool
    /// -1 for the data set.
    let record: Int
    var hasSignedPixels: Bool
    /// A sequence written as UN: its items are implicit, unless their first element shows otherwise.
    var isUnknown = false
  }

  init(
    _ memory: UnsafeRawBufferPointer, from offset: Int, encoding: Encoding, limits: ParseLimits, lastTag: Tag? = nil,
    of bytes: ObjectBytes? = nil
  ) {
    self.memory = memory
    self.bytes = bytes
    self.limits = limits
    self.lastTag = lastTag
    position = offset
    current = Container(
      kind: .dataSet, encoding: encoding, limit: memory.count, isUndefined: false, record: -1, hasSignedPixels: false)
    records.reserveCapacity(256)
  }

  /// Reads to the end. After a failure `records` holds what came before it, as if all had been closed there.
  mutating func run() throws(ParseFailure) {
    do {
      try readAll()
    } catch {
      while current.record >= 0 { close(at: position) }
      throw error
    }
  }

  private mutating func readAll() throws(ParseFailure) {
    while !passedLastTag {
      if position == current.limit && !current.isUndefined {
        if current.kind == .dataSet { return }
        close()
        continue
      }
      switch current.kind {
      case .sequence:
        try readItemHeader()
      case .item:
        try readElement()
      case .dataSet:
        if isPadding() { return }
        try readTopElement()
      }
    }
  }

  /// A failure behind the pixel data, at what is no element, says that the data set had ended there.
  mutating func readTopElement() throws(ParseFailure) {
    let start = position
    do {
      try readElement()
    } catch {
      guard let pixelDataEnd, start >= pixelDataEnd, error.code != .tooManyElements, error.code != .tooDeep else {
        throw error
      }
      if let tag = error.tag, tag > .pixelData, error.code == .truncated || error.code == .unterminated { throw error }
      throw ParseFailure(.trailingGarbage, offset: start)
    }
  }

  func isPadding() -> Bool {
    let rest = UnsafeRawBufferPointer(rebasing: memory[position..<current.limit])
    if rest.count >= 4, rest.loadUnaligned(as: UInt32.self) != 0 { return false }
    return rest.count <= 64 << 20 && rest.isAllZero
  }

  // MARK: Headers

  mutating func readElement() throws(ParseFailure) {
    let start = position
    let limit = current.limit
    guard limit - start >= 8 else {
      throw ParseFailure(current.isUndefined && limit == start ? .unterminated : .truncated, offset: start)
    }
    let encoding = current.encoding
    let tag = readTag(start, encoding)
    if tag.group == 0xFFFE { return try readDelimiter(tag) }
    if let lastTag, tag > lastTag, current.kind == .dataSet {
      passedLastTag = true
      return
    }

    var header = Header(valueOffset: start + 8, length: 0, vr: .un, encoding: encoding)
    if encoding.isExplicit {
      try readExplicitHeader(tag, start, &header)
    } else {
      header.length = readUInt32(start + 4, encoding)
      header.vr = vr(of: tag)
    }

    let isUndefined = header.length == UInt32.max
    if isUndefined || header.vr == .sq {
      return try enter(tag, header, isUndefined: isUndefined)
    }
    let length = Int(header.length)
    guard length <= limit - header.valueOffset else { throw ParseFailure(.truncated, tag: tag, offset: start) }
    if tag == .pixelRepresentation, length >= 2 {
      current.hasSignedPixels = readUInt16(header.valueOffset, header.encoding) == 1
    }
    try append(tag, header.vr, header.encoding, offset: header.valueOffset, length: length)
    position = header.valueOffset + length
    if current.kind == .dataSet, tag == .pixelData { pixelDataEnd = position }
  }

  struct Header {
    var valueOffset: Int
    var length: UInt32
    var vr: VR
    var encoding: Encoding
    /// Written as UN, whatever `vr` became.
    var isUnknown = false
  }

  func readExplicitHeader(_ tag: Tag, _ start: Int, _ header: inout Header) throws(ParseFailure) {
    let vr = VR(memory[start + 4], memory[start + 5])
    header.vr = vr
    guard vr.isKnown || vr.isTwoCapitals else {
      return try readImplicitHeader(tag, start, &header)
    }
    if !vr.hasLongLength {
      header.length = UInt32(readUInt16(start + 6, header.encoding))
      return
    }
    guard current.limit - start >= 12 else {
      throw ParseFailure(vr.isKnown ? .truncated : .unknownVR, tag: tag, offset: start)
    }
    header.valueOffset = start + 12
    header.length = readUInt32(start + 8, header.encoding)
    if !vr.isKnown {
      // A VR that is still to be invented has two reserved zero bytes and a long length (PS3.5 §7.1.2).
      let fits = Int(header.length) <= current.limit - header.valueOffset
      guard readUInt16(start + 6, header.encoding) == 0, fits else {
        throw ParseFailure(.unknownVR, tag: tag, offset: start)
      }
      header.vr = .un
    }
    if header.vr == .un { resolveUnknown(tag, &header) }
  }

  /// A writer that knew no VR wrote an implicit header instead.
  ///
  /// Believed only for a tag that the dictionary knows, with a length that fits, before a tag that does not go back.
  func readImplicitHeader(_ tag: Tag, _ start: Int, _ header: inout Header) throws(ParseFailure) {
    header.length = readUInt32(start + 4, header.encoding)
    header.vr = self.vr(of: tag)
    let end = start + 8 + Int(header.length)
    guard dictionary.entry(tag) != .none, header.length != .max, end <= current.limit,
      current.limit - end < 4 || readTag(end, header.encoding) > tag
    else { throw ParseFailure(.unknownVR, tag: tag, offset: start) }
    header.encoding.isExplicit = false
  }

  /// UN is written for what the sender did not know; its content is implicit little endian (PS3.5 §6.2.2).
  ///
  /// Where our dictionary knows better, the value gets its true VR; a sequence only if it begins with an item.
  func resolveUnknown(_ tag: Tag, _ header: inout Header) {
    header.isUnknown = true
    if header.length == .max { return }
    let known = vr(of: tag)
    if known == .sq {
      let offset = header.valueOffset
      guard header.length >= 8, Int(header.length) <= current.limit - offset, itemByteOrder(offset) != nil else {
        return
      }
    }
    header.vr = known
    if known != .sq, known != .un { header.encoding = .implicitLittle }
  }

  func vr(of tag: Tag) -> VR {
    switch dictionary.entry(tag) {
    case .none: .un
    case .vr(let vr): vr
    case .octetsOrWords, .lookupTable: .ow
    case .signedOrUnsigned: current.hasSignedPixels ? .ss : .us
    }
  }

  // MARK: Bytes

  mutating func append(
    _ tag: Tag, _ vr: VR, _ encoding: Encoding, offset: Int, length: Int, flags: ElementRecord.Flags = []
  ) throws(ParseFailure) {
    guard records.count < limits.elements else { throw ParseFailure(.tooManyElements, tag: tag, offset: offset) }
    records.append(
      ElementRecord(
        tag: tag, vr: vr, flags: encoding.isBigEndian ? flags.union(.bigEndian) : flags, offset: offset, length: length,
        end: Int32(records.count + 1)))
  }

  // The callers have checked that the bytes are there.

  @inline(__always)
  func readUInt16(_ offset: Int, _ encoding: Encoding) -> UInt16 {
    let value = memory.loadUnaligned(fromByteOffset: offset, as: UInt16.self)
    return encoding.isBigEndian ? UInt16(bigEndian: value) : UInt16(littleEndian: value)
  }

  @inline(__always)
  func readUInt32(_ offset: Int, _ encoding: Encoding) -> UInt32 {
    let value = memory.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
    return encoding.isBigEndian ? UInt32(bigEndian: value) : UInt32(littleEndian: value)
  }

  @inline(__always)
  func readTag(_ offset: Int, _ encoding: Encoding) -> Tag {
    Tag(readUInt16(offset, encoding), readUInt16(offset + 2, encoding))
  }
}
