import DICOM
import Foundation
import GRDB
import Imaging

extension Arrivals {
  /// Proves and keeps those of the objects that are all here, and says of each what it is.
  func settle(_ digests: [String], from site: String) throws(ArrivalFailure) -> [ArrivalAnswer] {
    var answers: [Digest: ArrivalAnswer] = [:]
    var mine: [OpenArrival] = []
    var others: [OpenArrival] = []
    let names = digests.compactMap { Digest(hex: $0) }
    for name in names {
      _ = try withArrival(name, site) { _, arrival in
        if arrival.isSettling {
          others.append(arrival)
        } else if arrival.isWhole {
          arrival.isSettling = true
          mine.append(arrival)
        }
      }
    }
    // A digest that was given twice is settled once.
    others.removeAll { other in mine.contains { $0 === other } }
    for answer in try settle(mine) { if let name = Digest(hex: answer.digest) { answers[name] = answer } }
    for arrival in others { monitor.wait(on: Wake.settled) { _ in arrival.isSettling ? nil : () } }
    var seen: Set<Digest> = []
    var result: [ArrivalAnswer] = []
    for name in names where seen.insert(name).inserted {
      if let answer = answers[name] {
        result.append(answer)
      } else if let answer = try state(of: name, from: site) {
        result.append(answer)
      }
    }
    return result
  }

  /// What is known of an object at this moment; nil when it is nothing.
  private func state(of name: Digest, from site: String) throws(ArrivalFailure) -> ArrivalAnswer? {
    let open = try withArrival(name, site) { _, arrival in
      ArrivalAnswer(digest: name.hex, state: .partial, have: arrival.have)
    }
    if let open { return open }
    if let ended = monitor.withLock({ $0.ended[name] }) { return ended }
    let isWhole = try change {
      try index.pool.read { db in
        let data = Data(name.bytes)
        let kept =
          try KeptFile.fetch(db, where: "digest = ?", [data])
          ?? KeptFile.fetch(db, where: "id = (SELECT instance_id FROM link_instance WHERE digest = ?)", [data])
        return kept.map { !$0.isArriving } ?? false
      }
    }
    return isWhole ? ArrivalAnswer(digest: name.hex, state: .whole) : nil
  }

  // MARK: - Proof

  /// Proves objects that are all here, and lets them join the archive: good ones together.
  func settle(_ arrivals: [OpenArrival]) throws(ArrivalFailure) -> [ArrivalAnswer] {
    if arrivals.isEmpty { return [] }
    defer {
      monitor.change(waking: Wake.settled) { _ in
        for arrival in arrivals { arrival.isSettling = false }
      }
    }
    var answers: [ArrivalAnswer] = []
    var proven: [ProvenArrival] = []
    for arrival in arrivals {
      monitor.wait(on: Wake.settled) { _ in arrival.users == 0 ? () : nil }
      let start = ContinuousClock.now
      let actual: Digest?
      do {
        actual = try ObjectCheck.digest(of: path(arrival.digest))
      } catch {
        throw ArrivalFailure(.unavailable, "an arrived object cannot be read: \(error)")
      }
      metrics.proof.record(duration: ContinuousClock.now - start)
      if actual != arrival.digest {
        answers.append(try throwAway(arrival))
      } else if let problem = try examine(arrival, &proven) {
        answers.append(problem)
      }
    }
    reached(.proven)
    return answers + (try adopt(proven))
  }

  /// Forgets all bytes of an object that is not what its digest says; the ranges first, so that no crash leaves ranges without bytes.
  private func throwAway(_ arrival: OpenArrival) throws(ArrivalFailure) -> ArrivalAnswer {
    let note = ArrivalAnswer(
      digest: arrival.digest.hex, state: .damaged, reason: .damaged,
      text: "all bytes came and they are not those of the digest; it was asked for again")
    try change {
      try writer.change(keepsRows: true) {
        try ArrivalRows.set(
          arrival.id, have: ByteRanges(), stage: .nothing, instance: arrival.instance, at: Date(), $0)
        try ArrivalRows.note(ArrivalRefusal(arrival.object, from: arrival.site, note, Date()), $0)
      }
    }
    try flushIndex()
    unlink(path(arrival.digest))
    monitor.withLock { state in
      state.wanting += arrival.have.count
      arrival.have = ByteRanges()
      arrival.written = ByteRanges()
    }
    metrics.damaged.increment()
    logger.error(
      "An object of a site did not come as it was announced; it is asked for again.",
      metadata: ["site": "\(arrival.site)", "digest": "\(arrival.digest)"])
    return ArrivalAnswer(digest: arrival.digest.hex, state: .damaged)
  }

  /// Parses an object that is proven. nil when it is in order: then it is among `proven`.
  private func examine(
    _ arrival: OpenArrival, _ proven: inout [ProvenArrival]
  ) throws(ArrivalFailure) -> ArrivalAnswer? {
    let problem: (QuarantineReason, String)
    do {
      let entry = try Self.entry(ofWhole: arrival, path: path(arrival.digest))
      try ArrivalHeader.check(entry, arrival.object)
      proven.append(ProvenArrival(arrival: arrival, entry: entry))
      return nil
    } catch let failure as ParseFailure {
      problem = (.unparsable(failure.code.rawValue), failure.reason)
    } catch let failure as ArrivalHeader.Unusable {
      problem = (.mismatch, failure.description)
    } catch {
      throw ArrivalFailure(.unavailable, "an arrived object cannot be read: \(error)")
    }
    return try setAside(arrival, problem.0, .unusable, problem.1)
  }

  static func entry(ofWhole arrival: OpenArrival, path: String) throws -> IndexEntry {
    // Where the layers lie is read from the file. No rule of ours: somebody else has prepared it, so only workers decode it.
    let facts = PreparedFacts(
      layers: arrival.object.isLadder ? LayerTable(ofPreparedFile: path) : nil, receivedSize: 0,
      receivedTransferSyntax: nil, receivedFile: .gone, preparedAt: Date(), rule: "")
    return IndexEntry(
      try ParsedObject.parse(ObjectBytes.mapped(path: path)), digest: arrival.digest, received: arrival.name.received,
      size: arrival.object.size, receipt: Receipt(channel: .link, peerAddress: arrival.site),
      prepared: facts.layers == nil ? nil : facts)
  }

  /// Puts an object that can not join the archive into the quarantine.
  func setAside(
    _ arrival: OpenArrival, _ reason: QuarantineReason, _ code: ArrivalAnswer.Reason, _ detail: String
  ) throws(ArrivalFailure) -> ArrivalAnswer {
    let answer = ArrivalAnswer(digest: arrival.digest.hex, state: .refused, reason: code, text: detail)
    try change {
      try quarantine.keep(
        file: arrival.digest, size: arrival.object.size, reason: reason, detail: detail, receivedAt: Date()
      ) { try Folder.rename(path(arrival.digest), to: $0) }
      try writer.change { db in
        if let row = arrival.instance { try IndexRemoval.remove(instance: row, db) }
        try ArrivalRows.remove(arrival.id, db)
        try ArrivalRows.note(ArrivalRefusal(arrival.object, from: arrival.site, answer, Date()), db)
      }
    }
    try flushIndex()
    unlink(path(arrival.digest))
    monitor.withLock { state in
      state.close(arrival)
      state.end(answer)
    }
    metrics.refused(code).increment()
    return answer
  }

  func flushIndex() throws(ArrivalFailure) {
    do {
      try index.flush()
    } catch {
      latch.fail(error)
      throw ArrivalFailure(.unavailable, "\(error)")
    }
  }
}
