import Archive

extension SendOrder {
  /// What the site must do about an answer.
  struct Outcome: Sendable, Equatable {
    /// Objects that the hub has whole: digests, to be acknowledged in the outbox.
    var receipts: [String] = []
    /// Revisions of cases that the hub has.
    var cases: [CaseReceipt] = []
    /// Cases that the hub does not take as they are.
    var refusedCases: [CaseRefusal] = []
    /// Objects that failed once more, with the reason.
    var failed: [Failure] = []
    /// The hub has no room: nothing is to be tried for a while.
    var isHubFull = false
  }

  /// An object that failed.
  struct Failure: Sendable, Equatable {
    /// Of the outbox.
    var id: Int64
    var reason: String
    /// It was the last try: it steps aside.
    var isAside: Bool
  }

  /// How long an object rests after a failure; twice as long after each further one.
  static let rest = Duration.seconds(20)

  /// The hub has taken a parcel and said something.
  mutating func acknowledged(_ id: Int, _ answer: LinkAnswer, now: Duration) -> Outcome {
    guard let parcel = parcels.removeValue(forKey: id) else { return Outcome() }
    var outcome = Outcome()
    outcome.cases = answer.cases
    outcome.refusedCases = settleForms(parcel, answer)
    settle(parcel, answer)
    hear(answer, parcel, now: now, &outcome)
    // The hub is silent about announced objects of which it has nothing but what came with them.
    let named = Set(answer.objects.map(\.digest))
    for (object, part) in parcel.announced where !named.contains(object.digest) {
      guard let state = studies[part.study]?.objects[Int(part.slot.object)], !state.isDone,
        state.announcement == .answered, state.have != state.sinceAnnounced
      else { continue }
      learn(part.study, Int(part.slot.object), ByteRanges(), isWholeTruth: true)
    }
    return outcome
  }

  /// The hub has refused a parcel, or a part of it, and yet said something: all is sent again that it does not have.
  mutating func refused(_ id: Int, _ answer: LinkAnswer, now: Duration) -> Outcome {
    guard let parcel = parcels[id] else { return Outcome() }
    lost(id)
    var outcome = Outcome()
    outcome.cases = answer.cases
    hear(answer, parcel, now: now, &outcome)
    return outcome
  }

  private mutating func hear(_ answer: LinkAnswer, _ parcel: Parcel, now: Duration, _ outcome: inout Outcome) {
    for digest in answer.receipts where finish(digest) { outcome.receipts.append(digest) }
    for object in answer.objects { heard(object, in: parcel, now: now, &outcome) }
  }

  /// The answer did not come, or was not the hub's: everything in the parcel is sent again.
  mutating func lost(_ id: Int) {
    guard let parcel = parcels.removeValue(forKey: id) else { return }
    for receipt in parcel.forms { forms[receipt.number]?.isFlying = false }
    for study in parcel.manifests { studies[study]?.manifestFlying = nil }
    lose(parcel.parts, of: parcel)
    landed(parcel)
  }

  /// The hub opened a new session: what is under way is announced again, since the hub may have gone back in time.
  mutating func sessionLost() {
    for uid in studies.keys {
      studies[uid]!.manifestKnown = nil
      for index in studies[uid]!.objects.indices where !studies[uid]!.objects[index].have.isEmpty {
        studies[uid]!.announceAgain(index)
      }
    }
  }

  /// The file of an object cannot be read here.
  mutating func unreadable(_ digest: String, reason: String, now: Duration) -> [Failure] {
    var outcome = Outcome()
    for (uid, index) in places(of: digest) { fail(uid, index, reason, now: now, &outcome) }
    return outcome.failed
  }

  // MARK: -

  /// What the hub has, or does not take, is not sent again. Gives the latter.
  ///
  /// What it could not read may have been damaged on the way, and is sent once more, but not for ever.
  private mutating func settleForms(_ parcel: Parcel, _ answer: LinkAnswer) -> [CaseRefusal] {
    let heard = Set(answer.cases)
    let damaged = Set(answer.damaged)
    var refused = answer.refusedCases
    for (number, receipt) in parcel.forms.enumerated() {
      forms[receipt.number]?.isFlying = false
      guard damaged.contains(number), !refused.contains(where: { $0.number == receipt.number }) else { continue }
      forms[receipt.number]?.damages += 1
      guard let form = forms[receipt.number], form.damages >= failuresUntilAside else { continue }
      let text = answer.problems.first { $0.hasPrefix("record \(number):") } ?? "the hub cannot read it"
      refused.append(
        CaseRefusal(number: receipt.number, revision: receipt.revision, code: .unreadable, text: text))
    }
    let ended = heard.union(refused.map { CaseReceipt(number: $0.number, revision: $0.revision) })
    for receipt in parcel.forms where ended.contains(receipt) && forms[receipt.number]?.receipt == receipt {
      forms[receipt.number] = nil
    }
    return refused
  }

