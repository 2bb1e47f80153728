import HTTPTypes
import Hummingbird
import Imaging
import NIOCore

/// How JSON is sent: in the spelling that Accept names, and compressed when the client says that it understands gzip.
extension DICOMweb {
  /// Below this many bytes compression costs more than it saves.
  private static let worthCompressing = 2048

  /// Which spelling of DICOM JSON the client takes; 406 when none.
  func jsonType(_ accepted: [MediaRange]) throws(WebFailure) -> String {
    if accepted.isEmpty { return DICOMMediaType.json }
    for range in accepted {
      if range.covers(DICOMMediaType.json) { return DICOMMediaType.json }
      if range.covers("application/json") { return "application/json" }
    }
    throw .notAcceptable(available: [DICOMMediaType.json, "application/json"])
  }

  /// Whether an answer of this size goes out compressed.
  func compresses(_ request: Request, size: Int) -> Bool {
    guard size >= Self.worthCompressing else { return false }
    let codings = request.headers[values: .acceptEncoding].joined(separator: ",").lowercased().split(separator: ",")
    return codings.contains { coding in
      let parts = coding.split(separator: ";").map { $0.filter { $0 != " " } }
      guard parts.first == "gzip" || parts.first == "*" else { return false }
      // Only a weight of zero is a refusal.
      return !parts.dropFirst().contains { $0.hasPrefix("q=0") && !$0.dropFirst(3).contains { $0 >= "1" && $0 <= "9" } }
    }
  }

  /// Compresses on a thread where that may take its time.
  func compressed(_ body: ByteBuffer) async throws -> ByteBuffer? {
    try await streamer.threads.runIfActive {
      body.withUnsafeReadableBytes { Gzip.compress($0) }.map { ByteBuffer(bytes: $0) }
    }
  }

  /// An answer of JSON, not to be kept: a search, for instance.
  func json(_ body: ByteBuffer, _ mediaType: String, for request: Request) async throws -> Response {
    var headers: HTTPFields = [.contentType: mediaType, .vary: "Accept, Accept-Encoding"]
    guard compresses(request, size: body.readableBytes), let small = try await compressed(body) else {
      return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: body))
    }
    headers[.contentEncoding] = "gzip"
    return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: small))
  }
}
