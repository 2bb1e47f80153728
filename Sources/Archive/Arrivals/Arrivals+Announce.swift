import DICOM
import Foundation
import GRDB

extension Arrivals {
  /// What an announcement changes besides the index, once it is committed.
  private enum Effect {
    case opened(ArrivalRows.Found, Digest)
    case closed(Digest, ArrivingObject, site: String, have: Int)
    /// The file of a whole object is gone.
    case lost(UID)
  }

  /// Announces some objects in one transaction.
  ///
  /// - Parameter isSecond: what was lost has been taken out of the index.
  func take(
    _ objects: [ArrivingObject], from site: String, isSecond: Bool = false
  ) throws(ArrivalFailure) -> [ArrivalAnswer] {
    let (open, frames, wanting) = monitor.withLock { ($0.counts[site] ?? 0, $0.frames[site] ?? 0, $0.wanting) }
    // Room that others were promised is not there any more.
    let limits = Limits(
      room: reserve.left() - wanting, places: Self.mostOpen - open, frames: Self.mostOpenFrames - frames)
    let (answers, effects) = try change {
      // Rows may go: of objects that their site has prepared anew.
      try writer.change { try take(objects, from: site, limits, $0) }
    }
    monitor.withLock { state in
      state.written += 1
      for effect in effects {
        switch effect {
        case .opened(let found, let digest):
          // Another request may have found it in the index already.
          if state.known[digest] == nil { state.remember(OpenArrival(found, digest)) }
          state.count(found.object, from: site)
        case .closed(let digest, let object, let site, let have):
          if let arrival = state.known[digest] {
            state.close(arrival)
          } else {
            state.discount(object, from: site, have: have)
          }
        case .lost: break
        }
      }
    }
    for effect in effects {
      if case .closed(let digest, _, _, _) = effect { unlink(path(digest)) }
    }
    for answer in answers { if let reason = answer.reason { metrics.refused(reason).increment() } }
    noteGauges()
    reached(.announced)
    var lost: Set<UID> = []
    for effect in effects { if case .lost(let uid) = effect { lost.insert(uid) } }
    if lost.isEmpty || isSecond { return answers }
    try change { try removeLost(lost) }
    var again = try take(objects.filter { lost.contains(UID(rawValue: $0.instance)) }, from: site, isSecond: true)
    return zip(objects, answers).map { object, answer in
      lost.contains(UID(rawValue: object.instance)) && !again.isEmpty ? again.removeFirst() : answer
    }
  }

  /// Takes objects out of the index whose files are gone: whole is a promise about now. Whoever stores one of them just now goes first.
  private func removeLost(_ uids: Set<UID>) throws {
    for uid in uids {
      try flights.alone(uid) { () throws in
        guard let kept = try index.kept(uid), !kept.isArriving, !isThere(kept) else { return }
        try writer.change { try IndexRemoval.remove(instance: kept.id, $0) }
      }
    }
  }

  private struct Limits {
    /// Bytes of the disk.
    var room: Int
    /// Objects of the site, and frames of all of them.
    var places: Int
    var frames: Int
  }

  private func take(
    _ objects: [ArrivingObject], from site: String, _ limits: Limits, _ db: Database
  ) throws -> ([ArrivalAnswer], [Effect]) {
    let now = Date()
    var limits = limits
    var answers: [ArrivalAnswer] = []
    var effects: [Effect] = []
    for object in objects {
      let step = effects.count
      let answer = try take(object, from: site, limits, now, &effects, db)
      for effect in effects[step...] {
        guard case .opened = effect else { continue }
        limits.room -= object.size
        limits.places -= 1
        limits.frames -= object.frames.count
      }
      answers.append(answer)
      // What is only a matter of time or of the announcement itself is no business of the administrator.
      if answer.state == .refused, answer.reason == .conflict {
        try ArrivalRows.note(ArrivalRefusal(object, from: site, answer, now), db)
      }
    }
    return (answers, effects)
  }

