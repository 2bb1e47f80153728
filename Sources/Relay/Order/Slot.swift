/// One part of one object of a study: what is waiting in a queue.
struct Slot: Hashable, Sendable {
  /// Index of the object in its study.
  var object: Int32
  /// -2 the announcement, -1 the header, else the frame.
  var frame: Int32
  /// From 1; 0 for announcement and header.
  var layer: Int32

  static func announce(_ object: Int) -> Slot { Slot(object: Int32(object), frame: -2, layer: 0) }
  static func header(_ object: Int) -> Slot { Slot(object: Int32(object), frame: -1, layer: 0) }
  static func layer(_ layer: Int, frame: Int, of object: Int) -> Slot {
    Slot(object: Int32(object), frame: Int32(frame), layer: Int32(layer))
  }

  var isAnnouncement: Bool { frame == -2 }
  var isHeader: Bool { frame == -1 }

  /// Where its bytes lie; empty for an announcement.
  func extent(in object: QueuedObject) -> Range<Int> {
    if isAnnouncement { return 0..<0 }
    return isHeader ? object.header : object.extent(frame: Int(frame), layer: Int(layer))
  }

  func rank(in object: QueuedObject) -> Rank {
    if isAnnouncement { return .announce }
    if isHeader { return Self.headerRank(object) }
    return .of(frame: Int(frame), layer: Int(layer), in: object)
  }

  /// An object without images is all header: small ones are early, documents of a megabyte come behind the thumbnails, and what is larger
  /// with the originals.
  private static func headerRank(_ object: QueuedObject) -> Rank {
    if object.isImage { return .header }
    switch object.object.size {
    case ...(64 << 10): return .early
    case ...(1 << 20): return .layer(1, isLeading: false)
    default: return .layer(5, isLeading: false)
    }
  }
}

/// Slots in the order of their sending. Taking the first and putting one back in front cost no more than appending.
struct SlotQueue: Sendable {
  private var slots: [Slot] = []
  private var head = 0
  /// What was put back, the next one last.
  private var front: [Slot] = []

  var first: Slot? { front.last ?? (head < slots.count ? slots[head] : nil) }
  var isEmpty: Bool { front.isEmpty && head == slots.count }

  mutating func append(_ slot: Slot) { slots.append(slot) }
  mutating func putBack(_ slot: Slot) { front.append(slot) }

  mutating func removeFirst() {
    if front.popLast() != nil { return }
    head += 1
    // What lies behind the head is let go before it weighs.
    if head > 1024, head * 2 > slots.count {
      slots.removeFirst(head)
      head = 0
    }
  }
}
