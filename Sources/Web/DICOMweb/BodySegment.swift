/// A stretch of a response body: bytes at hand, or bytes of an object file that are read when their turn comes.
enum BodySegment: Sendable {
  case bytes([UInt8])
  case file(path: String, offset: Int, length: Int)

  var length: Int {
    switch self {
    case .bytes(let bytes): bytes.count
    case .file(_, _, let length): length
    }
  }
}

extension [BodySegment] {
  /// What goes into Content-Length.
  var length: Int { reduce(0) { $0 + $1.length } }

  /// The segments of a stretch of the body.
  func slice(_ range: Range<Int>) -> [BodySegment] {
    var start = 0
    return compactMap { segment -> BodySegment? in
      defer { start += segment.length }
      let wanted = range.clamped(to: start..<start + segment.length)
      guard !wanted.isEmpty else { return nil }
      switch segment {
      case .bytes(let bytes): return .bytes([UInt8](bytes[wanted.lowerBound - start..<wanted.upperBound - start]))
      case .file(let path, let offset, _):
        return .file(path: path, offset: offset + wanted.lowerBound - start, length: wanted.count)
      }
    }
  }
}
