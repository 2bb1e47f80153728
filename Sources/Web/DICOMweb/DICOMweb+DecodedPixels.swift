import Archive
import DICOM
import HTTPTypes
import Hummingbird
import Imaging
import NIOCore

/// Pixels that are kept compressed and sent as Explicit VR Little Endian has them, as the metadata describes them.
extension DICOMweb {
  /// One decoded frame, from 0: colour by plane where the metadata says so.
  ///
  /// Decoders give colour by pixel, whatever the compressed object's Planar Configuration is.
  func decodedFrame(_ frame: Int, _ record: InstanceRecord, byPlane: Bool) async throws -> [UInt8] {
    let pixels = try await drawing(record) { try await pictures.decodeFrame(frame, of: $0) }
    let count = record.rows * record.columns
    // Three samples a pixel, of one byte or more.
    guard byPlane, count > 0, pixels.count % (count * 3) == 0 else { return pixels }
    return PixelOrder.planes(pixels, samples: 3, bytesPerSample: pixels.count / (count * 3))
  }

  /// Planar Configuration (0028,0006) as the metadata has it.
  func saysColourByPlane(_ record: InstanceRecord) async throws -> Bool {
    let metadata = try await archive.metadata(
      study: record.studyInstanceUID, series: record.seriesInstanceUID, instance: record.sopInstanceUID)
    return metadata.first?.value(of: .planarConfiguration) == "[1]"
  }

  /// Pixel Data of an object that we prepared, native as it was received: for who asks for octets and names no syntax, so that the
  /// address in the metadata gives the same samples before and after. Nil when Accept wants something else.
  func nativePixelData(_ record: InstanceRecord, _ accepted: [MediaRange], _ request: Request) async throws
    -> Response?
  {
    guard let table = record.layers else { return nil }
    let range = accepted.first ?? MediaRange(type: "*", subtype: "*")
    let types = range.isMultipart ? range.values(of: "type").compactMap { MediaRange($0) } : [range]
    let explicit = TransferSyntax.explicitVRLittleEndian
    guard AcceptedSyntax(range) != .stored, AcceptedSyntax(range).allows(explicit),
      types.isEmpty || types.contains(where: { $0.covers(DICOMMediaType.octets) })
    else { return nil }
    let byPlane = table.format.samplesPerPixel == 3 ? try await saysColourByPlane(record) : false
    let frameLength = table.format.frameLength
    let length = frameLength * table.frames.count
    let contentType = "\(DICOMMediaType.octets); transfer-syntax=\(explicit.uid)"
    let isMultipart = range.isMultipart && request.headers[.range] == nil
    let tag = EntityTag(folding: [record.digest, "7FE00010", contentType], salt: isMultipart ? "bulkparts" : "bulk")
    if tag.matches(request.headers[.ifNoneMatch]) { return notModified(tag) }

    var wanted = 0..<length
    var status = HTTPResponse.Status.ok
    var headers: HTTPFields = [.contentType: contentType, .eTag: tag.text, .vary: "Accept", .acceptRanges: "bytes"]
    var (head, tail): ([UInt8], [UInt8]) = ([], [])
    if isMultipart {
      let writer = MultipartWriter(rootType: DICOMMediaType.octets, tag: tag)
      (head, tail) = (writer.partHead(contentType: contentType, isFirst: true), writer.tail)
      headers[.contentType] = writer.contentType
    } else {
      switch ByteRange(request.headers[.range], length: length) {
      case .whole: break
      case .part(let part):
        wanted = part
        status = .partialContent
        headers[.contentRange] = "bytes \(part.lowerBound)-\(part.upperBound - 1)/\(length)"
      case .unsatisfiable:
        throw WebFailure(
          status: .rangeNotSatisfiable, message: "The range lies outside the \(length) bytes.",
          headers: [.contentRange: "bytes */\(length)"])
      }
    }
    // The first frame is decoded before the answer begins, so that a failure has a status.
    let firstFrame = wanted.lowerBound / frameLength
    let first = try await decodedFrame(firstFrame, record, byPlane: byPlane)
    let (opening, closing, part) = (head, tail, wanted)
    let body = ResponseBody(contentLength: opening.count + part.count + closing.count) { sink in
      try await sink.write(ByteBuffer(bytes: opening))
      for frame in firstFrame...(part.upperBound - 1) / frameLength {
        let pixels = frame == firstFrame ? first : try await decodedFrame(frame, record, byPlane: byPlane)
        let start = frame * frameLength
        let slice = part.clamped(to: start..<start + frameLength)
        try await sink.write(ByteBuffer(bytes: pixels[slice.lowerBound - start..<slice.upperBound - start]))
      }
      try await sink.write(ByteBuffer(bytes: closing))
      try await sink.finish(nil)
    }
    return Response(status: status, headers: headers, body: body)
  }
}
