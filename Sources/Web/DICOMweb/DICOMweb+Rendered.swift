import Archive
import DICOM
import HTTPTypes
import Hummingbird
import Imaging
import NIOCore

/// WADO-RS: pictures for people (PS3.18 §10.4.1.1.3).
extension DICOMweb {
  /// Pictures of one multipart answer: more are fetched series by series.
  static let maximumPictures = 1_000

  /// `/rendered` of a study, a series, an instance or frames.
  ///
  /// Without parts it shows what stands for the whole: the first frame of the one image, or the middle image of the first image
  /// series. As `multipart/related` it holds a picture of every frame asked for. Documents and video come as they are.
  func retrieveRendered(_ request: Request, _ context: WebContext) async throws -> Response {
    let scope = try ResourceScope(context)
    let query = QueryString(request.uri.query)
    let parameters = try RenderParameters(query)
    let frames = try context.parameters.get("frames").map { try Self.frameNumbers($0) }
    let accepted = accepted(request, query)
    let records = try await instances(scope)
    if let frames { try Self.check(frames, records[0]) }
    if scope.instance != nil, frames == nil, let native = try await nativeBulkData(records[0]) {
      return try await answer(native, accepted, request, records[0], name: "rendered")
    }
    let form = try PictureForm(accepted, depth: parameters.depth)
    if form.isMultipart || (frames?.count ?? 1) > 1 {
      guard form.isMultipart || form.isAnything else {
        throw WebFailure.notAcceptable(available: ["multipart/related; type=\"\(form.mediaType)\""])
      }
      return try await pictures(records, frames: frames, form, parameters, request)
    }
    let (record, frame) = scope.instance != nil ? (records[0], (frames?[0] ?? 1) - 1) : try Self.representative(records)
    if record.frameCount == 0 { throw RenderFailure.noPixelData }
    let drawable = try await drawable(record, frame: frame)
    let tag = EntityTag(folding: [drawable.digest, String(frame), form.mediaType, query.canonical], salt: "rendered")
    if tag.matches(request.headers[.ifNoneMatch]) { return notModified(tag) }
    var wanted = parameters.request(path: archive.path(of: record), frame: frame, mediaType: form.mediaType)
    // A preview is no original, but it must be quick.
    if case .arriving = drawable { wanted.decodesReduced = true }
    // A picture of a prepared object at full size takes some 25 ms a CT slice, half a second a radiograph: worth keeping.
    let key = PictureKey(digest: drawable.digest, wanted)
    let image: RenderedImage
    if let known = pictureCache[key] {
      image = known
    } else {
      let request = wanted
      image = try await drawing(drawable) { try await pictures.render(request, of: $0) }
      pictureCache.insert(image, for: key)
    }
    return picture(image, tag: tag, stage: drawable.stage, warnings: parameters.warnings)
  }

  /// One picture as an answer.
  ///
  /// The tag of what is drawn from a part is another with every layer, so what a browser keeps is asked for again and never shown as more
  /// than it is.
  func picture(_ image: RenderedImage, tag: EntityTag, stage: String, warnings: [String]) -> Response {
    var response = Response(status: .ok, body: ResponseBody(byteBuffer: ByteBuffer(bytes: image.bytes)))
    response.headers[.contentType] = image.mediaType
    response.headers[.eTag] = tag.text
    response.headers[.vary] = "Accept"
    response.headers[.rekkasStage] = stage
    Self.add(warnings, to: &response, service: Self.root)
    return response
  }

