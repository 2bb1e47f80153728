import Archive
import DICOM

/// One value of an object that is too large for its metadata: where it lies and what it is.
struct BulkData: Sendable {
  /// The parts it is made of: one, or the frames of Pixel Data that has several.
  let parts: [[BodySegment]]
  /// `application/pdf`, `video/mp4`, `application/octet-stream`…
  let mediaType: String
  let syntax: TransferSyntax

  /// `application/pdf`, or with the syntax for pixels.
  let contentType: String

  /// Pixel Data straight from the frame table; nil where the table does not say.
  init?(pixelDataOf record: InstanceRecord, path: String) {
    guard let pixelData = record.pixelData, !record.transferSyntax.isDeflated, record.frameCount > 0 else { return nil }
    let frames = (0..<record.frameCount).map { frame in
      pixelData.fragments(of: frame).map { BodySegment.file(path: path, offset: $0.lowerBound, length: $0.count) }
    }
    guard !frames.contains(where: \.isEmpty) else { return nil }
    // Native pixels are one value, video is one stream.
    parts = pixelData.isEncapsulated && !record.transferSyntax.isVideo ? frames : [Array(frames.joined())]
    syntax = record.transferSyntax.hasLittleEndianFrames ? .explicitVRLittleEndian : record.transferSyntax
    mediaType = record.transferSyntax.frameMediaType
    contentType = "\(mediaType); transfer-syntax=\(syntax.uid)"
  }

  /// Any value, found by walking the object. Blocks.
  ///
  /// - Returns: nil when the object has no such attribute.
  init?(at attribute: AttributePath, of record: InstanceRecord, path: String) throws {
    let object = try ParsedObject.parse(ObjectBytes.mapped(path: path))
    guard let range = object.dataSet.bytes(of: attribute) else { return nil }
    syntax = record.transferSyntax
    guard attribute == AttributePath(.encapsulatedDocument) else {
      mediaType = DICOMMediaType.octets
      let words = syntax.isLittleEndian ? TransferSyntax.explicitVRLittleEndian : syntax
      contentType = "\(mediaType); transfer-syntax=\(words.uid)"
      parts = [[Self.segment(range, of: object, path: path)]]
      return
    }
    // (0042,0012) is what the sender says; only a plain media type is passed on.
    let said = object.dataSet.string(.mimeTypeOfEncapsulatedDocument).flatMap { MediaRange($0) }?.essence ?? ""
    mediaType =
      said.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "\"") } && said.contains("/")
      ? said : DICOMMediaType.octets
    contentType = mediaType
    // The padding byte is no part of the document.
    let length = object.dataSet.int(Tag(0x0042, 0x0015)).map { min(max($0, 0), range.count) } ?? range.count
    let document = range.count - length <= 1 ? range.lowerBound..<range.lowerBound + length : range
    parts = [[Self.segment(document, of: object, path: path)]]
  }

  private static func segment(_ range: Range<Int>, of object: ParsedObject, path: String) -> BodySegment {
    .file(path: path, offset: range.lowerBound, length: range.count)
  }

  var length: Int { parts.reduce(0) { $0 + $1.length } }
}
