/// Which pictures of an instance can be drawn from what is here; the numbers stand in the index.
enum ArrivalStage: Int64, Sendable, Comparable {
  case nothing = 0
  /// The first layer of some frame.
  case thumbnail = 1
  /// A readable picture of some frame.
  case preview = 2

  /// Bytes from which on a prefix is called readable: layers of 40 KB end a little before that.
  static let readableBytes = 30_000

  init(_ object: ArrivingObject, _ have: ByteRanges) {
    var stage = ArrivalStage.nothing
    if have.contains(0..<object.header) {
      for frame in object.frames {
        let reach = have.end(from: frame[0]) - frame[0]
        guard let here = frame.dropFirst().last(where: { $0 <= reach }) else { continue }
        stage = max(stage, here == frame.last || here >= Self.readableBytes ? .preview : .thumbnail)
        if stage == .preview { break }
      }
    }
    self = stage
  }

  static func < (a: ArrivalStage, b: ArrivalStage) -> Bool { a.rawValue < b.rawValue }
}
