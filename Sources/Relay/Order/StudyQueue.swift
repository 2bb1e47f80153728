import Archive
import Foundation

/// What the order must know of a study before its objects are loaded.
struct QueuedStudy: Sendable, Hashable {
  var uid: String
  var urgency: Urgency
  var storedAt: Date
  /// Objects that wait, for planning the memory.
  var waiting: Int
  var caseNumber: String?
  /// More images are coming or being prepared: its manifest is not worth a request of its own yet.
  var isGrowing = false
  /// Says whether the manifest that the hub has is still right; nil when there is none to send.
  var manifest: StudyManifest?
}

/// One study: what of it is to be sent, by rank.
struct StudyQueue: Sendable {
  var study: QueuedStudy
  private(set) var isLoaded = false
  /// How many objects waited when it was let go from memory with all its previews at the hub.
  private var waitedWhenReadable: Int?
  private(set) var objects: [ObjectState] = []
  private(set) var indices: [String: Int] = [:]
  private var queues = [SlotQueue](repeating: SlotQueue(), count: Rank.count)
  /// What readers want to see now.
  var demanded = SlotQueue()
  /// Wishes that came before the objects were loaded.
  var wishes: [LinkDemand] = []
  /// Somebody has it open: it goes before others of its urgency.
  var boostedUntil: Duration?
  /// Objects that failed, and when they are tried again.
  private(set) var resting: [Int] = []
  /// The image that the first request of a new study shows.
  private(set) var firstImage: Int?
  /// Bytes that the hub has not acknowledged, by rank.
  private(set) var left = [Int](repeating: 0, count: Rank.count)
  private(set) var unanswered = 0
  /// Objects that are not done, and their bytes.
  private(set) var pending = 0
  private(set) var pendingBytes = 0
  /// Parcels on their way that hold something of it.
  var parcels = 0
  /// The manifest that the hub has, and the one on its way.
  var manifestKnown: StudyManifest?
  var manifestFlying: StudyManifest?
  /// How many objects a series had when its leading images were last chosen.
  private var leadsChosen: [String: Int] = [:]

  init(_ study: QueuedStudy) { self.study = study }

  var bytesLeft: Int { left.reduce(0, +) }
  func left(upTo rank: Rank) -> Int { left[...rank.rawValue].reduce(0, +) }
  var hasPreviews: Bool { unanswered == 0 && left(upTo: .layer(3, isLeading: false)) == 0 }
  /// Whether the hub can show all of it; what was so when it was unloaded is so until more objects wait.
  var isReadable: Bool {
    isLoaded ? hasPreviews && !objects.isEmpty : waitedWhenReadable.map { study.waiting <= $0 } ?? false
  }
  var isManifestDue: Bool { study.manifest != nil && study.manifest != manifestKnown && manifestFlying == nil }

  // MARK: - Loading

  /// Takes the list of what waits: new objects are queued, vanished ones are let go.
  mutating func load(_ list: [QueuedObject]) {
    isLoaded = true
    let present = Set(list.map(\.digest))
    for index in objects.indices where !objects[index].isDone && !present.contains(objects[index].queued.digest) {
      finish(index)
    }
    var new: [QueuedObject] = []
    for object in list {
      guard let index = indices[object.digest] else {
        new.append(object)
        continue
      }
      // It was aside, and shall be tried once more.
      if objects[index].isDone { restart(index, failures: object.failures) }
    }
    new.sort(by: Self.inReadingOrder)
    for object in new {
      indices[object.digest] = objects.count
      objects.append(ObjectState(object))
      enqueue(objects.count - 1)
    }
    if !new.isEmpty { chooseLeads() }
  }

  /// Forgets the objects; the hub knows what it has.
  mutating func unload() {
    let old = self
    self = StudyQueue(old.study)
    manifestKnown = old.manifestKnown
    boostedUntil = old.boostedUntil
    waitedWhenReadable = old.isReadable ? old.study.waiting : nil
  }

  static func inReadingOrder(_ a: QueuedObject, _ b: QueuedObject) -> Bool {
    let left = (a.seriesNumber ?? .max, a.object.series, a.instanceNumber ?? .max, a.object.instance)
    return left < (b.seriesNumber ?? .max, b.object.series, b.instanceNumber ?? .max, b.object.instance)
  }

