/// Lays out a `multipart/related` response body (RFC 2387, PS3.18 §8.7.1).
///
/// Strict, because readers are not: `Content-Type` spelled so and first, `CR LF` exactly before each boundary, always a
/// `transfer-syntax`. Every length is known beforehand, so Content-Length can be sent.
struct MultipartWriter {
  /// The parameter `type` of the whole and the essence of every part.
  let rootType: String
  let boundary: String
  private(set) var segments: [BodySegment] = []

  /// - Parameters:
  ///   - rootType: `application/dicom`, `application/octet-stream`, `image/jpeg`…
  ///   - tag: the validator of what is sent. The boundary is made of its 128 bits, so the same representation has the same
  ///     bytes every time; an object cannot hold the boundary, for it would have to hold its own digest.
  init(rootType: String, tag: EntityTag) {
    self.rootType = rootType
    var fold = EntityTag.Fold()
    fold.add(tag.text)
    boundary = "rekkas." + fold.hex
  }

  var contentType: String { "multipart/related; type=\"\(rootType)\"; boundary=\"\(boundary)\"" }

  /// Adds a part.
  ///
  /// - Parameters:
  ///   - contentType: with its `transfer-syntax` parameter.
  ///   - location: where this part alone can be fetched.
  mutating func add(contentType: String, location: String? = nil, content: [BodySegment]) {
    segments.append(.bytes(partHead(contentType: contentType, location: location)))
    segments += content
  }

  /// The bytes before a part's content.
  func partHead(contentType: String, location: String? = nil, isFirst: Bool? = nil) -> [UInt8] {
    let opening = (isFirst ?? segments.isEmpty) ? "--" : "\r\n--"
    let place = location.map { "Content-Location: \($0)\r\n" } ?? ""
    return Array("\(opening)\(boundary)\r\nContent-Type: \(contentType)\r\n\(place)\r\n".utf8)
  }

  /// The bytes after the last part.
  var tail: [UInt8] { Array("\r\n--\(boundary)--\r\n".utf8) }

  /// The whole body.
  consuming func finished() -> [BodySegment] {
    segments.append(.bytes(tail))
    return segments
  }
}
