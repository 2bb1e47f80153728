import Archive
import DICOM

/// One value of an object that is too large for its metadata: where it lies and what it is.
struct BulkData: Sendable {
  /// The parts it is made of: one, or the frames of Pixel Data that are codestreams of their own.
  let parts: [[BodySegment]]
  /// `application/pdf`, `video/mp4`, `application/octet-stream`…
  let mediaType: String
  /// What the bytes are written in. Bulk data is little endian, whatever the object is (PS3.18 §8.7.3.2).
  let syntax: TransferSyntax
  /// The media type; of pixels also the syntax.
  let contentType: String

  /// Pixel Data straight from the frame table; nil where the table is not enough.
  init?(pixelDataOf record: InstanceRecord, path: String) {
    let stored = record.transferSyntax
    guard let pixelData = record.pixelData, !pixelData.isInInflatedDataSet, pixelData.frameCount > 0 else { return nil }
    guard stored.isEncapsulated || stored.hasLittleEndianFrames else { return nil }
    let segment = { (range: Range<Int>) in BodySegment.file(path: path, offset: range.lowerBound, length: range.count) }
    if pixelData.isEncapsulated {
      parts = (0..<pixelData.frameCount).map { pixelData.fragments(of: $0).map(segment) }
    } else {
      guard let first = pixelData.fragments(of: 0).first,
        let last = pixelData.fragments(of: pixelData.frameCount - 1).last
      else { return nil }
      parts = [[segment(first.lowerBound..<last.upperBound)]]
    }
    syntax = stored.isEncapsulated ? stored : .explicitVRLittleEndian
    mediaType = stored.frameMediaType
    contentType = "\(mediaType); transfer-syntax=\(syntax.uid)"
  }

  /// Any value, found by walking the object. Blocks.
  ///
  /// - Returns: nil when the object has no such attribute.
  init?(at attribute: AttributePath, of record: InstanceRecord, path: String) throws {
    let object = try ParsedObject.parse(ObjectBytes.mapped(path: path))
    guard let range = object.dataSet.bytes(of: attribute) else { return nil }
    syntax = .explicitVRLittleEndian
    guard attribute == AttributePath(.encapsulatedDocument) else {
      mediaType = DICOMMediaType.octets
      contentType = "\(mediaType); transfer-syntax=\(syntax.uid)"
      parts = [[Self.segment(0..<range.count, at: attribute, range, of: object, path: path)]]
      return
    }
    // (0042,0012) is what the sender says: only a plain media type is passed on.
    let said = object.dataSet.string(.mimeTypeOfEncapsulatedDocument).flatMap { MediaRange($0) }?.essence ?? ""
    let isPlain = said.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "*") }
    mediaType = isPlain && said.contains("/") ? said : DICOMMediaType.octets
    contentType = mediaType
    // The padding byte is no part of the document.
    let stated = object.dataSet.int(.encapsulatedDocumentLength) ?? range.count
    let length = stated == range.count - 1 ? stated : range.count
    parts = [[Self.segment(0..<length, at: attribute, range, of: object, path: path)]]
  }

  /// Straight from the file where the bytes lie there as they are wanted, else through the walked object.
  private static func segment(
    _ part: Range<Int>, at attribute: AttributePath, _ range: Range<Int>, of object: ParsedObject, path: String
  ) -> BodySegment {
    let dataSet = object.dataSet
    guard object.isInflated || dataSet.isByteSwapped(attribute) else {
      return .file(path: path, offset: range.lowerBound, length: part.count)
    }
    return .made(length: part.count) { wanted in
      // Whole words, so that swapping sees their borders.
      let aligned = wanted.lowerBound & ~7..<(wanted.upperBound + 7) & ~7
      guard let bytes = dataSet.bulkData(of: attribute, in: aligned),
        bytes.count >= wanted.upperBound - aligned.lowerBound
      else { throw SegmentFailure(what: "a value is shorter than its length") }
      return Array(bytes[wanted.lowerBound - aligned.lowerBound..<wanted.upperBound - aligned.lowerBound])
    }
  }

  var length: Int { parts.reduce(0) { $0 + $1.length } }
}
