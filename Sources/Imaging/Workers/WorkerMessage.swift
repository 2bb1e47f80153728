import CCodecs
import DICOM
import Foundation

/// What the pool asks of a worker process.
struct WorkerRequest: Codable, Sendable {
  enum Work: Codable, Sendable {
    case render(RenderRequest)
    case renderPrepared(RenderRequest, LayerExcerpt)
    case decodeFrame(path: String, frame: Int)
    case encodeFrame(path: String, frame: Int, to: UID)
    case transcode(path: String, to: UID, output: String)
  }

  var work: Work
  /// Bytes of data the process may hold; counts from its first request on.
  var memoryLimit: UInt64
  /// Processor seconds for this request.
  var cpuSeconds: UInt32

  /// What is refused for a while after it has killed a worker. Rewriting a whole file needs more than showing a frame of it, so
  /// the one says nothing about the other.
  var riskKey: String {
    switch work {
    case .render(let request), .renderPrepared(let request, _): request.path
    case .decodeFrame(let path, _): path
    case .encodeFrame(let path, _, _): path
    case .transcode(let path, _, _): "transcode " + path
    }
  }
}

/// What a worker answers; bytes of the picture or frame follow it.
struct WorkerReply: Codable, Sendable {
  var failure: RenderFailure?
  var mediaType = ""
  var width = 0
  var height = 0
}

/// Both directions carry: length of the header (4 bytes), length of the payload (8 bytes), header in JSON, payload.
enum WorkerMessage {
  static let prefixLength = 12
  /// A header holds a path or a reason; nothing longer is believed.
  static let longestHeader = 1 << 16

  static func prefix(header: Int, payload: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    withUnsafeBytes(of: UInt32(header).littleEndian) { bytes.append(contentsOf: $0) }
    withUnsafeBytes(of: UInt64(payload).littleEndian) { bytes.append(contentsOf: $0) }
    return bytes
  }

  /// Nil when the lengths are not believable.
  static func lengths(_ prefix: [UInt8], payloadLimit: Int) -> (header: Int, payload: Int)? {
    guard prefix.count == prefixLength else { return nil }
    let header = prefix[0..<4].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    let payload = prefix[4..<12].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard header <= UInt64(longestHeader), payload <= UInt64(payloadLimit) else { return nil }
    return (Int(header), Int(payload))
  }
}
