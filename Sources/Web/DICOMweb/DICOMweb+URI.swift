import Archive
import DICOM
import HTTPTypes
import Hummingbird
import Imaging

/// WADO-URI (PS3.18 §9): one object by query parameters, as Weasis and older viewers ask.
extension DICOMweb {
  func retrieveByURI(_ request: Request, _ context: WebContext) async throws -> Response {
    let query = QueryString(request.uri.query)
    guard query.first("requestType")?.uppercased() == "WADO" else {
      throw WebFailure.badRequest("requestType must be WADO.")
    }
    func identifier(_ name: String) throws(WebFailure) -> UID {
      guard let text = query.first(name), !text.isEmpty else { throw .badRequest("\(name) is missing.") }
      return UID(rawValue: text)
    }
    // To send the names along although they were not wanted would be worse than an error.
    if query.first("anonymize") != nil { throw WebFailure.badRequest("anonymize is not supported.") }
    let scope = ResourceScope(
      study: try identifier("studyUID"), series: try identifier("seriesUID"), instance: try identifier("objectUID"))
    let record = try await instances(scope)[0]
    let wanted = query.values("contentType").isEmpty ? request.headers[values: .accept] : query.values("contentType")
    let ranges = MediaRange.list(wanted.joined(separator: ","))
    let isPicture = record.frameCount > 0 && !record.transferSyntax.isVideo
    let asDICOM =
      ranges.contains { $0.essence == DICOMMediaType.dicom }
      || (!isPicture && ranges.allSatisfy { $0.covers(DICOMMediaType.dicom) })
    if asDICOM { return try await file(record, query, request) }
    if !isPicture, let native = try await nativeBulkData(record) {
      return try await answer(native, ranges, request, record, name: "uri")
    }
    return try await picture(record, query, ranges, request)
  }

  /// `contentType=application/dicom`, as stored or in the syntax that `transferSyntax` names.
  private func file(_ record: InstanceRecord, _ query: QueryString, _ request: Request) async throws -> Response {
    var range = MediaRange(type: "application", subtype: "dicom")
    // Clients that do not say what they can read get what was stored: they are the ones that read everything.
    range.parameters = [.init(name: "transfer-syntax", value: query.first("transferSyntax") ?? "*")]
    return try await send([record], accepted: [range], request)
  }

  private func picture(_ record: InstanceRecord, _ query: QueryString, _ ranges: [MediaRange], _ request: Request)
    async throws -> Response
  {
    let form = try PictureForm(ranges.filter { !$0.isMultipart })
    let frame = try number("frameNumber", query, 1...Int(Int32.max)) ?? 1
    try Self.check([frame], record)
    let largest = 1...RenderParameters.maximumSide
    let (rows, columns) = (try number("rows", query, largest), try number("columns", query, largest))
    let quality = try number("imageQuality", query, 1...100)
    var wanted = RenderRequest(
      path: archive.path(of: record), frame: frame - 1,
      format: form.mediaType == "image/png" ? .png : .jpeg(quality: quality ?? 90))
    wanted.embedsProfile = true
    if rows != nil || columns != nil {
      wanted.viewport = Viewport(
        width: columns ?? RenderParameters.maximumSide, height: rows ?? RenderParameters.maximumSide)
    }
    if let center = query.first("windowCenter"), let width = query.first("windowWidth") {
      guard let center = Double(center), let width = Double(width), let window = Window(center: center, width: width)
      else {
        throw WebFailure.badRequest("windowCenter and windowWidth must be numbers, the width at least 1.")
      }
      wanted.window = window
    }
    let warnings = ["region", "annotation", "presentationUID"].filter { query.first($0) != nil }
      .map { "\($0) is not supported and was ignored" }
    let drawable = try await drawable(record, frame: frame - 1)
    let tag = EntityTag(folding: [drawable.digest, form.mediaType, query.canonical], salt: "uri")
    if tag.matches(request.headers[.ifNoneMatch]) { return notModified(tag) }
    let image = try await drawing(drawable) { [wanted] in try await pictures.render(wanted, of: $0) }
    return picture(image, tag: tag, stage: drawable.stage, warnings: warnings)
  }

  private func number(_ name: String, _ query: QueryString, _ range: ClosedRange<Int>) throws(WebFailure) -> Int? {
    guard let text = query.first(name) else { return nil }
    guard let value = Int(text), range.contains(value) else {
      throw .badRequest("\(name) must be a whole number from \(range.lowerBound) to \(range.upperBound).")
    }
    return value
  }
}