  /// Every frame as a part, each drawn while the one before is sent.
  private func pictures(
    _ records: [InstanceRecord], frames: [Int]?, _ form: PictureForm, _ parameters: RenderParameters, _ request: Request
  ) async throws -> Response {
    var wanted: [(record: InstanceRecord, frame: Int)] = []
    for record in records where record.frameCount > 0 {
      wanted += (frames?.map { $0 - 1 } ?? Array(0..<min(record.frameCount, Self.maximumPictures + 1))).map {
        (record, $0)
      }
      guard wanted.count <= Self.maximumPictures else {
        throw WebFailure(
          status: .contentTooLarge,
          message: "More than \(Self.maximumPictures) pictures: ask for a series, an instance or frames.")
      }
    }
    guard !wanted.isEmpty else { throw RenderFailure.noPixelData }
    // A part that is left out would be taken for the next one.
    if let early = wanted.first(where: { !$0.record.canDraw(frame: $0.frame) }) {
      try requireWhole([early.record], frame: early.frame)
    }
    let drawn: @Sendable (Int) async throws -> RenderedImage = { [wanted] index in
      let (record, frame) = wanted[index]
      return try await drawing(drawable(record, frame: frame)) {
        try await pictures.render(
          parameters.request(path: $0.path, frame: frame, mediaType: form.mediaType), of: $0)
      }
    }
    let firstPicture = try await drawn(0)
    let tag = EntityTag(
      folding: wanted.map { "\($0.record.version(ofFrame: $0.frame))/\($0.frame)" },
      salt: "pictures" + QueryString(request.uri.query).canonical)
    let writer = MultipartWriter(rootType: form.mediaType, tag: tag)
    let base = addresses.base(for: request)
    let locations = wanted.map { base + $0.record.scope.path + "/frames/\($0.frame + 1)/rendered" }
    let body = ResponseBody { sink in
      var ready: RenderedImage? = firstPicture
      for index in locations.indices {
        guard let present = ready else { break }
        async let following = index + 1 < locations.count ? drawn(index + 1) : nil
        try await sink.write(
          ByteBuffer(
            bytes: writer.partHead(contentType: present.mediaType, location: locations[index], isFirst: index == 0)))
        try await sink.write(ByteBuffer(bytes: present.bytes))
        ready = try await following
      }
      try await sink.write(ByteBuffer(bytes: writer.tail))
      try await sink.finish(nil)
    }
    var response = Response(status: .ok, headers: [.contentType: writer.contentType, .vary: "Accept"], body: body)
    Self.add(parameters.warnings, to: &response, service: Self.root)
    return response
  }

  /// The image that stands for a study or series: the middle frame of the middle instance of the first series with images.
  static func representative(_ records: [InstanceRecord]) throws -> (record: InstanceRecord, frame: Int) {
    guard let first = records.first(where: { $0.frameCount > 0 && !$0.transferSyntax.isVideo }) else {
      throw RenderFailure.noPixelData
    }
    let series = records.filter {
      $0.seriesInstanceUID == first.seriesInstanceUID && $0.frameCount > 0 && !$0.transferSyntax.isVideo
    }
    // Of what is still coming, the one nearest to the middle that can be drawn.
    let middle = series.count / 2
    let nearest = series.indices.sorted { abs($0 - middle) < abs($1 - middle) }
    for index in nearest {
      let record = series[index]
      if record.canDraw(frame: record.frameCount / 2) { return (record, record.frameCount / 2) }
      if record.canDraw(frame: 0) { return (record, 0) }
    }
    return (series[middle], series[middle].frameCount / 2)
  }
}

/// What a picture is made of; files never change, so neither does it.
struct PictureKey: Hashable, Sendable {
  let digest: String
  let request: RenderRequest

  init(digest: String, _ request: RenderRequest) {
    self.digest = digest
    var request = request
    request.path = ""
    self.request = request
  }
}

/// In which form pictures are sent.
struct PictureForm: Equatable {
  let isMultipart: Bool
  let mediaType: String
  /// The client said `*/*` or nothing: parts will do where one picture does not.
  let isAnything: Bool

  /// - Parameter depth: bits of a grey level; only PNG holds 16.
  init(_ accepted: [MediaRange], depth: Int = 8) throws(WebFailure) {
    let possible = depth == 16 ? ["image/png"] : ["image/jpeg", "image/png"]
    let ranges = accepted.isEmpty ? [MediaRange(type: "*", subtype: "*")] : accepted
    for range in ranges {
      let isMultipart = range.isMultipart
      let types = isMultipart ? range.values(of: "type").compactMap { MediaRange($0) } : [range]
      let wanted = types.isEmpty ? [MediaRange(type: "*", subtype: "*")] : types
      guard let mediaType = possible.first(where: { type in wanted.contains { $0.covers(type) } })
      else { continue }
      if ranges.contains(where: Self.isDICOM) {
        throw .badRequest("Accept mixes DICOM and rendered media types: ask for one of them (PS3.18 section 8.7.4).")
      }
      self.isMultipart = isMultipart
      self.mediaType = mediaType
      isAnything = range.isAnything
      return
    }
    throw .notAcceptable(available: possible + ["multipart/related; type=\"\(possible[0])\""])
  }

  private static func isDICOM(_ range: MediaRange) -> Bool {
    range.essence == DICOMMediaType.dicom
      || range.values(of: "type").contains { $0.lowercased() == DICOMMediaType.dicom }
  }
}
