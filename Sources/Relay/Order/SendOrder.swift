import Archive
import Foundation

/// What a site sends next: the rules of the thin link, as a state machine without clock and without I/O. See <doc:Order>.
///
/// Times are given as durations since any fixed moment.
struct SendOrder: Sendable {
  /// Why originals of routine studies stay here for now.
  enum Hold: Sendable { case calendar, budget }

  /// A case that the hub must hear of.
  struct Form: Sendable, Hashable {
    var receipt: CaseReceipt
    var urgency: Urgency
    var isFlying = false
    /// How often the hub could not read it.
    var damages = 0
  }

  /// Every so many requests of an urgency, the oldest study has one for itself, wherever the others are.
  static let turnsOfOldest = 4
  /// How long a study goes before others after somebody at the hub opened it.
  static let boost = Duration.seconds(600)
  /// Objects announced in one request.
  static let announcedAtOnce = 400
  /// Bytes of headers in one request, before they are packed.
  static let headersAtOnce = 2 << 20
  /// Longer headers travel as segments, unpacked.
  static let longestPackedHeader = 64 << 10
  static let segmentsAtOnce = 1500
  /// A part is cut rather than left for the next request when so many bytes of it still fit.
  static let smallestCut = 4 << 10

  /// Held back while not nil; never of what is more urgent than routine.
  var hold: Hold?
  /// After so many failures an object steps aside.
  let failuresUntilAside: Int
  var studies: [String: StudyQueue] = [:]
  var forms: [String: Form] = [:]
  var parcels: [Int: Parcel] = [:]
  /// What packing leaves of a header's bytes, as seen lately.
  var packing = 0.3
  private var parcelsMade = 0
  private var turns = [Int](repeating: 0, count: Urgency.allCases.count)

  init(failuresUntilAside: Int = 3) { self.failuresUntilAside = failuresUntilAside }

  // MARK: - What there is

  /// Takes the list of all studies that wait, and what the hub must hear of cases.
  mutating func update(studies list: [QueuedStudy], forms receipts: [(CaseReceipt, Urgency)]) {
    let present = Set(list.map(\.uid))
    for uid in studies.keys where !present.contains(uid) && studies[uid]!.parcels == 0 { studies[uid] = nil }
    for study in list {
      if studies[study.uid] == nil {
        studies[study.uid] = StudyQueue(study)
      } else {
        studies[study.uid]!.study = study
      }
    }
    var forms: [String: Form] = [:]
    for (receipt, urgency) in receipts {
      var form = Form(receipt: receipt, urgency: urgency)
      if let known = self.forms[receipt.number], known.receipt == receipt {
        form.isFlying = known.isFlying
        form.damages = known.damages
      }
      forms[receipt.number] = form
    }
    self.forms = forms
  }

  /// Takes the objects of a study that wait; again whenever there may be others.
  mutating func load(_ objects: [QueuedObject], of study: String, now: Duration) {
    guard studies[study] != nil else { return }
    studies[study]!.load(objects)
    let wishes = studies[study]!.wishes
    studies[study]!.wishes = []
    for wish in wishes { demand(wish, now: now) }
  }

  // MARK: - What is next

  /// The most urgent thing that could leave now; nil when there is nothing.
  mutating func mostUrgent(now: Duration) -> Urgency? {
    Urgency.allCases.first { urgency in
      forms.values.contains { $0.urgency == urgency && !$0.isFlying }
        || choose(urgency, for: nil, now: now, isOldestsTurn: false) != nil
    }
  }

  /// The content of one request of about `budget` bytes; nil when nothing can leave now.
  ///
  /// - Parameter fillsUp: whether room that something urgent leaves is taken by what is less urgent.
  mutating func next(budget: Int, fillsUp: Bool = true, now: Duration) -> Parcel? {
    var parcel = Parcel(id: parcelsMade, urgency: .routine)
    for urgency in Urgency.allCases {
      fill(&parcel, with: urgency, budget: budget, now: now)
      // What is less urgent fills up what is left, so that no request is wasted.
      if parcel.estimate * 4 >= budget * 3 || !fillsUp && !parcel.isEmpty { break }
    }
    guard !parcel.isEmpty else { return nil }
    parcelsMade += 1
    parcels[parcel.id] = parcel
    for study in Set(parcel.parts.map(\.study)).union(parcel.manifests) { studies[study]!.parcels += 1 }
    return parcel
  }

  private mutating func fill(_ parcel: inout Parcel, with urgency: Urgency, budget: Int, now: Duration) {
    let wasEmpty = parcel.isEmpty
    for number in forms.keys.sorted() where forms[number]!.urgency == urgency && !forms[number]!.isFlying {
      guard parcel.isEmpty || parcel.estimate + Parcel.formEstimate <= budget else { break }
      forms[number]!.isFlying = true
      parcel.forms.append(forms[number]!.receipt)
      parcel.estimate += Parcel.formEstimate
    }
    let isOldestsTurn = (turns[urgency.place] + 1) % Self.turnsOfOldest == 0
    var isFirst = true
    while let (uid, group) = choose(urgency, for: parcel.id, now: now, isOldestsTurn: isOldestsTurn && isFirst) {
      isFirst = false
      let before = parcel.estimate
      addManifest(of: uid, to: &parcel)
      let isFull = fill(&parcel, from: uid, group: group, budget: budget)
      if isFull || parcel.estimate == before { break }
    }
    if wasEmpty, !parcel.isEmpty {
      parcel.urgency = urgency
      turns[urgency.place] += 1
    }
  }

