import Archive
import DICOM
import Hummingbird
import Imaging

/// WADO-RS: small pictures for lists (PS3.18 §10.4.1.1.4). They carry pixels only, no text, and never more than 12 KB.
///
/// Where the image says that text is burned into it and the profile's rule hides such, a symbol stands for the picture: 200 like any other
/// thumbnail, because a list must show something for every image and a client can do nothing about it; with its own validator, and a
/// Warning that says so.
extension DICOMweb {
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
    let wanted = ThumbnailRequest(
      frame: frame, box: parameters.viewport.map { ($0.width, $0.height) }, isPNG: form.mediaType == "image/png")
    let drawable = try await drawable(record, frame: frame, isThumbnail: true)
    let key = ThumbnailKey(digest: drawable.digest, request: wanted)
    // The profile decides about side and burned-in text, so another profile makes other thumbnails.
    let tag = EntityTag(
      folding: [key.digest, "\(frame)", wanted.box.map { "\($0.width) \($0.height)" } ?? "", form.mediaType],
      salt: "thumbnail" + profileFingerprint)
    if tag.matches(request.headers[.ifNoneMatch]) { return notModified(tag) }
    let thumbnail: Thumbnail
    if let known = thumbnailCache[key] {
      thumbnail = known
    } else {
      if let kept = try await keptThumbnail(wanted, drawable) {
        thumbnail = kept
      } else {
        thumbnail = try await drawing(drawable) { try await pictures.thumbnail(wanted, of: $0) }
      }
      thumbnailCache.insert(thumbnail, for: key)
    }
    let hidden = thumbnail.isHidden ? ["a symbol stands for a picture with burned-in text"] : []
    return picture(thumbnail.image, tag: tag, stage: drawable.stage, warnings: parameters.warnings + hidden)
  }

  /// The one that was made when the image was prepared, if it is what is asked for.
  private func keptThumbnail(_ wanted: ThumbnailRequest, _ drawable: Drawable) async throws -> Thumbnail? {
    guard case .whole(let record) = drawable, KeptThumbnail.mayAnswer(wanted, frameCount: record.frameCount),
      let kept = try await archive.thumbnail(of: record)
    else { return nil }
    return kept.answer(to: wanted, profileFingerprint: pictures.profileFingerprint)
  }
}

/// What a thumbnail is made of; files never change, so neither does it.
struct ThumbnailKey: Hashable, Sendable {
  let digest: String
  let request: ThumbnailRequest
}
