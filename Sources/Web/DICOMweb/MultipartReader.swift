/// Takes a `multipart/related` body apart while it arrives (RFC 2046 §5.1).
///
/// Pure and incremental: pieces of any size go in, events come out at once, and never more than a delimiter or one part's
/// header block is kept. Preamble and epilogue are skipped. A body that stops before its closing delimiter is an error at
/// ``finish()``: half a study must never look like success.
struct MultipartReader {
  enum Event {
    /// A part begins; header names in lower case.
    case partBegan(headers: [String: String])
    /// Some bytes of the part, valid during the call only.
    case bytes(UnsafeRawBufferPointer)
    case partEnded
  }

  private enum Stage { case preamble, afterDelimiter, headers, body, epilogue }

  /// CR LF - - boundary.
  private let pattern: BytePattern
  private var delimiter: [UInt8] { pattern.bytes }
  private let limits: MultipartLimits
  private var stage = Stage.preamble
  /// Bytes seen whose meaning the next piece decides. It starts as the CR LF that a body's first delimiter lacks.
  private var carry: [UInt8] = [0x0d, 0x0a]
  /// Between a part's headers and the delimiter that ends it, the look-alikes of a delimiter included.
  private var insideContent = false
  private(set) var partCount = 0

  init(boundary: String, limits: MultipartLimits = .standard) throws(MultipartFailure) {
    let bytes = Array(boundary.utf8)
    // RFC 2046 says at most 70; some clients use more, none needs more than this.
    guard !bytes.isEmpty, bytes.count <= 200, bytes.allSatisfy({ $0 >= 0x20 && $0 < 0x7f }) else { throw .badBoundary }
    pattern = BytePattern([0x0d, 0x0a, 0x2d, 0x2d] + bytes)
    self.limits = limits
  }

  var isInsidePart: Bool { stage == .body || stage == .headers }

