import Archive
import DICOM
import Glibc
import HTTPTypes
import Hummingbird
import NIOCore

/// WADO-RS: whole objects of a study, a series, or one (PS3.18 §10.4.1.1.1).
extension DICOMweb {
  func retrieveInstances(_ request: Request, _ context: WebContext) async throws -> Response {
    let scope = try ResourceScope(context)
    let accepted = accepted(request, QueryString(request.uri.query))
    let records = try await instances(scope)
    prepareSoon(records)
    return try await send(records, accepted: accepted, request)
  }

  /// Sends objects in the first form that Accept names and all of them can have.
  func send(_ records: [InstanceRecord], accepted: [MediaRange], _ request: Request) async throws -> Response {
    try requireWhole(records)
    let plan = try await plan(records, accepted)
    let tag = EntityTag(
      folding: zip(records, plan.forms).map { record, form in
        if case .made(let syntax) = form { "\(record.digest) \(syntax.uid)" } else { record.digest }
      }, salt: plan.isMultipart ? "parts" : "file")
    if tag.matches(request.headers[.ifNoneMatch]) { return notModified(tag) }

    let base = addresses.base(for: request)
    guard plan.makesCopies else {
      return try await stored(records, plan: plan, tag: tag, base: base, request)
    }
    return try await converted(records, plan: plan, tag: tag, base: base)
  }

  /// Chooses by the index alone where that is enough; where Accept names a codec, or nothing will do, the files' headers are read.
  private func plan(_ records: [InstanceRecord], _ accepted: [MediaRange]) async throws -> InstancePlan {
    let stored = records.map { StoredForm(syntax: $0.transferSyntax) }
    if let first = accepted.first, let plan = try? InstancePlan([first], stored: stored), !plan.makesCopies {
      return try InstancePlan(accepted, stored: stored)
    }
    if !accepted.nameCodecs, let plan = try? InstancePlan(accepted, stored: stored) { return plan }
    return try InstancePlan(accepted, stored: try await forms(of: records))
  }

  /// What the frames of kept objects are, from their headers.
  func forms(of records: [InstanceRecord]) async throws -> [StoredForm] {
    let files = records.map { ($0.transferSyntax, archive.path(of: $0)) }
    return try await streamer.threads.runIfActive { files.map { StoredForm.reading($0, path: $1) } }
  }

  /// Sends files as they lie on the disk: the length is known from the index, nothing is parsed.
  private func stored(_ records: [InstanceRecord], plan: InstancePlan, tag: EntityTag, base: String, _ request: Request)
    async throws -> Response
  {
    if !plan.isMultipart, let record = records.first {
      let file = BodySegment.file(path: archive.path(of: record), offset: 0, length: record.size)
      return try await ranged(
        [file], request.headers[.range], contentType: Self.dicomType(record.transferSyntax), tag: tag)
    }
    var writer = MultipartWriter(rootType: DICOMMediaType.dicom, tag: tag)
    for record in records {
      writer.add(
        contentType: Self.dicomType(record.transferSyntax), location: base + record.scope.path,
        content: [.file(path: archive.path(of: record), offset: 0, length: record.size)])
    }
    let contentType = writer.contentType
    return try await answer(writer.finished(), contentType: contentType, tag: tag)
  }

  /// A response whose body is these segments, with its length and validator.
  func answer(_ segments: [BodySegment], contentType: String, tag: EntityTag?, keeping file: TemporaryFile? = nil)
    async throws -> Response
  {
    var response = Response(status: .ok, body: try await streamer.body(segments, keeping: file))
    response.headers[.contentType] = contentType
    response.headers[.eTag] = tag?.text
    response.headers[.vary] = "Accept"
    return response
  }

  /// A body without parts, whole or a range of it.
  func ranged(_ segments: [BodySegment], _ header: String?, contentType: String, tag: EntityTag) async throws
    -> Response
  {
    let length = segments.length
    switch ByteRange(header, length: length) {
    case .whole:
      var response = try await answer(segments, contentType: contentType, tag: tag)
      response.headers[.acceptRanges] = "bytes"
      return response
    case .part(let range):
      var response = try await answer(segments.slice(range), contentType: contentType, tag: tag)
      response.status = .partialContent
      response.headers[.contentRange] = "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(length)"
      return response
    case .unsatisfiable:
      throw WebFailure(
        status: .rangeNotSatisfiable, message: "The range lies outside the \(length) bytes.",
        headers: [.contentRange: "bytes */\(length)"])
    }
  }

