import Archive
import DICOM
import HTTPTypes
import Hummingbird

/// QIDO-RS (PS3.18 §10.6).
extension DICOMweb {
  /// Answers a search at one level, inside what the path names.
  func search(_ level: SearchQuery.Level, _ request: Request, _ context: WebContext) async throws -> Response {
    let scope = context.parameters.get("study") == nil ? nil : try ResourceScope(context)
    let parameters = QueryString(request.uri.query)
    let mediaType = try jsonType(accepted(request, parameters))
    let search = try SearchParameters(
      parameters, level: level, study: scope?.study, series: scope?.series, maximum: limits.searchResults)
    var warnings = search.warnings
    if search.limit == 0 { return empty(warnings) }
    // Whoever asks what is in a study is about to look at it.
    if let scope { demand(scope) }

    var result = try await archive.searchAsync(search.query)
    warnings += result.warnings
    let maximum = min(search.limit ?? .max, limits.searchResults)
    if result.rows.count > maximum {
      result.rows.removeLast(result.rows.count - maximum)
      warnings.append("there are more results than the \(maximum) of one answer; ask for them with offset and limit")
    }
    guard !result.rows.isEmpty else { return empty(warnings) }

    let base = addresses.base(for: request)
    var response = try await json(Self.rows(result.rows, base: base), mediaType, for: request)
    Self.add(warnings, to: &response, service: base + Self.root)
    return response
  }

  /// An empty answer: clients take 204 for an empty list.
  private func empty(_ warnings: [String]) -> Response {
    var response = Response(status: .noContent)
    Self.add(warnings, to: &response, service: Self.root)
    return response
  }

  /// The rows as one JSON array, each with its Retrieve URL (0008,1190).
  private static func rows(_ rows: [SearchRow], base: String) -> ByteBuffer {
    let size = rows.reduce(2) { $0 + $1.json.count + base.utf8.count + 320 }
    var buffer = ByteBufferAllocator().buffer(capacity: size)
    buffer.writeInteger(UInt8(ascii: "["))
    for (index, row) in rows.enumerated() {
      if index > 0 { buffer.writeInteger(UInt8(ascii: ",")) }
      let at = row.retrieveURLOffset
      let scope = ResourceScope(
        study: row.studyInstanceUID, series: row.seriesInstanceUID, instance: row.sopInstanceUID)
      buffer.writeBytes(row.json[..<at])
      buffer.writeString(#""00081190":{"vr":"UR","Value":["#)
      buffer.writeString(JSONText.string(base + scope.path))
      buffer.writeString("]},")
      buffer.writeBytes(row.json[at...])
    }
    buffer.writeInteger(UInt8(ascii: "]"))
    return buffer
  }

  /// `Warning: 299 {service}: {text}` (PS3.18 §8.3.4.4, RFC 7234 §5.5).
  static func add(_ warnings: [String], to response: inout Response, service: String) {
    for warning in warnings {
      let text = warning.filter { $0.isASCII && $0 != "\"" && $0 != "\\" && !$0.isNewline }
      response.headers.append(HTTPField(name: .warning, value: "299 \(service): \"\(text)\""))
    }
  }
}

/// The media types of PS3.18 that are not a frame's.
enum DICOMMediaType {
  static let json = "application/dicom+json"
  static let dicom = "application/dicom"
  static let octets = "application/octet-stream"
}
