/// An object that was walked through once: what its file says of itself, where every element lies, where its frames lie.
public struct ParsedObject: Sendable {
  /// nil if the file begins with its data set.
  public let fileMeta: FileMeta?
  /// What the file meta information declares; without one, what the first element gives away.
  public let transferSyntax: TransferSyntax
  /// Where the data set, or its deflated form, begins in the file.
  public let dataSetOffset: Int
  public let dataSet: DataSet
  /// nil if there are no frames: no pixel data, or none whose description makes sense.
  public let pixelData: PixelDataLocation?

  /// The data set was deflated: its ranges count in `dataSet.bytes`, which is not the file.
  public var isInflated: Bool { transferSyntax.isDeflated }

  /// Reads a Part 10 file, with or without preamble and file meta information.
  ///
  /// What is read leniently stands at `Walker`; refused is data that is missing (a value, a sequence or pixel data that ends
  /// behind the end), pixel data shorter than its description, something else than zero padding behind the data set, and a
  /// data set that is not written in the syntax that the file declares, because whoever fetches it would misread it.
  ///
  /// The time does not depend on the size of the values, and memory takes 32 bytes an element. Deflated data sets are the
  /// exception: they are inflated first, within the limits, large ones into a temporary file.
  public static func parse(
    _ bytes: ObjectBytes, limits: ParseLimits = .standard
  ) throws(ParseFailure) -> ParsedObject {
    try bytes.reading { memory throws(ParseFailure) in
      guard let head = try FileHead.read(memory, isWhole: true) else { throw ParseFailure(.notDICOM) }
      let syntax = try head.transferSyntax(in: memory)
      guard syntax.isDeflated else {
        return try walk(bytes, memory, head, syntax, from: head.dataSetOffset, limits)
      }
      let deflated = UnsafeRawBufferPointer(rebasing: memory[head.dataSetOffset...])
      let inflated = try InflatedDataSet.inflate(deflated, limits: limits)
      return try inflated.reading { memory throws(ParseFailure) in
        try walk(inflated, memory, head, syntax, from: 0, limits)
      }
    }
  }

  private static func walk(
    _ bytes: ObjectBytes, _ memory: UnsafeRawBufferPointer, _ head: FileHead, _ syntax: TransferSyntax,
    from offset: Int, _ limits: ParseLimits
  ) throws(ParseFailure) -> ParsedObject {
    let encoding = Encoding(syntax)
    if let seen = Encoding(sniffing: memory, at: offset), seen != encoding {
      throw ParseFailure(.encodingMismatch, offset: offset)
    }
    var walker = Walker(memory, from: offset, encoding: encoding, limits: limits, of: bytes)
    try walker.run()
    guard !walker.records.isEmpty else { throw ParseFailure(.empty) }
    let dataSet = DataSet(ElementTable(bytes: bytes, records: walker.records))
    let frames = FrameTable(
      dataSet: dataSet, syntax: syntax, fragments: walker.fragments, isInflated: syntax.isDeflated)
    return ParsedObject(
      fileMeta: head.meta, transferSyntax: syntax, dataSetOffset: head.dataSetOffset, dataSet: dataSet,
      pixelData: try frames.locate())
  }
}

extension ObjectBytes {
  /// `withUnsafeBytes` with a typed error.
  @inline(__always)
  func reading<R, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> R
  ) throws(Failure) -> R {
    let result = withUnsafeBytes { memory -> Result<R, Failure> in
      do throws(Failure) { return .success(try body(memory)) } catch { return .failure(error) }
    }
    return try result.get()
  }
}
