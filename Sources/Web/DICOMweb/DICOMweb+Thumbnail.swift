import Archive
import DICOM
import Hummingbird
import Imaging

/// WADO-RS: small pictures for lists (PS3.18 §10.4.1.1.4). They carry pixels only, no text.
extension DICOMweb {
  private static let side = 128
  private static let largestSide = 1024

  func retrieveThumbnail(_ request: Request, _ context: WebContext) async throws -> Response {
    let scope = try ResourceScope(context)
    let query = QueryString(request.uri.query)
    let parameters = try RenderParameters(query)
    let form = try PictureForm(accepted(request, query))
    if form.isMultipart { throw WebFailure.notAcceptable(available: ["image/jpeg", "image/png"]) }
    let frames = try context.parameters.get("frames").map { try Self.frameNumbers($0) }
    let records = try await instances(scope)
    let (record, frame): (InstanceRecord, Int)
    if let frames {
      try Self.check(frames, records[0])
      (record, frame) = (records[0], frames[0] - 1)
    } else {
      (record, frame) = try Self.representative(records)
    }
    let key = ThumbnailKey(
      digest: record.digest, frame: frame, width: min(parameters.viewport?.width ?? Self.side, Self.largestSide),
      height: min(parameters.viewport?.height ?? Self.side, Self.largestSide), mediaType: form.mediaType)
    let tag = EntityTag(
      folding: [key.digest, "\(key.frame) \(key.width) \(key.height)", key.mediaType], salt: "thumbnail")
    if tag.matches(request.headers[.ifNoneMatch]) { return notModified(tag) }
    if let known = thumbnailCache[key] { return picture(known, tag: tag, warnings: parameters.warnings) }
    let image = try await renderPool.render(
      RenderRequest(
        path: archive.path(of: record), frame: frame,
        viewport: Viewport(width: key.width, height: key.height, enlarges: false),
        format: key.mediaType == "image/png" ? .png : .jpeg(quality: 80)))
    thumbnailCache.insert(image, for: key)
    return picture(image, tag: tag, warnings: parameters.warnings)
  }
}

/// What a thumbnail is made of; objects never change, so neither does it.
struct ThumbnailKey: Hashable, Sendable {
  let digest: String
  let frame: Int
  let width: Int
  let height: Int
  let mediaType: String
}
