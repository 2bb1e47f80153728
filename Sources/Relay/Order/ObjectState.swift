/// How far one object is, as far as the hub has answered.
struct ObjectState: Sendable {
  enum Announcement: Sendable, Equatable {
    /// To be sent (again).
    case due
    /// On its way in a parcel.
    case flying(parcel: Int)
    /// The hub knows the object.
    case answered
  }

  var queued: QueuedObject
  var announcement = Announcement.due
  /// Bytes that the hub has acknowledged.
  var have = RangeSet<Int>()
  /// Bytes in parcels on their way.
  var flying = RangeSet<Int>()
  /// Of ``have``, what was acknowledged since the announcement on its way left: the hub may not have counted it in its answer.
  var sinceAnnounced = RangeSet<Int>()
  /// Whole at the hub, aside, or gone: nothing is to be sent.
  var isDone = false
  /// Grows when the hub threw the object's bytes away: what was sent before counts for nothing.
  var epoch = 0
  /// Until then it is not tried: it failed.
  var restsUntil: Duration?
  /// Whether its parts are only sent after the announcement was answered; not so for the first image of a new study.
  var waitsForAnswer = true

  init(_ queued: QueuedObject) { self.queued = queued }

  /// What of a range must still be sent.
  func need(_ extent: Range<Int>) -> [Range<Int>] {
    if have.isEmpty, flying.isEmpty { return extent.isEmpty ? [] : [extent] }
    var need = RangeSet(extent)
    need.subtract(have)
    need.subtract(flying)
    return Array(need.ranges)
  }

  func missing(_ extent: Range<Int>) -> Int {
    if have.isEmpty { return extent.count }
    var missing = RangeSet(extent)
    missing.subtract(have)
    return missing.ranges.reduce(0) { $0 + $1.count }
  }

  /// Every part but the announcement.
  func slots(index: Int) -> [Slot] {
    [.header(index)]
      + queued.frames.indices.flatMap { frame in
        (1...queued.layers(of: frame)).map { Slot.layer($0, frame: frame, of: index) }
      }
  }
}
