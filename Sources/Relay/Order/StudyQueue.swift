import Archive

/// One study: what of it is to be sent, by rank. Its state is changed by the files of this type alone.
struct StudyQueue: Sendable {
  var study: QueuedStudy
  var isLoaded = false
  /// How many objects waited when it was let go from memory with all its previews at the hub.
  var waitedWhenReadable: Int?
  var objects: [ObjectState] = []
  var indices: [String: Int] = [:]
  var queues = [SlotQueue](repeating: SlotQueue(), count: Rank.count)
  /// First pictures of the objects that a parcel announces, and which parcel that is.
  var beside = SlotQueue()
  var besideParcel: Int?
  /// What readers want to see now.
  var demanded = SlotQueue()
  /// Wishes that came before the objects were loaded.
  var wishes: [LinkDemand] = []
  /// Somebody has it open: it goes before others of its urgency.
  var boostedUntil: Duration?
  /// Objects that failed, and when they are tried again.
  var resting: [Int] = []
  /// The image that the first request of a new study shows.
  var firstImage: Int?
  /// Bytes that the hub has not acknowledged, by rank.
  var left = [Int](repeating: 0, count: Rank.count)
  var unanswered = 0
  /// Objects that are not done, and their bytes.
  var pending = 0
  var pendingBytes = 0
  /// Parcels on their way that hold something of it.
  var parcels = 0
  /// The manifest that the hub has, and the one on its way.
  var manifestKnown: StudyManifest?
  var manifestFlying: StudyManifest?
  /// How many objects a series had when its leading images were last chosen.
  var leadsChosen: [String: Int] = [:]

  init(_ study: QueuedStudy) { self.study = study }

  var bytesLeft: Int { left.reduce(0, +) }
  func left(upTo rank: Rank) -> Int { left[...rank.rawValue].reduce(0, +) }
  var hasPreviews: Bool { unanswered == 0 && left(upTo: .layer(3, isLeading: false)) == 0 }
  /// Whether the hub can show all of it; what was so when it was unloaded is so until more objects wait.
  var isReadable: Bool {
    isLoaded ? hasPreviews && !objects.isEmpty : waitedWhenReadable.map { study.waiting <= $0 } ?? false
  }
  var isManifestDue: Bool { study.manifest != nil && study.manifest != manifestKnown && manifestFlying == nil }

  // MARK: - Queues

  func rank(_ slot: Slot) -> Rank { slot.rank(in: objects[Int(slot.object)].queued) }

  /// What a slot lacks; nil when it has nothing to send and may leave its queue.
  func need(_ slot: Slot) -> Range<Int>? {
    let state = objects[Int(slot.object)]
    if state.isDone || state.restsUntil != nil { return nil }
    if slot.isAnnouncement { return state.announcement == .due ? 0..<0 : nil }
    return state.need(slot.extent(in: state.queued)).first
  }

  /// Whether a part may go before the hub has answered the announcement: only first pictures that travel in one request with it, the first
  /// picture of a new study, and more of it when it is the only object.
  private func isOpen(_ slot: Slot, in parcel: Int?) -> Bool {
    let state = objects[Int(slot.object)]
    if slot.isAnnouncement || state.announcement == .answered { return true }
    if let parcel, state.announcement == .flying(parcel: parcel), mayGoBeside(slot) { return true }
    return !state.waitsForAnswer && state.announcement != .due && (slot.layer == 1 || pending == 1)
  }

  /// Whether a part is a small picture of an object that the hub can hardly know.
  private func mayGoBeside(_ slot: Slot) -> Bool {
    let queued = objects[Int(slot.object)].queued
    return queued.isFresh && queued.isImage && slot.frame == 0 && slot.layer == 1
      && slot.rank(in: queued) <= .layer(1, isLeading: true)
  }

  /// The next slot up to a rank and the first range that it lacks; parts whose announcement is not answered are passed over.
  ///
  /// - Parameter parcel: that is being filled; nil for a look only.
  mutating func next(upTo limit: Rank, in parcel: Int?) -> (slot: Slot, rank: Rank, range: Range<Int>)? {
    for rank in 0...limit.rawValue {
      // The very first request shows a picture: the first image goes before the other announcements.
      if rank == 0, let firstImage, objects[firstImage].announcement != .due, isLoaded {
        let slot = Slot.layer(1, frame: 0, of: firstImage)
        if let range = need(slot), !objects[firstImage].waitsForAnswer { return (slot, .lead, range) }
        self.firstImage = nil
      }
      while let slot = queues[rank].first {
        guard let range = need(slot) else {
          queues[rank].removeFirst()
          continue
        }
        if isOpen(slot, in: parcel) { return (slot, Rank(rawValue: rank), range) }
        break
      }
      if rank == Rank.layer(1, isLeading: true).rawValue, let parcel, let next = nextBeside(parcel) { return next }
    }
    return nil
  }

  /// The first picture of an object that is announced in this parcel, whatever waits before it for its answer.
  private mutating func nextBeside(_ parcel: Int) -> (slot: Slot, rank: Rank, range: Range<Int>)? {
    guard parcel == besideParcel else { return nil }
    while let slot = beside.first {
      if isOpen(slot, in: parcel), let range = need(slot) { return (slot, rank(slot), range) }
      beside.removeFirst()
    }
    return nil
  }

  /// The next part that a reader waits for: its announcement first.
  mutating func nextDemanded() -> (slot: Slot, rank: Rank, range: Range<Int>)? {
    while let slot = demanded.first {
      guard let range = need(slot) else {
        demanded.removeFirst()
        continue
      }
      if isOpen(slot, in: nil) { return (slot, rank(slot), range) }
      let announcement = Slot.announce(Int(slot.object))
      guard let range = need(announcement) else { return nil }
      return (announcement, .announce, range)
    }
    return nil
  }

  /// Queues a part again that was lost, before others of its rank.
  mutating func putBack(_ slot: Slot) {
    let state = objects[Int(slot.object)]
    if slot.frame == 0, slot.layer == 1, !state.waitsForAnswer, state.announcement != .answered {
      firstImage = Int(slot.object)
    }
    queues[rank(slot).rawValue].putBack(slot)
  }
}
