/// Which bytes of an object there are: ascending ranges that neither overlap nor touch.
///
/// As JSON a flat list, `[start, end, start, end]`; the end is the first byte that is not there.
public struct ByteRanges: Sendable, Hashable {
  /// start, end, start, end, …: each greater than the one before.
  private var bounds: [Int]

  /// Nothing.
  public init() { bounds = [] }

  /// One range; an empty one is nothing.
  public init(_ range: Range<Int>) { bounds = range.isEmpty ? [] : [range.lowerBound, range.upperBound] }

  /// From the flat list; nil unless the numbers grow from one to the next, beginning with zero or more.
  public init?(flat: [Int]) {
    guard flat.count % 2 == 0, flat.first ?? 0 >= 0, zip(flat, flat.dropFirst()).allSatisfy({ $0 < $1 }) else {
      return nil
    }
    bounds = flat
  }

  /// The flat list.
  public var flat: [Int] { bounds }

  public var ranges: [Range<Int>] {
    stride(from: 0, to: bounds.count, by: 2).map { bounds[$0]..<bounds[$0 + 1] }
  }

  /// How many ranges there are.
  public var pieces: Int { bounds.count / 2 }

  /// How many bytes there are.
  public var count: Int { stride(from: 0, to: bounds.count, by: 2).reduce(0) { $0 + bounds[$1 + 1] - bounds[$1] } }

  public var isEmpty: Bool { bounds.isEmpty }

  /// Behind the last byte; 0 when there is none.
  public var end: Int { bounds.last ?? 0 }

  /// Adds a range, whatever of it is there already. Bytes before zero do not exist and are left out.
  public mutating func insert(_ range: Range<Int>) {
    let range = range.clamped(to: 0..<Int.max)
    if range.isEmpty { return }
    // Those that overlap or touch it become one with it.
    let first = index(endingAtOrAfter: range.lowerBound)
    var last = first
    while last < pieces, bounds[2 * last] <= range.upperBound { last += 1 }
    if first == last {
      bounds.insert(contentsOf: [range.lowerBound, range.upperBound], at: 2 * first)
    } else {
      let start = min(range.lowerBound, bounds[2 * first])
      let end = max(range.upperBound, bounds[2 * last - 1])
      bounds.replaceSubrange(2 * first..<2 * last, with: [start, end])
    }
  }

  /// Adds what another has.
  public mutating func formUnion(_ other: ByteRanges) {
    for range in other.ranges { insert(range) }
  }

  /// Whether every byte of the range is there; of an empty range it is.
  public func contains(_ range: Range<Int>) -> Bool { range.isEmpty || end(from: range.lowerBound) >= range.upperBound }

  /// Whether an object of this size is all there.
  public func isWhole(_ size: Int) -> Bool { contains(0..<size) }

  /// How far the bytes reach without a gap from `offset` on; `offset` itself when it is not there.
  public func end(from offset: Int) -> Int {
    let index = index(endingAtOrAfter: offset)
    guard index < pieces, bounds[2 * index] <= offset else { return offset }
    return bounds[2 * index + 1]
  }

  /// What of a range is wanting, ascending.
  public func missing(in range: Range<Int>) -> [Range<Int>] {
    var missing: [Range<Int>] = []
    var position = range.lowerBound
    var index = index(endingAtOrAfter: position)
    while index < pieces, position < range.upperBound, bounds[2 * index] < range.upperBound {
      if bounds[2 * index] > position { missing.append(position..<bounds[2 * index]) }
      position = max(position, bounds[2 * index + 1])
      index += 1
    }
    if position < range.upperBound { missing.append(position..<range.upperBound) }
    return missing
  }

  /// What an object of this size lacks, ascending.
  public func missing(upTo size: Int) -> [Range<Int>] { size > 0 ? missing(in: 0..<size) : [] }

  /// The first range that ends at `offset` or behind it.
  private func index(endingAtOrAfter offset: Int) -> Int {
    var (low, high) = (0, pieces)
    while low < high {
      let middle = (low + high) / 2
      if bounds[2 * middle + 1] < offset { low = middle + 1 } else { high = middle }
    }
    return low
  }
}

extension ByteRanges: Codable {
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let ranges = ByteRanges(flat: try container.decode([Int].self)) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "the bounds do not grow")
    }
    self = ranges
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(bounds)
  }
}
