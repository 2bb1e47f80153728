/// A stretch of a response body: bytes at hand, or bytes that are read or made when their turn comes.
enum BodySegment: Sendable {
  case bytes([UInt8])
  case file(path: String, offset: Int, length: Int)
  /// Made piece by piece, on a thread that may block, from a range within the segment.
  case made(length: Int, @Sendable (Range<Int>) throws -> [UInt8])

  var length: Int {
    switch self {
    case .bytes(let bytes): bytes.count
    case .file(_, _, let length): length
    case .made(let length, _): length
    }
  }

  /// A part of the segment.
  func slice(_ range: Range<Int>) -> BodySegment {
    switch self {
    case .bytes(let bytes): .bytes([UInt8](bytes[range]))
    case .file(let path, let offset, _): .file(path: path, offset: offset + range.lowerBound, length: range.count)
    case .made(_, let make):
      .made(length: range.count) { try make($0.lowerBound + range.lowerBound..<$0.upperBound + range.lowerBound) }
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
      return wanted.isEmpty ? nil : segment.slice(wanted.lowerBound - start..<wanted.upperBound - start)
    }
  }
}
