/// The first part of an object: all that comes before its frames.
///
/// It is enough for the index and the metadata, and says where the frames will lie. The bytes may go on behind it, in whatever way:
/// nothing behind the pixel data's header is looked at.
public struct ObjectHead: Sendable {
  /// The attributes before the pixel data. `object.pixelData` tells where native frames will lie in the file; of encapsulated ones it
  /// says nothing.
  public let object: ParsedObject
  /// Where the attributes end and group 7FE0 begins; the end of the bytes where there is none.
  public let attributesEnd: Int
  /// nil when the object has no pixel data.
  public let pixelData: PixelDataStart?

  /// The header of a pixel data element.
  public struct PixelDataStart: Sendable, Equatable {
    /// Pixel Data, or one of its float forms.
    public let tag: Tag
    /// Of the value's first byte; of encapsulated pixel data, of the offset table's item.
    public let valueOffset: Int
    /// Bytes of the value; nil for fragments.
    public let length: Int?
  }

  /// Reads the head of a Part 10 file, leniently as `ParsedObject.parse` does. A deflated object must be whole.
  public static func parse(
    _ bytes: ObjectBytes, limits: ParseLimits = .standard
  ) throws(ParseFailure) -> ObjectHead {
    try bytes.reading { memory throws(ParseFailure) in
      guard let head = try FileHead.read(memory, isWhole: true) else { throw ParseFailure(.notDICOM) }
      let syntax = try head.transferSyntax(in: memory)
      if syntax.isDeflated {
        let whole = try ParsedObject.parse(bytes, limits: limits)
        return ObjectHead(object: whole, attributesEnd: bytes.count, pixelData: nil)
      }
      return try walk(bytes, memory, head, syntax, limits)
    }
  }

  private static func walk(
    _ bytes: ObjectBytes, _ memory: UnsafeRawBufferPointer, _ head: FileHead, _ syntax: TransferSyntax,
    _ limits: ParseLimits
  ) throws(ParseFailure) -> ObjectHead {
    let encoding = Encoding(syntax)
    if let seen = Encoding(sniffing: memory, at: head.dataSetOffset), seen != encoding {
      throw ParseFailure(.encodingMismatch, offset: head.dataSetOffset)
    }
    var walker = Walker(
      memory, from: head.dataSetOffset, encoding: encoding, limits: limits, lastTag: Tag(0x7FDF, 0xFFFF))
    try walker.run()
    guard !walker.records.isEmpty else { throw ParseFailure(.empty) }
    let attributesEnd = walker.passedLastTag ? walker.position : memory.count
    // Behind the offset tables.
    var tables = Walker(
      memory, from: attributesEnd, encoding: encoding, limits: limits, lastTag: .extendedOffsetTableLengths)
    if walker.passedLastTag { try tables.run() }
    let start = tables.passedLastTag ? try pixelDataStart(tables) : nil
    let dataSet = DataSet(ElementTable(bytes: bytes, records: walker.records))
    var location: PixelDataLocation?
    if let start, let length = start.length, !syntax.isEncapsulated {
      // A record of what is not here, for nobody but the one that divides it into frames.
      let record = ElementRecord(
        tag: start.tag, vr: .ow, flags: [], offset: start.valueOffset, length: length,
        end: Int32(walker.records.count + 1))
      let described = DataSet(ElementTable(bytes: bytes, records: walker.records + [record]))
      location = try FrameTable(dataSet: described, syntax: syntax, fragments: [], isInflated: false).locate()
    }
    return ObjectHead(
      object: ParsedObject(
        fileMeta: head.meta, transferSyntax: syntax, dataSetOffset: head.dataSetOffset, dataSet: dataSet,
        pixelData: location),
      attributesEnd: attributesEnd, pixelData: start)
  }

  /// nil when the element at which the walk ended is another one.
  private static func pixelDataStart(_ walker: Walker) throws(ParseFailure) -> PixelDataStart? {
    let start = walker.position
    guard walker.memory.count - start >= 8 else { throw ParseFailure(.truncated, offset: start) }
    let encoding = walker.current.encoding
    let tag = walker.readTag(start, encoding)
    guard [Tag.pixelData, .floatPixelData, .doubleFloatPixelData].contains(tag) else { return nil }
    var header = Walker.Header(valueOffset: start + 8, length: 0, vr: .ow, encoding: encoding)
    if encoding.isExplicit {
      let vr = VR(walker.memory[start + 4], walker.memory[start + 5])
      guard vr.isKnown, vr.hasLongLength else { throw ParseFailure(.unknownVR, tag: tag, offset: start) }
      guard walker.memory.count - start >= 12 else { throw ParseFailure(.truncated, tag: tag, offset: start) }
      header.valueOffset = start + 12
      header.length = walker.readUInt32(start + 8, encoding)
    } else {
      header.length = walker.readUInt32(start + 4, encoding)
    }
    return PixelDataStart(
      tag: tag, valueOffset: header.valueOffset, length: header.length == .max ? nil : Int(header.length))
  }
}
