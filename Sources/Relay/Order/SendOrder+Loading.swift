import Archive
import Foundation

extension SendOrder {
  /// Which studies' objects should be in memory, and which may go from it, when there may be so many objects at once.
  ///
  /// Studies are wanted by urgency, opened ones first, then those that a reader cannot yet read, then by age.
  func plan(objects limit: Int, now: Duration) -> (load: [String], unload: [String]) {
    let wanted = studies.values.filter { $0.study.waiting > 0 }.map { Wanted($0, now: now) }.sorted()
    var (load, unload): ([String], [String]) = ([], [])
    var planned = 0
    for queue in wanted.map(\.queue) {
      // One study at least, whatever its size.
      let fits = planned == 0 || planned + queue.study.waiting <= limit
      if fits {
        planned += max(queue.study.waiting, queue.isLoaded ? queue.objects.count : 0)
        if !queue.isLoaded { load.append(queue.study.uid) }
      } else if queue.isLoaded, queue.parcels == 0 {
        unload.append(queue.study.uid)
      } else if queue.isLoaded {
        planned += queue.objects.count
      }
    }
    return (load, unload)
  }

  /// Frees the memory of a study's objects.
  mutating func unload(_ study: String) {
    guard let queue = studies[study], queue.parcels == 0 else { return }
    studies[study]!.unload()
  }

  /// How far a study is at the hub, as far as its objects are in memory.
  func stage(of uid: String) -> LinkStatus.Stage {
    guard let queue = studies[uid], queue.isLoaded, !queue.objects.isEmpty else { return .waiting }
    if queue.unanswered > 0 || queue.left(upTo: .header) > 0 { return .waiting }
    if queue.left(upTo: .layer(1, isLeading: false)) > 0 { return .headers }
    if !queue.hasPreviews { return .thumbnails }
    let originals = queue.objects.contains { state in
      !state.isDone && !state.have.isEmpty
        && state.queued.frames.indices.contains { frame in
          let last = state.queued.extent(frame: frame, layer: state.queued.layers(of: frame))
          return state.missing(last) < last.count
        }
    }
    return originals ? .original : .preview
  }

  /// Objects that are not done and of which the hub has every part up to a picture that can be read.
  func readable(of uid: String) -> Int {
    guard let queue = studies[uid], queue.isLoaded else { return 0 }
    return queue.objects.count { state in
      guard !state.isDone, state.announcement == .answered, !state.have.isEmpty else { return false }
      return state.missing(state.queued.header) == 0
        && state.queued.frames.indices.allSatisfy { frame in
          (1...state.queued.layers(of: frame)).allSatisfy { layer in
            !Rank.of(frame: frame, layer: layer, in: state.queued).isPreview
              || state.missing(state.queued.extent(frame: frame, layer: layer)) == 0
          }
        } && hasPicture(state.queued)
    }
  }

  /// Whether any part of an object counts as a preview: a large frame without layers is of no use before its last byte.
  private func hasPicture(_ object: QueuedObject) -> Bool {
    object.frames.indices.contains { Rank.of(frame: $0, layer: 1, in: object).isPreview }
  }
}

/// A study with its place among those whose objects should be in memory.
private struct Wanted: Comparable {
  let queue: StudyQueue
  /// Urgency, whether it is open at the hub, whether it can be read there.
  private let place: (Int, Int, Int)

  init(_ queue: StudyQueue, now: Duration) {
    self.queue = queue
    let isBoosted = queue.boostedUntil.map { $0 > now } ?? false
    place = (queue.study.urgency.place, isBoosted ? 0 : 1, queue.isReadable ? 1 : 0)
  }

  static func < (a: Wanted, b: Wanted) -> Bool {
    if a.place != b.place { return a.place < b.place }
    return (a.queue.study.storedAt, a.queue.study.uid) < (b.queue.study.storedAt, b.queue.study.uid)
  }

  static func == (a: Wanted, b: Wanted) -> Bool { a.queue.study.uid == b.queue.study.uid }
}

extension SendOrder {
  /// Somebody wants it tried now: what rests after a failure, or until the hub has room, is sent again at once.
  mutating func wakeAll() {
    for uid in studies.keys { studies[uid]!.wake(at: .seconds(Int64.max / 4)) }
  }
}