  private func take(
    _ object: ArrivingObject, from site: String, _ limits: Limits, _ now: Date, _ effects: inout [Effect],
    _ db: Database
  ) throws -> ArrivalAnswer {
    func refused(_ reason: ArrivalAnswer.Reason, _ text: String) -> ArrivalAnswer {
      ArrivalAnswer(digest: object.digest, state: .refused, reason: reason, text: text)
    }
    if let problem = object.problem { return refused(.unusable, problem) }
    guard let digest = Digest(hex: object.digest), let received = Digest(hex: object.receivedDigest) else {
      return refused(.unusable, "a digest is none")
    }
    func close(_ found: ArrivalRows.Found) throws {
      try ArrivalRows.remove(found.id, db)
      guard let digest = Digest(hex: found.object.digest) else { return }
      effects.append(.closed(digest, found.object, site: found.site, have: found.have.count))
    }
    let byDigest = try ArrivalRows.fetch(db, where: "arrival.digest = ?", [Data(digest.bytes)]).first
    if let kept = try keptWhole(digest, received, db) {
      if isThere(kept) {
        if let byDigest, byDigest.site == site { try close(byDigest) }
        try ArrivalRows.noteWhole(instance: kept.id, from: site, digest, db)
        return ArrivalAnswer(digest: object.digest, state: .whole)
      }
      effects.append(.lost(UID(rawValue: object.instance)))
      return refused(.unusable, "the object is kept, and its file is not there")
    }
    if let byDigest {
      guard byDigest.site == site else { return refused(.conflict, "the same object is coming from another site") }
      return ArrivalAnswer(digest: object.digest, state: .partial, have: durable(digest) ?? byDigest.have)
    }
    let others = try ArrivalRows.fetch(
      db, where: "arrival.instance = ? OR arrival.received_digest = ?", [object.instance, Data(received.bytes)])
    for other in others {
      guard other.site == site, other.object.receivedDigest == object.receivedDigest,
        other.object.instance == object.instance
      else {
        return refused(
          .conflict, "SOP Instance UID \(object.instance) is coming with other bytes from site \(other.site)")
      }
      // The site has prepared the same object once more.
      if let row = other.instance { try IndexRemoval.remove(instance: row, db) }
      try close(other)
    }
    if let kept = try KeptFile.fetch(db, where: "uid = ?", [object.instance]) {
      return refused(.conflict, "SOP Instance UID \(object.instance) is kept with other bytes (\(kept.name))")
    }
    if limits.places <= 0 { return refused(.tooMany, "more than \(Self.mostOpen) objects of this site are under way") }
    if object.frames.count > limits.frames {
      return refused(.tooMany, "objects of this site with more than \(Self.mostOpenFrames) frames are under way")
    }
    guard object.size <= limits.room else {
      return refused(.hubFull, "the hub's disk has room for \(max(0, limits.room)) bytes above its reserve")
    }
    let id = try ArrivalRows.insert(object, digest, from: site, at: now, db)
    try ArrivalStudies.open(object.study, from: site, db)
    effects.append(
      .opened(
        ArrivalRows.Found(id: id, site: site, object: object, have: ByteRanges(), instance: nil, lastAt: now), digest))
    return ArrivalAnswer(digest: object.digest, state: .partial, have: ByteRanges())
  }

  /// The whole object that these digests name: one of them, or the digest under which it came.
  private func keptWhole(_ digest: Digest, _ received: Digest, _ db: Database) throws -> KeptFile? {
    let (travelling, original) = (Data(digest.bytes), Data(received.bytes))
    let conditions: [(String, StatementArguments)] = [
      ("digest = ?", [travelling]), ("received_digest = ?", [original]), ("received_digest = ?", [travelling]),
      ("digest = ?", [original]), ("id = (SELECT instance_id FROM link_instance WHERE digest = ?)", [travelling]),
    ]
    for (condition, arguments) in conditions {
      if let kept = try KeptFile.fetch(db, where: condition, arguments), !kept.isArriving { return kept }
    }
    return nil
  }

  private func isThere(_ kept: KeptFile) -> Bool {
    placer.holds(kept.name.digest) || Folder.fileSize(objects.path(kept.name)) == kept.size
  }

  private func durable(_ digest: Digest) -> ByteRanges? { monitor.withLock { $0.known[digest]?.have } }
}

extension ArrivalRefusal {
  init(_ object: ArrivingObject, from site: String, _ answer: ArrivalAnswer, _ now: Date) {
    self.init(
      site: site, digest: object.digest, instance: object.instance, study: object.study,
      reason: answer.reason ?? .unusable, text: answer.text ?? "", times: 1, firstAt: now, lastAt: now)
  }
}
