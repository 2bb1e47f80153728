import Archive
import DICOM
import HTTPTypes
import Hummingbird

/// WADO-RS: single large values, and documents and video in their own format (PS3.18 §10.4.1.1.5).
extension DICOMweb {
  func retrieveBulkData(_ request: Request, _ context: WebContext) async throws -> Response {
    let scope = try ResourceScope(context)
    guard let attribute = AttributePath(context.parameters.getCatchAll().joined(separator: "/")) else {
      throw WebFailure.notFound("value")
    }
    let record = try await instances(scope)[0]
    try requireWhole([record])
    let accepted = accepted(request, QueryString(request.uri.query))
    if attribute == AttributePath(.pixelData),
      let response = try await nativePixelData(record, accepted, request)
    {
      return response
    }
    guard let bulk = try await bulkData(attribute, record) else { throw WebFailure.notFound("value") }
    return try await answer(bulk, accepted, request, record, name: attribute.description)
  }

  func bulkData(_ attribute: AttributePath, _ record: InstanceRecord) async throws -> BulkData? {
    let path = archive.path(of: record)
    if attribute == AttributePath(.pixelData), let bulk = BulkData(pixelDataOf: record, path: path) { return bulk }
    return try await streamer.threads.runIfActive { try BulkData(at: attribute, of: record, path: path) }
  }

  /// The one large value of a document or a video, which `/rendered` gives as it is; nil for other objects.
  func nativeBulkData(_ record: InstanceRecord) async throws -> BulkData? {
    if record.transferSyntax.isVideo || record.frameCount == 0 { try requireWhole([record]) }
    if record.transferSyntax.isVideo { return try await bulkData(AttributePath(.pixelData), record) }
    guard record.pixelData == nil, record.sopClassUID == SOPClass.encapsulatedPDFStorage else { return nil }
    return try await bulkData(AttributePath(.encapsulatedDocument), record)
  }

  /// As parts when Accept asks for parts, else as it is; a range is always answered without parts.
  func answer(_ bulk: BulkData, _ accepted: [MediaRange], _ request: Request, _ record: InstanceRecord, name: String)
    async throws -> Response
  {
    let ranges = accepted.isEmpty ? [MediaRange(type: "*", subtype: "*")] : accepted
    var choice: (isMultipart: Bool, mediaType: String)?
    for range in ranges where choice == nil {
      let types = range.isMultipart ? range.values(of: "type").compactMap { MediaRange($0) } : [range]
      let wanted = types.isEmpty ? [MediaRange(type: "*", subtype: "*")] : types
      for mediaType in [bulk.mediaType, DICOMMediaType.octets]
      where choice == nil && wanted.contains(where: { $0.covers(mediaType) }) {
        if range.isMultipart || bulk.parts.count == 1 || range.isAnything {
          choice = (range.isMultipart || bulk.parts.count > 1, mediaType)
        }
      }
    }
    guard let choice else {
      throw WebFailure.notAcceptable(available: [bulk.mediaType, "multipart/related; type=\"\(bulk.mediaType)\""])
    }
    let contentType =
      choice.mediaType == bulk.mediaType ? bulk.contentType : "\(choice.mediaType); transfer-syntax=\(bulk.syntax.uid)"
    let tag = EntityTag(folding: [record.digest, name, contentType], salt: choice.isMultipart ? "bulkparts" : "bulk")
    if tag.matches(request.headers[.ifNoneMatch]) { return notModified(tag) }

    if bulk.parts.count == 1, !choice.isMultipart || request.headers[.range] != nil {
      return try await ranged(bulk.parts[0], request.headers[.range], contentType: contentType, tag: tag)
    }
    var writer = MultipartWriter(rootType: choice.mediaType, tag: tag)
    for part in bulk.parts { writer.add(contentType: contentType, content: part) }
    let type = writer.contentType
    return try await answer(writer.finished(), contentType: type, tag: tag)
  }
}