  private mutating func enqueue(_ index: Int) {
    unanswered += 1
    pending += 1
    pendingBytes += objects[index].queued.object.size
    queues[Rank.announce.rawValue].append(.announce(index))
    for slot in objects[index].slots(index: index) { queues[rank(slot).rawValue].append(slot) }
    count(index, +1)
  }

  /// The first, middle and last image of each series, and key images, lead. While a series grows they are chosen again whenever it has
  /// doubled.
  private mutating func chooseLeads() {
    var series: [String: [Int]] = [:]
    for (index, state) in objects.enumerated() where state.queued.isImage {
      series[state.queued.object.series, default: []].append(index)
    }
    for (uid, members) in series.sorted(by: { $0.value[0] < $1.value[0] }) {
      let before = leadsChosen[uid] ?? 0
      guard members.count >= 2 * before else { continue }
      leadsChosen[uid] = members.count
      let ordered = members.sorted { Self.inReadingOrder(objects[$0].queued, objects[$1].queued) }
      for index in [ordered[0], ordered[ordered.count / 2], ordered[ordered.count - 1]] { lead(index) }
    }
    for index in objects.indices where objects[index].queued.isKeyImage { lead(index) }
  }

  private mutating func lead(_ index: Int) {
    guard !objects[index].isDone, !objects[index].need(objects[index].queued.extent(frame: 0, layer: 1)).isEmpty,
      objects[index].queued.extent(frame: 0, layer: 1).count <= 256 << 10
    else { return }
    queues[Rank.lead.rawValue].append(.layer(1, frame: 0, of: index))
    if firstImage == nil, objects[index].queued.isFresh, objects.allSatisfy({ $0.announcement == .due }) {
      firstImage = index
      objects[index].waitsForAnswer = false
      queues[Rank.announce.rawValue].putBack(.announce(index))
    }
  }

  // MARK: - Queues

  func rank(_ slot: Slot) -> Rank { slot.rank(in: objects[Int(slot.object)].queued) }

  /// What a slot lacks; nil when it has nothing to send and may leave its queue.
  private func need(_ slot: Slot) -> Range<Int>? {
    let state = objects[Int(slot.object)]
    if state.isDone || state.restsUntil != nil { return nil }
    if slot.isAnnouncement { return state.announcement == .due ? 0..<0 : nil }
    return state.need(slot.extent(in: state.queued)).first
  }

  /// Whether a part may go before the hub has answered the announcement: only the first picture of a new study, and more of it when it is
  /// the only object.
  private func isOpen(_ slot: Slot) -> Bool {
    let state = objects[Int(slot.object)]
    if slot.isAnnouncement || state.announcement == .answered { return true }
    return !state.waitsForAnswer && state.announcement != .due && (slot.layer == 1 || pending == 1)
  }

  /// The next slot up to a rank and the first range that it lacks; parts whose announcement is not answered are passed over.
  mutating func next(upTo limit: Rank) -> (slot: Slot, rank: Rank, range: Range<Int>)? {
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
        if isOpen(slot) { return (slot, Rank(rawValue: rank), range) }
        break
      }
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
      if isOpen(slot) { return (slot, rank(slot), range) }
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

  // MARK: - What becomes of objects

  /// Changes an object's state and keeps the counts right. For changes of single parts ``take(_:of:)`` and ``settle(_:range:isKept:)``
  /// are cheaper.
  mutating func change(_ index: Int, _ body: (inout ObjectState) -> Void) {
    count(index, -1)
    body(&objects[index])
    count(index, +1)
  }

  private mutating func count(_ index: Int, _ sign: Int) {
    guard !objects[index].isDone else { return }
    for slot in objects[index].slots(index: index) {
      left[rank(slot).rawValue] += sign * objects[index].missing(slot.extent(in: objects[index].queued))
    }
  }

  mutating func fly(_ index: Int, _ range: Range<Int>) { objects[index].flying.insert(contentsOf: range) }

  mutating func announce(_ index: Int, parcel: Int) {
    objects[index].announcement = .flying(parcel: parcel)
    objects[index].sinceAnnounced = RangeSet()
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