  func notModified(_ tag: EntityTag) -> Response {
    Response(status: .notModified, headers: [.eTag: tag.text, .vary: "Accept"])
  }

  static func dicomType(_ syntax: TransferSyntax) -> String { "\(DICOMMediaType.dicom); transfer-syntax=\(syntax.uid)" }

  // MARK: Conversion

  /// Sends objects that must be rewritten first.
  ///
  /// One is converted before the answer begins, so that a failure has a status and the length is known; of several, the next is
  /// converted while the present one is sent, and the answer is chunked, for nobody knows its length.
  private func converted(_ records: [InstanceRecord], plan: InstancePlan, tag: EntityTag, base: String) async throws
    -> Response
  {
    let first = try await readied(records[0], plan.forms[0], fallingBack: plan.mayFallBack)
    if !plan.isMultipart {
      return try await answer([first.segment], contentType: Self.dicomType(first.syntax), tag: tag, keeping: first.file)
    }
    let writer = MultipartWriter(rootType: DICOMMediaType.dicom, tag: tag)
    let streamer = streamer
    if records.count == 1 {
      var writer = writer
      writer.add(
        contentType: Self.dicomType(first.syntax), location: base + records[0].scope.path, content: [first.segment])
      return try await answer(writer.finished(), contentType: writer.contentType, tag: tag, keeping: first.file)
    }
    let body = ResponseBody { sink in
      var ready: ReadyFile? = first
      for (index, record) in records.enumerated() {
        guard let present = ready else { break }
        async let following =
          index + 1 < records.count
          ? self.readied(records[index + 1], plan.forms[index + 1], fallingBack: plan.mayFallBack) : nil
        let head = writer.partHead(
          contentType: Self.dicomType(present.syntax), location: base + record.scope.path, isFirst: index == 0)
        try await streamer.write([.bytes(head), present.segment], to: &sink)
        withExtendedLifetime(present.file) {}
        ready = try await following
      }
      try await sink.write(ByteBuffer(bytes: writer.tail))
      try await sink.finish(nil)
    }
    var response = Response(status: .ok, body: body)
    response.headers[.contentType] = writer.contentType
    response.headers[.eTag] = tag.text
    response.headers[.vary] = "Accept"
    return response
  }

  private struct ReadyFile: Sendable {
    let path: String
    let length: Int
    let syntax: TransferSyntax
    let file: TemporaryFile?

    var segment: BodySegment { .file(path: path, offset: 0, length: length) }
  }

  private func readied(_ record: InstanceRecord, _ form: InstancePlan.Form, fallingBack: Bool) async throws -> ReadyFile
  {
    let path = archive.path(of: record)
    let stored = ReadyFile(path: path, length: record.size, syntax: record.transferSyntax, file: nil)
    guard case .made(let syntax) = form else { return stored }
    let file = TemporaryFile(in: temporaryDirectory)
    do {
      try await drawing(record) { try await pictures.transcode($0, to: syntax, output: file.path) }
      return ReadyFile(path: file.path, length: try file.length(), syntax: syntax, file: file)
    } catch  where fallingBack && !(error is CancellationError) {
      return stored
    }
  }
}

/// A file that goes when nobody needs it any more.
final class TemporaryFile: Sendable {
  let path: String

  init(in directory: String) {
    path =
      directory + "/" + String(UInt64.random(in: .min ... .max), radix: 36)
      + String(UInt64.random(in: .min ... .max), radix: 36) + ".tmp"
  }

  deinit { unlink(path) }

  func length() throws -> Int {
    var status = stat()
    guard stat(path, &status) == 0 else { throw SegmentFailure(what: "a converted file is not there (\(errno))") }
    return Int(status.st_size)
  }
}
