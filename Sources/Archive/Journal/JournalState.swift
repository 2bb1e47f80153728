/// What a journal knows of its segments: which takes records, which are free, what is wanting. Plain, so that each step can be read by
/// itself; the journal holds it under its lock and does what it says.
struct JournalState {
  /// A place for a record.
  struct Place {
    let segment: JournalSegment
    let offset: Int
    let sequence: UInt64
  }

  /// What came of asking for a place.
  enum Answer {
    case place(Place)
    /// Every segment is full: when one is emptied or made, ask again.
    case wait
    /// No segment is, or will be, large enough.
    case tooLarge
  }

  var segments: [JournalSegment]
  var active: JournalSegment?
  var epoch: UInt64
  /// How many segments there may be.
  let limit: Int
  /// Someone waits for a segment that has to be made.
  var wantsSegment = false
  /// Making one failed: not tried again until a checkpoint has made room.
  var cannotGrow = false
  /// Objects cannot get files, so no segment becomes free: the disk is full.
  var isStuck = false
  /// Some objects have no file: at the end their segments are left as they are, for the next start.
  var keepsRecords = false
  /// Called, with the lock held, when no segment is left but the active one.
  var onShortage: @Sendable () -> Void = {}
  var isClosing = false
  var threads = 1

  init(segments: [JournalSegment], epoch: UInt64, limit: Int) {
    self.segments = segments
    self.epoch = epoch
    self.limit = limit
  }

  /// Whether no further segment can be begun unless one is emptied.
  var isShort: Bool {
    !segments.contains { $0.phase == .free } && (cannotGrow || segments.count >= limit)
  }

  /// Bytes in segments that are not empty.
  var fill: Int { segments.reduce(0) { $0 + ($1.phase == .free ? 0 : $1.used) } }

  /// Gives out space for one record. Says with `hasWork` whether the journal's own thread got something to do.
  mutating func reserve(_ space: Int, hasWork: inout Bool) -> Answer {
    if let active {
      if let place = active.reserve(space) {
        if active.used > active.capacity / 8 { requestSegment(&hasWork) }
        return .place(Place(segment: active, offset: place.offset, sequence: place.sequence))
      }
      active.phase = .sealed
      self.active = nil
      hasWork = true
      if isShort { onShortage() }
    }
    requestSegment(&hasWork)
    let fitting = segments.filter { $0.capacity >= space }
    guard let next = fitting.filter({ $0.phase == .free }).max(by: { $0.capacity < $1.capacity }) else {
      return fitting.isEmpty && !wantsSegment ? .tooLarge : .wait
    }
    epoch += 1
    next.activate(epoch: epoch)
    active = next
    guard let place = next.reserve(space) else { return .wait }
    return .place(Place(segment: next, offset: place.offset, sequence: place.sequence))
  }

  /// Has another segment made, while the present one fills, if no other is free and more are allowed.
  private mutating func requestSegment(_ hasWork: inout Bool) {
    guard !wantsSegment, !cannotGrow, segments.count < limit, !segments.contains(where: { $0.phase == .free })
    else { return }
    wantsSegment = true
    hasWork = true
  }
}