  private mutating func settle(_ parcel: Parcel, _ answer: LinkAnswer) {
    let damaged = Set(answer.damaged)
    for (offset, study) in parcel.manifests.enumerated() where studies[study] != nil {
      if !damaged.contains(parcel.forms.count + offset) {
        studies[study]!.manifestKnown = studies[study]!.manifestFlying
      }
      studies[study]!.manifestFlying = nil
    }
    // What could not be used, and what is of objects that the hub does not know: it is sent again, after the hub was asked what it has.
    let unknown = Set(answer.unknown)
    var lost: [Parcel.Part] = []
    for (number, record) in parcel.records {
      if damaged.contains(number) {
        lost += record.map(\.part)
        continue
      }
      for (object, part) in record where studies[part.study] != nil {
        let index = Int(part.slot.object)
        if part.slot.isAnnouncement {
          if studies[part.study]!.objects[index].announcement == .flying(parcel: parcel.id) {
            studies[part.study]!.answered(index)
          }
        } else if !unknown.isEmpty, unknown.contains(String(object.digest.prefix(16))) {
          lost.append(part)
        } else {
          studies[part.study]!.settle(part, isKept: true)
        }
      }
    }
    lose(lost, of: parcel)
    for part in lost { studies[part.study]?.announceAgain(Int(part.slot.object)) }
    landed(parcel)
  }

  private mutating func lose(_ parts: [Parcel.Part], of parcel: Parcel) {
    for part in parts.reversed() where studies[part.study] != nil {
      let index = Int(part.slot.object)
      if part.slot.isAnnouncement {
        guard studies[part.study]!.objects[index].announcement == .flying(parcel: parcel.id) else { continue }
        studies[part.study]!.announcementLost(index)
      } else {
        studies[part.study]!.settle(part, isKept: false)
      }
      studies[part.study]!.putBack(part.slot)
    }
  }

  private mutating func landed(_ parcel: Parcel) {
    for study in Set(parcel.parts.map(\.study)).union(parcel.manifests) { studies[study]?.parcels -= 1 }
  }

  /// Where an object waits: in one study, but nobody promises it.
  private func places(of digest: String) -> [(String, Int)] {
    studies.compactMap { uid, study in study.indices[digest].map { (uid, $0) } }
  }

  /// Whether the object was known and waited.
  private mutating func finish(_ digest: String) -> Bool {
    var isKnown = false
    for (uid, index) in places(of: digest) where !studies[uid]!.objects[index].isDone {
      studies[uid]!.finish(index)
      isKnown = true
    }
    return isKnown
  }

  private mutating func heard(_ answer: ArrivalAnswer, in parcel: Parcel, now: Duration, _ outcome: inout Outcome) {
    for (uid, index) in places(of: answer.digest) where !studies[uid]!.objects[index].isDone {
      switch answer.state {
      case .whole:
        studies[uid]!.finish(index)
        outcome.receipts.append(answer.digest)
      case .partial:
        let isAnswerToAnnouncement = parcel.announced.contains { $0.object.digest == answer.digest }
        learn(uid, index, answer.have ?? ByteRanges(), isWholeTruth: isAnswerToAnnouncement)
      case .damaged:
        studies[uid]!.restart(index)
        fail(uid, index, AsideReason.damaged, now: now, &outcome)
      case .refused:
        studies[uid]!.announceAgain(index)
        if answer.reason == .hubFull || answer.reason == .tooMany {
          outcome.isHubFull = outcome.isHubFull || answer.reason == .hubFull
          studies[uid]!.rest(index, until: now + Self.rest * 3)
        } else {
          fail(uid, index, AsideReason.refused(answer.reason, answer.text), now: now, &outcome)
        }
      }
    }
  }

  /// What the hub says that it has. To an announcement it is the whole truth, but for what it has acknowledged since.
  private mutating func learn(_ uid: String, _ index: Int, _ have: ByteRanges, isWholeTruth: Bool) {
    let ranges = RangeSet(have.ranges)
    var hasLess = false
    studies[uid]!.change(index) { state in
      let before = state.have
      if isWholeTruth { state.have = state.sinceAnnounced }
      state.have.formUnion(ranges)
      hasLess = !before.isSubset(of: state.have)
    }
    if hasLess { studies[uid]!.requeue(index) }
  }

  private mutating func fail(_ uid: String, _ index: Int, _ reason: String, now: Duration, _ outcome: inout Outcome) {
    let failures = studies[uid]!.countFailure(index)
    let queued = studies[uid]!.objects[index].queued
    let isAside = failures >= failuresUntilAside
    if isAside {
      studies[uid]!.finish(index)
    } else {
      studies[uid]!.rest(index, until: now + Self.rest * (1 << (failures - 1)))
    }
    outcome.failed.append(Failure(id: queued.id, reason: reason, isAside: isAside))
  }
}
