import Archive
import DICOM
import HTTPTypes
import Hummingbird
import NIOCore

/// WADO-RS: the data sets without their bulk, as DICOM JSON (PS3.18 §10.4.1.1.2).
extension DICOMweb {
  func retrieveMetadata(_ request: Request, _ context: WebContext) async throws -> Response {
    let scope = try ResourceScope(context)
    let mediaType = try jsonType(accepted(request, QueryString(request.uri.query)))
    let key = MetadataKey(scope: scope, base: addresses.base(for: request))
    let metadata = try await assembled(key)
    if metadata.tag.matches(request.headers[.ifNoneMatch]) { return notModified(metadata.tag) }
    var response = Response(status: .ok, body: ResponseBody(byteBuffer: metadata.json))
    response.headers[.contentType] = mediaType
    response.headers[.eTag] = metadata.tag.text
    response.headers[.vary] = "Accept"
    return response
  }

  /// From the cache as long as the same objects are there, else put together from what was computed when they came.
  private func assembled(_ key: MetadataKey) async throws -> AssembledMetadata {
    let scope = key.scope
    let known = metadataCache[key]
    if let known {
      let digests = try await archive.instances(study: scope.study, series: scope.series, instance: scope.instance).map(
        \.digest)
      if AssembledMetadata.tag(digests, key) == known.tag { return known }
    }
    let records = try await archive.metadata(study: scope.study, series: scope.series, instance: scope.instance)
    guard !records.isEmpty else { throw WebFailure.notFound(scope.level) }
    let made = AssembledMetadata(records, key: key)
    metadataCache.insert(made, for: key)
    return made
  }
}

/// Under which a response is kept: the addresses in it depend on where the client came in.
struct MetadataKey: Hashable, Sendable {
  let scope: ResourceScope
  let base: String
}

/// A metadata response, ready to be sent.
struct AssembledMetadata: Sendable {
  let json: ByteBuffer
  let tag: EntityTag

  var size: Int { json.readableBytes + 512 }

  init(_ records: [MetadataRecord], key: MetadataKey) {
    var buffer = ByteBufferAllocator().buffer(capacity: records.reduce(2) { $0 + $1.json.count + 1024 })
    buffer.writeInteger(UInt8(ascii: "["))
    for (index, record) in records.enumerated() {
      if index > 0 { buffer.writeInteger(UInt8(ascii: ",")) }
      let scope = ResourceScope(
        study: record.studyInstanceUID, series: record.seriesInstanceUID, instance: record.sopInstanceUID)
      Self.write(record.json, bulkData: key.base + scope.path + "/bulkdata/", to: &buffer)
    }
    buffer.writeInteger(UInt8(ascii: "]"))
    json = buffer
    tag = Self.tag(records.map(\.digest), key)
  }

  static func tag(_ digests: [String], _ key: MetadataKey) -> EntityTag { EntityTag(folding: digests, salt: key.base) }

  private static let mark = BytePattern(Array(#""BulkDataURI":"~/"#.utf8), anchor: 15)

  /// Copies JSON, turning `~/` into the address under which bulk data is served.
  ///
  /// The mark cannot come from a value: in JSON text the quotes of a value are escaped.
  static func write(_ json: [UInt8], bulkData address: String, to buffer: inout ByteBuffer) {
    json.withUnsafeBytes { bytes in
      var rest = bytes[...]
      while let found = mark.firstIndex(in: UnsafeRawBufferPointer(rebasing: rest)) {
        let length = found + mark.count
        buffer.writeBytes(UnsafeRawBufferPointer(rebasing: rest.prefix(length - 2)))
        buffer.writeString(address)
        rest = rest.dropFirst(length)
      }
      buffer.writeBytes(UnsafeRawBufferPointer(rebasing: rest))
    }
  }
}
