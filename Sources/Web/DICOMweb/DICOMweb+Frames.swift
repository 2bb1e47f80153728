import Archive
import DICOM
import HTTPTypes
import Hummingbird
import NIOCore

/// WADO-RS: frames by number (PS3.18 §10.4.1.1.6).
extension DICOMweb {
  /// Frames asked for at once; a longer clip is fetched in a few requests.
  static let maximumFrames = 10_000

  func retrieveFrames(_ request: Request, _ context: WebContext) async throws -> Response {
    let scope = try ResourceScope(context)
    let frames = try Self.frameNumbers(context.parameters.get("frames") ?? "")
    let record = try await instances(scope)[0]
    prepareSoon([record])
    try Self.check(frames, record)
    try requireWhole([record], frame: frames[0] - 1)
    let plan = try await plan(record, accepted(request, QueryString(request.uri.query)), count: frames.count)
    let tag = EntityTag(
      folding: [record.digest, plan.contentType] + frames.map(String.init), salt: plan.isMultipart ? "frames" : "frame")
    if tag.matches(request.headers[.ifNoneMatch]) { return notModified(tag) }

    let stored = plan.form == .stored ? frames.compactMap { storedFrame($0, record) } : []
    if stored.count < frames.count {
      return try await decoded(frames, record, plan, tag, base: addresses.base(for: request))
    }
    guard plan.isMultipart else { return try await answer(stored[0], contentType: plan.contentType, tag: tag) }
    var writer = MultipartWriter(rootType: plan.mediaType, tag: tag)
    let location = addresses.base(for: request) + scope.path + "/frames/"
    for (frame, content) in zip(frames, stored) {
      writer.add(contentType: plan.contentType, location: location + String(frame), content: content)
    }
    let contentType = writer.contentType
    return try await answer(writer.finished(), contentType: contentType, tag: tag)
  }

  /// Chooses by the index alone where that is enough; where Accept names a codec, or nothing will do, the file's header is read.
  private func plan(_ record: InstanceRecord, _ accepted: [MediaRange], count: Int) async throws -> FramePlan {
    let stored = StoredForm(syntax: record.transferSyntax)
    let isFirstChoice = accepted.first.map { (try? FramePlan([$0], stored: stored, count: count))?.form == .stored }
    if isFirstChoice == true || !accepted.nameCodecs,
      let plan = try? FramePlan(accepted, stored: stored, count: count)
    {
      return plan
    }
    return try FramePlan(accepted, stored: try await forms(of: [record])[0], count: count)
  }

  /// Where a frame, numbered from 1, lies in the file; nil in deflated files, and where it begins inside a byte.
  private func storedFrame(_ frame: Int, _ record: InstanceRecord) -> [BodySegment]? {
    guard let pixelData = record.pixelData, !pixelData.isInInflatedDataSet, pixelData.bitOffset(of: frame - 1) == 0
    else { return nil }
    let fragments = pixelData.fragments(of: frame - 1)
    let path = archive.path(of: record)
    return fragments.isEmpty ? nil : fragments.map { .file(path: path, offset: $0.lowerBound, length: $0.count) }
  }

  /// Frames that a worker decodes, one at a time. Decoded ones have one size, so the first tells the length of the answer; several
  /// that are encoded anew go out chunked.
  private func decoded(_ frames: [Int], _ record: InstanceRecord, _ plan: FramePlan, _ tag: EntityTag, base: String)
    async throws -> Response
  {
    let byPlane = plan.form == .decoded ? try await saysColourByPlane(record) : false
    let first = try await made(frames[0], record, plan, byPlane: byPlane)
    guard plan.isMultipart else { return try await answer([.bytes(first)], contentType: plan.contentType, tag: tag) }
    let writer = MultipartWriter(rootType: plan.mediaType, tag: tag)
    let location = base + record.scope.path + "/frames/"
    let heads = frames.enumerated().map { index, frame in
      writer.partHead(contentType: plan.contentType, location: location + String(frame), isFirst: index == 0)
    }
    let isKnown = plan.form != .encoded || frames.count == 1
    let length = isKnown ? heads.reduce(writer.tail.count) { $0 + $1.count + first.count } : nil
    let body = ResponseBody(contentLength: length) { sink in
      for (index, frame) in frames.enumerated() {
        let pixels = index == 0 ? first : try await made(frame, record, plan, byPlane: byPlane)
        guard plan.form == .encoded || pixels.count == first.count else {
          throw SegmentFailure(what: "the frames of one image decoded to different sizes")
        }
        try await sink.write(ByteBuffer(bytes: heads[index]))
        try await sink.write(ByteBuffer(bytes: pixels))
      }
      try await sink.write(ByteBuffer(bytes: writer.tail))
      try await sink.finish(nil)
    }
    return Response(
      status: .ok, headers: [.contentType: writer.contentType, .eTag: tag.text, .vary: "Accept"], body: body)
  }

  /// One frame, numbered from 1, as the plan wants it.
  private func made(_ frame: Int, _ record: InstanceRecord, _ plan: FramePlan, byPlane: Bool) async throws -> [UInt8] {
    guard plan.form == .encoded else { return try await decodedFrame(frame - 1, record, byPlane: byPlane) }
    return try await drawing(record) { try await pictures.encodeFrame(frame - 1, of: $0, to: plan.syntax) }
  }

  /// `3` or `1,2,5`.
  static func frameNumbers(_ list: String) throws(WebFailure) -> [Int] {
    let numbers = list.replacing("%2C", with: ",").replacing("%2c", with: ",").split(
      separator: ",", omittingEmptySubsequences: false)
    guard numbers.count <= maximumFrames else {
      throw .badRequest("A frame list holds at most \(maximumFrames) numbers.")
    }
    let frames = numbers.compactMap { Int($0) }.filter { $0 > 0 }
    guard frames.count == numbers.count else { throw .badRequest("Frames are numbers from 1 on, parted by commas.") }
    return frames
  }

  static func check(_ frames: [Int], _ record: InstanceRecord) throws(WebFailure) {
    if record.frameCount == 0 { throw WebFailure(status: .notFound, message: "This instance has no frames.") }
    if let beyond = frames.first(where: { $0 > record.frameCount }) {
      throw WebFailure(
        status: .notFound, message: "There is no frame \(beyond): the instance has \(record.frameCount).")
    }
  }
}
