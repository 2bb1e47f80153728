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
    var metadata = try await assembled(key)
    let compresses = compresses(request, size: metadata.json.readableBytes)
    let tag = compresses ? metadata.compressedTag : metadata.tag
    var headers: HTTPFields = [.eTag: tag.text, .vary: "Accept, Accept-Encoding"]
    if tag.matches(request.headers[.ifNoneMatch]) { return Response(status: .notModified, headers: headers) }

    headers[.contentType] = mediaType
    guard compresses else {
      return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: metadata.json))
    }
    if metadata.compressed == nil {
      metadata.compressed = try await compressed(metadata.json)
      metadataCache.insert(metadata, for: key)
    }
    guard let compressed = metadata.compressed else { throw SegmentFailure(what: "no memory to compress an answer") }
    headers[.contentEncoding] = "gzip"
    return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: compressed))
  }

  /// From the cache as long as the same objects are there, else put together from what was computed when they came.
  private func assembled(_ key: MetadataKey) async throws -> AssembledMetadata {
    let scope = key.scope
    if let known = metadataCache[key] {
      let now = try await archive.instances(study: scope.study, series: scope.series, instance: scope.instance)
      if AssembledMetadata.tag(now.map(\.version), key) == known.tag {
        demand(scope)
        return known
      }
    }
    let records = try await archive.metadata(study: scope.study, series: scope.series, instance: scope.instance)
    guard !records.isEmpty else { throw await missing(scope) }
    archive.prepareSoon(study: scope.study)
    demand(scope)
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
  /// Made when first asked for.
  var compressed: ByteBuffer?

  var size: Int { json.readableBytes + (compressed?.readableBytes ?? 0) + 512 }
  /// Another representation, so another validator (RFC 9110 §8.8.3.3).
  var compressedTag: EntityTag { EntityTag(folding: [tag.text], salt: "gzip") }

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
    tag = Self.tag(records.map(\.version), key)
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
