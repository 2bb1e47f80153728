/// What becomes of a study's objects.
extension StudyQueue {
  /// Changes an object's state and keeps the counts right. For changes of single parts ``take(_:of:)`` and ``settle(_:range:isKept:)``
  /// are cheaper.
  mutating func change(_ index: Int, _ body: (inout ObjectState) -> Void) {
    count(index, -1)
    body(&objects[index])
    count(index, +1)
  }

  mutating func count(_ index: Int, _ sign: Int) {
    guard !objects[index].isDone else { return }
    for slot in objects[index].slots(index: index) {
      left[rank(slot).rawValue] += sign * objects[index].missing(slot.extent(in: objects[index].queued))
    }
  }

  mutating func fly(_ index: Int, _ range: Range<Int>) { objects[index].flying.insert(contentsOf: range) }

  mutating func announce(_ index: Int, parcel: Int) {
    objects[index].announcement = .flying(parcel: parcel)
    objects[index].sinceAnnounced = RangeSet()
    if besideParcel != parcel { beside = SlotQueue() }
    besideParcel = parcel
    if objects[index].queued.isFresh, objects[index].queued.isImage { beside.append(.layer(1, frame: 0, of: index)) }
  }

  mutating func announcementLost(_ index: Int) { objects[index].announcement = .due }

  /// One failure more; says how many there were.
  mutating func countFailure(_ index: Int) -> Int {
    objects[index].queued.failures += 1
    return objects[index].queued.failures
  }

  mutating func answered(_ index: Int) {
    if objects[index].announcement != .answered, !objects[index].isDone { unanswered -= 1 }
    objects[index].announcement = .answered
  }

  /// Ends the flight of a part: the hub keeps it, or it was lost.
  mutating func settle(_ part: Parcel.Part, isKept: Bool) {
    let index = Int(part.slot.object)
    objects[index].flying.remove(contentsOf: part.range)
    guard isKept, !objects[index].isDone, objects[index].epoch == part.epoch else { return }
    left[rank(part.slot).rawValue] -= objects[index].missing(part.range)
    objects[index].have.insert(contentsOf: part.range)
    objects[index].sinceAnnounced.insert(contentsOf: part.range)
  }

  /// Nothing more of it is sent.
  mutating func finish(_ index: Int) {
    guard !objects[index].isDone else { return }
    if objects[index].announcement != .answered { unanswered -= 1 }
    pending -= 1
    pendingBytes -= objects[index].queued.object.size
    count(index, -1)
    objects[index].isDone = true
    objects[index].have = RangeSet()
  }

  /// Makes an object that is done, or damaged at the hub, wait from its first byte on.
  mutating func restart(_ index: Int, failures: Int? = nil) {
    finish(index)
    objects[index].isDone = false
    objects[index].announcement = .due
    objects[index].epoch += 1
    objects[index].restsUntil = nil
    objects[index].waitsForAnswer = true
    if let failures { objects[index].queued.failures = failures }
    enqueue(index)
  }

  /// Asks the hub again what it has of an object.
  mutating func announceAgain(_ index: Int) {
    guard !objects[index].isDone, objects[index].announcement != .due else { return }
    if objects[index].announcement == .answered { unanswered += 1 }
    objects[index].announcement = .due
    objects[index].waitsForAnswer = true
    queues[Rank.announce.rawValue].putBack(.announce(index))
  }

  /// Queues every part again that has something to send: the hub has less than was thought, or the object has rested.
  mutating func requeue(_ index: Int) {
    if objects[index].announcement == .due { queues[Rank.announce.rawValue].append(.announce(index)) }
    for slot in objects[index].slots(index: index) where need(slot) != nil { queues[rank(slot).rawValue].append(slot) }
  }

  /// Leaves an object alone for a while.
  mutating func rest(_ index: Int, until time: Duration) {
    if objects[index].restsUntil == nil { resting.append(index) }
    objects[index].restsUntil = time
  }

  mutating func wake(at now: Duration) {
    guard !resting.isEmpty else { return }
    let ready = resting.filter { (objects[$0].restsUntil ?? .zero) <= now }
    resting.removeAll { ready.contains($0) }
    for index in ready where objects[index].restsUntil != nil {
      objects[index].restsUntil = nil
      if !objects[index].isDone { requeue(index) }
    }
  }

  /// When the next object has rested enough.
  var nextWake: Duration? { resting.compactMap { objects[$0].restsUntil }.min() }
}