  private mutating func addManifest(of uid: String, to parcel: inout Parcel) {
    guard studies[uid]!.isManifestDue else { return }
    studies[uid]!.manifestFlying = studies[uid]!.study.manifest
    parcel.manifests.append(uid)
    parcel.estimate += Parcel.manifestEstimate
  }

  /// The study of an urgency that comes next, and how far it may go before others are looked at again.
  private mutating func choose(_ urgency: Urgency, for parcel: Int?, now: Duration, isOldestsTurn: Bool) -> (
    uid: String, group: Rank.Group?
  )? {
    var best: (uid: String, group: Rank.Group?, key: (Int, Int, Date))?
    for uid in studies.keys where studies[uid]!.study.urgency == urgency {
      studies[uid]!.wake(at: now)
      let key: (Int, Int, Date)
      var group: Rank.Group?
      let storedAt = studies[uid]!.study.storedAt
      if studies[uid]!.nextDemanded() != nil {
        key = (0, 0, storedAt)
      } else if let next = studies[uid]!.next(upTo: limit(of: uid), in: parcel) {
        group = next.rank.group
        let isBoosted = studies[uid]!.boostedUntil.map { $0 > now } ?? false
        key = isOldestsTurn ? (2, 0, storedAt) : (isBoosted ? 1 : 2, group!.rawValue, storedAt)
      } else if studies[uid]!.isManifestDue, !studies[uid]!.study.isGrowing {
        key = (3, 0, storedAt)
      } else {
        continue
      }
      if best == nil || key < best!.key || (key == best!.key && uid < best!.uid) { best = (uid, group, key) }
    }
    return best.map { ($0.uid, $0.group) }
  }

  /// How far a study may go now.
  private func limit(of uid: String) -> Rank {
    hold != nil && studies[uid]!.study.urgency == .routine
      ? .layer(3, isLeading: false) : Rank(rawValue: Rank.count - 1)
  }

  /// Takes parts of a study: what is demanded, else all up to the end of a group. Says whether the parcel is full.
  private mutating func fill(_ parcel: inout Parcel, from uid: String, group: Rank.Group?, budget: Int) -> Bool {
    while true {
      let next: (slot: Slot, rank: Rank, range: Range<Int>)?
      if group == nil {
        next = studies[uid]!.nextDemanded()
      } else {
        next = studies[uid]!.next(upTo: limit(of: uid), in: parcel.id)
        if let next, next.rank.group != group { return false }
      }
      guard let next else { return false }
      if !take(next.slot, next.range, of: uid, into: &parcel, budget: budget) { return true }
    }
  }

  /// Puts a part, or what fits of it, into a parcel. Says whether there is room for more.
  private mutating func take(_ slot: Slot, _ range: Range<Int>, of uid: String, into parcel: inout Parcel, budget: Int)
    -> Bool
  {
    let index = Int(slot.object)
    let state = studies[uid]!.objects[index]
    let room = budget - parcel.estimate
    if slot.isAnnouncement {
      let takesHeader = state.queued.isFresh && isPacked(state.queued) && !state.need(state.queued.header).isEmpty
      let cost = Parcel.announceEstimate + (takesHeader ? packed(state.queued.header.count) : 0)
      guard parcel.isEmpty || cost <= room, parcel.announced.count < Self.announcedAtOnce,
        parcel.headerBytes < Self.headersAtOnce
      else { return false }
      studies[uid]!.announce(index, parcel: parcel.id)
      let part = Parcel.Part(study: uid, slot: slot, range: 0..<0, epoch: state.epoch)
      parcel.announced.append((state.queued, part))
      parcel.estimate += Parcel.announceEstimate
      if takesHeader { addHeader(of: index, uid, to: &parcel) }
      return true
    }
    if slot.isHeader, isPacked(state.queued), range == state.queued.header {
      guard parcel.isEmpty || packed(range.count) <= room, parcel.headerBytes < Self.headersAtOnce else { return false }
      addHeader(of: index, uid, to: &parcel)
      return true
    }
    let space = room - Parcel.segmentOverhead
    guard parcel.segments.count < Self.segmentsAtOnce else { return false }
    var range = range
    if range.count > space {
      guard parcel.isEmpty || space >= Self.smallestCut else { return false }
      range = range.lowerBound..<range.lowerBound + min(range.count, max(space, Self.smallestCut))
    }
    studies[uid]!.fly(index, range)
    parcel.append(Parcel.Part(study: uid, slot: slot, range: range, epoch: state.epoch), of: state.queued)
    return true
  }

  private mutating func addHeader(of index: Int, _ uid: String, to parcel: inout Parcel) {
    let state = studies[uid]!.objects[index]
    studies[uid]!.fly(index, state.queued.header)
    let part = Parcel.Part(study: uid, slot: .header(index), range: state.queued.header, epoch: state.epoch)
    parcel.headers.append((state.queued, part))
    parcel.headerBytes += state.queued.header.count
    parcel.estimate += packed(state.queued.header.count)
  }

  private func isPacked(_ object: QueuedObject) -> Bool { object.header.count <= Self.longestPackedHeader }
  private func packed(_ bytes: Int) -> Int { 12 + Int(Double(bytes) * packing) }

  /// Tells how small a parcel's headers became, so that the next estimate is better.
  mutating func learnPacking(bytes: Int, became packed: Int) {
    guard bytes > 0 else { return }
    packing = min(1, max(0.02, packing * 0.5 + Double(packed) / Double(bytes) * 0.5))
  }
}

extension Urgency {
  /// 0 for the most urgent.
  var place: Int { Urgency.allCases.firstIndex(of: self)! }
}