  /// Takes the next piece of the body.
  mutating func receive(_ bytes: UnsafeRawBufferPointer, _ emit: (Event) throws -> Void) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      switch stage {
      case .preamble: try scan(&rest) { _ in }
      case .body: try scan(&rest) { try emit(.bytes($0)) }
      case .afterDelimiter: try readDelimiterLine(&rest, emit)
      case .headers: try readHeaders(&rest, emit)
      case .epilogue: return
      }
    }
  }

  /// The body has ended: an error unless its closing delimiter has been seen.
  func finish() throws(MultipartFailure) {
    if stage == .epilogue { return }
    throw partCount == 0 && !isInsidePart ? .noParts : .unfinished
  }

  // MARK: Content

  /// Passes content on up to the next delimiter, keeping back what may be the beginning of one.
  private mutating func scan(
    _ rest: inout Slice<UnsafeRawBufferPointer>, _ pass: (UnsafeRawBufferPointer) throws -> Void
  ) throws {
    if !carry.isEmpty {
      let head = carry + rest.prefix(delimiter.count)
      let carried = carry.count
      carry = []
      try head.withUnsafeBytes { head in
        if let at = pattern.firstIndex(in: head), at < carried {
          try pass(UnsafeRawBufferPointer(rebasing: head[..<at]))
          rest = rest.dropFirst(at + delimiter.count - carried)
          stage = .afterDelimiter
        } else if rest.count < delimiter.count {
          let kept = possibleDelimiterLength(head)
          try pass(UnsafeRawBufferPointer(rebasing: head.dropLast(kept)))
          carry = Array(head.suffix(kept))
          rest = rest.suffix(0)
        } else {
          try pass(UnsafeRawBufferPointer(rebasing: head[..<carried]))
        }
      }
      return
    }
    let all = UnsafeRawBufferPointer(rebasing: rest)
    if let at = pattern.firstIndex(in: all) {
      try pass(UnsafeRawBufferPointer(rebasing: all[..<at]))
      rest = rest.dropFirst(at + delimiter.count)
      stage = .afterDelimiter
    } else {
      let kept = possibleDelimiterLength(all)
      try pass(UnsafeRawBufferPointer(rebasing: all.dropLast(kept)))
      carry = Array(all.suffix(kept))
      rest = rest.suffix(0)
    }
  }

  /// How many of the last bytes are the beginning of a delimiter.
  private func possibleDelimiterLength(_ bytes: UnsafeRawBufferPointer) -> Int {
    var length = min(delimiter.count - 1, bytes.count)
    while length > 0 {
      if bytes.suffix(length).elementsEqual(delimiter.prefix(length)) { return length }
      length -= 1
    }
    return 0
  }

  // MARK: Delimiter and headers

  /// After the boundary: `--` closes, white space and CR LF open a part, anything else was content that looked alike.
  private mutating func readDelimiterLine(_ rest: inout Slice<UnsafeRawBufferPointer>, _ emit: (Event) throws -> Void)
    throws
  {
    // Which part the delimiter ends is known only now.
    while let byte = rest.first {
      rest = rest.dropFirst()
      carry.append(byte)
      if carry == [0x2d, 0x2d] {
        try endPart(emit)
        carry = []
        stage = .epilogue
        return
      }
      if carry.suffix(2) == [0x0d, 0x0a] {
        try endPart(emit)
        carry = []
        stage = .headers
        return
      }
      // White space, then CR LF; or a hyphen that waits for the second.
      let isPadding =
        carry.count == 1
        ? byte == 0x20 || byte == 0x09 || byte == 0x0d || byte == 0x2d
        : (byte == 0x20 || byte == 0x09 || byte == 0x0d) && carry[0] != 0x2d && carry[carry.count - 2] != 0x0d
      if !isPadding || carry.count > 256 { return try resumeContent(emit) }
    }
  }

  private mutating func endPart(_ emit: (Event) throws -> Void) throws {
    if insideContent { try emit(.partEnded) }
    insideContent = false
  }

  /// The delimiter was none: it and what followed are content.
  private mutating func resumeContent(_ emit: (Event) throws -> Void) throws {
    let line = carry
    carry = []
    stage = insideContent ? .body : .preamble
    if insideContent { try delimiter.withUnsafeBytes { try emit(.bytes($0)) } }
    try line.withUnsafeBytes { try receive($0, emit) }
  }

  private mutating func readHeaders(_ rest: inout Slice<UnsafeRawBufferPointer>, _ emit: (Event) throws -> Void) throws
  {
    let before = carry.count
    carry += rest.prefix(limits.headerBlock + 4 - before)
    let block: [UInt8]
    let length: Int
    if carry.starts(with: [0x0d, 0x0a]) {
      (block, length) = ([], 2)
    } else if let end = Self.endOfHeaders(carry, from: max(0, before - 3)) {
      (block, length) = (Array(carry[..<end]), end + 4)
    } else {
      guard carry.count < limits.headerBlock else { throw MultipartFailure.headersTooLong }
      rest = rest.dropFirst(carry.count - before)
      return
    }
    partCount += 1
    guard partCount <= limits.parts else { throw MultipartFailure.tooManyParts }
    rest = rest.dropFirst(length - before)
    carry = []
    stage = .body
    insideContent = true
    try emit(.partBegan(headers: Self.parse(block)))
  }

  private static func endOfHeaders(_ bytes: [UInt8], from: Int) -> Int? {
    guard bytes.count >= 4 else { return nil }
    return (from...max(from, bytes.count - 4)).first { index in
      index + 4 <= bytes.count && bytes[index] == 0x0d && bytes[index + 1] == 0x0a && bytes[index + 2] == 0x0d
        && bytes[index + 3] == 0x0a
    }
  }

  private static func parse(_ block: [UInt8]) -> [String: String] {
    var headers: [String: String] = [:]
    for line in String(decoding: block, as: UTF8.self).split(whereSeparator: \.isNewline) {
      guard let colon = line.firstIndex(of: ":") else { continue }
      let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
      headers[line[..<colon].lowercased()] = String(value)
    }
    return headers
  }
}

/// What one body may hold.
struct MultipartLimits: Sendable {
  var headerBlock = 16 << 10
  var parts = 100_000

  static let standard = MultipartLimits()
}

/// Why a multipart body could not be read.
enum MultipartFailure: Error, Equatable {
  case badBoundary, noParts, unfinished, headersTooLong, tooManyParts
}
