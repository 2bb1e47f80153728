extension StudyQueue {
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

  mutating func enqueue(_ index: Int) {
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
}
