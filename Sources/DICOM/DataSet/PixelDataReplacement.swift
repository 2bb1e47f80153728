/// An object that is to be written anew with other pixel data, native or encapsulated, while everything else stays.
///
/// Where the received data set is Explicit VR Little Endian, its bytes are copied around the few elements that change. From other
/// syntaxes the headers are written anew and the values copied (big endian: each word turned). Left out are group lengths that would
/// no longer be true; they are retired (PS3.5 §7.2).
public struct PixelDataReplacement: Sendable {
  /// Why an object cannot be written anew; the reason names no patient.
  public struct Failure: Error, Hashable, Sendable {
    public let reason: String
  }

  /// Top-level attributes that are written by this type, not copied.
  public static let replacedTags: Set<Tag> = [
    .photometricInterpretation, .planarConfiguration, .extendedOffsetTable, .extendedOffsetTableLengths, .pixelData,
  ]

  private let object: ParsedObject
  private let pieces: [Piece]
  /// How many of the pieces come before Pixel Data.
  private let headCount: Int

  enum Piece: Sendable {
    case copied(Range<Int>)
    case written([UInt8])
    /// A big endian value, word by word.
    case turned(Range<Int>, wordSize: Int)
  }

  /// - Parameters:
  ///   - photometricInterpretation: nil to keep it.
  ///   - planarConfiguration: 0 makes it colour by pixel, if the attribute is there at all; nil keeps it.
  public init(
    in object: ParsedObject, photometricInterpretation: PhotometricInterpretation?, planarConfiguration: UInt16?
  ) throws(Failure) {
    self.object = object
    var changes: [Tag: [UInt8]] = [:]
    if let text = photometricInterpretation?.rawValue {
      changes[.photometricInterpretation] = Array(text.utf8) + (text.utf8.count % 2 == 1 ? [0x20] : [])
    }
    if let planarConfiguration {
      changes[.planarConfiguration] = [UInt8(planarConfiguration & 0xFF), UInt8(planarConfiguration >> 8)]
    }
    let records = object.dataSet.table.records
    let indices = try Self.places(object.dataSet, changes: changes)
    var writer = PieceWriter(records: records, changes: changes)
    let isCopied = object.transferSyntax.isExplicitVR && object.transferSyntax.isLittleEndian
    if isCopied {
      (pieces, headCount) = try writer.copying(
        from: object.isInflated ? 0 : object.dataSetOffset, to: object.dataSet.bytes, topLevel: indices)
    } else {
      (pieces, headCount) = try writer.rewriting(topLevel: indices)
    }
  }

  /// The indices of the top level's records, after it is sure that the elements to be changed are where they belong.
  private static func places(_ dataSet: DataSet, changes: [Tag: [UInt8]]) throws(Failure) -> [Int] {
    let records = dataSet.table.records
    var indices: [Int] = []
    var index = 0
    var last: Tag?
    while index < records.count {
      let tag = records[index].tag
      if let last, tag <= last { throw Failure(reason: "the elements are not in ascending order") }
      if changes[tag] != nil, records[index].vr == .sq { throw Failure(reason: "\(tag) is a sequence") }
      last = tag
      indices.append(index)
      index = Int(records[index].end)
    }
    guard let pixelData = dataSet.record(.pixelData), pixelData.vr != .sq else {
      throw Failure(reason: "there is no pixel data")
    }
    return indices
  }

  // MARK: Writing

  /// Passes on the file up to where the pixel data's header begins: header, meta information and all attributes before it.
  public func writeHead(
    transferSyntax: TransferSyntax, _ write: (UnsafeRawBufferPointer) throws -> Void
  ) throws {
    let meta = object.fileMeta
    let dataSet = object.dataSet
    try FileMeta.canonicalHeader(
      sopClassUID: meta?.sopClassUID ?? UID(rawValue: dataSet.string(.sopClassUID) ?? ""),
      sopInstanceUID: meta?.sopInstanceUID ?? UID(rawValue: dataSet.string(.sopInstanceUID) ?? ""),
      transferSyntax: transferSyntax
    ).withUnsafeBytes(write)
    try pass(pieces[..<headCount], to: write)
  }

  /// Passes on what follows the pixel data.
  public func writeTail(_ write: (UnsafeRawBufferPointer) throws -> Void) throws {
    try pass(pieces[headCount...], to: write)
  }

  private func pass(_ pieces: ArraySlice<Piece>, to write: (UnsafeRawBufferPointer) throws -> Void) throws {
    // In portions: a value may be as long as the file.
    for piece in pieces {
      switch piece {
      case .copied(let range): try object.dataSet.bytes.forEachPortion(of: range, write)
      case .written(let bytes): try bytes.withUnsafeBytes(write)
      case .turned(let range, let size):
        try object.dataSet.bytes.forEachPortion(of: range) { memory throws(any Error) in
          var words = Array(memory)
          words.reverseWords(of: size)
          try words.withUnsafeBytes(write)
        }
      }
    }
  }
}

extension [UInt8] {
  /// Turns the byte order of each whole word.
  mutating func reverseWords(of size: Int) {
    for start in stride(from: 0, through: count - size, by: size) { self[start..<start + size].reverse() }
  }
}
