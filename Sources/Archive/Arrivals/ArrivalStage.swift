/// Which pictures of an instance can be drawn from what is here; the numbers stand in the index.
enum ArrivalStage: Int64, Sendable, Comparable {
  case nothing = 0
  /// The first layer of some frame.
  case thumbnail = 1
  /// A picture to orient by, of some frame: a slice in full size at 40:1.
  case draft = 2
  /// A readable picture of some frame.
  case preview = 3

  /// Bytes from which on a prefix is called a draft or readable: layers of 12 KB and of 40 KB end a little before that.
  static let draftBytes = 9_000
  static let readableBytes = 30_000

  init(_ object: ArrivingObject, _ have: ByteRanges) {
    var stage = ArrivalStage.nothing
    if have.contains(0..<object.header) {
      for frame in object.frames {
        let reach = have.end(from: frame[0]) - frame[0]
        guard let here = frame.dropFirst().last(where: { $0 <= reach }) else { continue }
        let isReadable = here == frame.last || here >= Self.readableBytes
        stage = max(stage, isReadable ? .preview : here >= Self.draftBytes ? .draft : .thumbnail)
        if stage == .preview { break }
      }
    }
    self = stage
  }

  static func < (a: ArrivalStage, b: ArrivalStage) -> Bool { a.rawValue < b.rawValue }
}
