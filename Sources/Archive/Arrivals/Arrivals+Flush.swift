import DICOM
import Foundation
import GRDB

extension Arrivals {
  /// Brings to the disk everything that was announced, noted and written before this call, and says what has become of these objects.
  ///
  /// Objects that are all here are proven and kept when this returns; what is not known is left out of the answers. The digests are
  /// those that the caller's request announced or touched: many requests share one flush, and each must hear of its own objects.
  public func flush(_ digests: some Sequence<String>, from site: String) throws(ArrivalFailure) -> [ArrivalAnswer] {
    let digests = Array(digests)
    return try counted { () throws(ArrivalFailure) in
      try flushWritten()
      return try settle(digests, from: site)
    }
  }

  /// An arrival, and what of it the flush makes durable.
  struct FlushedArrival {
    let arrival: OpenArrival
    let written: ByteRanges
    /// Of an instance whose header is here for the first time.
    var entry: IndexEntry?
    /// Why it cannot be an instance.
    var problem: String?
    /// Its row in the index afterwards.
    var instance: Int64?
    /// It came whole by another door meanwhile, or cannot be taken.
    var end: ArrivalAnswer?
  }

  /// Of those that wait, one thread flushes for all whose bytes are written by then.
  private func flushWritten() throws(ArrivalFailure) {
    enum Turn {
      case done
      case flush(upTo: UInt64, [FlushedArrival])
    }
    let wanted = monitor.withLock { $0.written }
    while true {
      try checkLatch()
      let turn = monitor.wait(on: Wake.flushed) { state -> Turn? in
        if state.flushed >= wanted || latch.hasFailed { return .done }
        if state.isFlushing { return nil }
        state.isFlushing = true
        return .flush(
          upTo: state.written,
          state.dirty.values.map { FlushedArrival(arrival: $0, written: $0.written, instance: $0.instance) })
      }
      guard case .flush(let number, let batch) = turn else { return try checkLatch() }
      let start = ContinuousClock.now
      do {
        try note(flush(batch), upTo: number)
      } catch {
        monitor.change(waking: Wake.flushed) { $0.isFlushing = false }
        throw error
      }
      metrics.flush.record(duration: ContinuousClock.now - start)
      metrics.flushObjects.record(batch.count)
    }
  }

  /// The data first, then the index that speaks of it: two flushes, whatever the number of objects.
  private func flush(_ batch: [FlushedArrival]) throws(ArrivalFailure) -> [FlushedArrival] {
    var batch = batch
    if !batch.isEmpty {
      do {
        try objects.flush()
      } catch {
        // What was written since the last flush may be lost, whatever later flushes say.
        latch.fail(error)
        throw ArrivalFailure(.unavailable, "\(error)")
      }
      reached(.dataFlushed)
      for index in batch.indices { readHeader(of: &batch[index]) }
      let uids = Set(batch.filter { $0.entry != nil }.map(\.arrival.uid))
      let read = batch
      batch = try flights.alone(uids) { () throws(ArrivalFailure) in
        try change { try noteTogether(read) }
      }
      reached(.noted)
    }
    do {
      try index.flush()
    } catch {
      latch.fail(error)
      throw ArrivalFailure(.unavailable, "\(error)")
    }
    reached(.noteFlushed)
    return batch
  }

  /// Reads what the header says, when it is here and nothing is known yet.
  private func readHeader(of flushed: inout FlushedArrival) {
    let (arrival, object) = (flushed.arrival, flushed.arrival.object)
    // What is whole by now gets its row from the whole file.
    guard flushed.instance == nil, !object.frames.isEmpty, object.header <= Self.longestHeader,
      flushed.written.contains(0..<object.header), !flushed.written.isWhole(object.size)
    else { return }
    do {
      flushed.entry = try ArrivalHeader.entry(of: arrival, path: path(arrival.digest))
    } catch {
      flushed.problem = error.description
    }
  }

  /// Notes what was flushed in one transaction; one arrival that the index does not take must not hold up the others of all sites.
  private func noteTogether(_ batch: [FlushedArrival]) throws -> [FlushedArrival] {
    do {
      return try writer.transaction { try note(batch, &$0) }
    } catch let error as DatabaseError where error.resultCode == .SQLITE_CONSTRAINT {
      return try batch.flatMap { flushed in
        do {
          return try writer.transaction { try note([flushed], &$0) }
        } catch let error as DatabaseError where error.resultCode == .SQLITE_CONSTRAINT {
          var refused = flushed
          refused.problem = "the index does not take it (\(error.extendedResultCode))"
          return try writer.transaction { try note([refused], &$0) }
        }
      }
    }
  }

  private func note(_ batch: [FlushedArrival], _ transaction: inout IndexTransaction) throws -> [FlushedArrival] {
    var batch = batch
    for index in batch.indices { try note(&batch[index], &transaction) }
    try ArrivalStudies.touch(Set(batch.map(\.arrival.object.study)), at: Date(), transaction.db)
    return batch
  }

  /// Notes one arrival in the index.
  private func note(_ flushed: inout FlushedArrival, _ transaction: inout IndexTransaction) throws {
    let arrival = flushed.arrival
    if flushed.entry != nil || flushed.problem != nil {
      // Not for what was given up since its bytes were flushed.
      let isOpen = try Bool.fetchOne(
        transaction.db.cachedStatement(sql: "SELECT EXISTS (SELECT 1 FROM arrival WHERE id = ?)"),
        arguments: [arrival.id])
      if isOpen != true { return }
    }
    if let problem = flushed.problem { return try refuse(&flushed, .unusable, problem, transaction.db) }
    if let entry = flushed.entry {
      let digests = [Data(arrival.digest.bytes), Data(arrival.name.received.bytes)]
      let kept =
        try KeptFile.fetch(transaction.db, where: "uid = ?", [arrival.object.instance])
        // A site that announces the same received bytes under several UIDs must not hold up others.
        ?? KeptFile.fetch(
          transaction.db, where: "digest IN (?,?) OR received_digest IN (?,?)", StatementArguments(digests + digests))
      if let kept {
        let known = [kept.name.digest, kept.name.received]
        if kept.isArriving {
          return try refuse(
            &flushed, .conflict, "SOP Instance UID \(arrival.uid) is coming with other bytes", transaction.db)
        } else if known.contains(entry.receivedDigest) || known.contains(arrival.digest) {
          // It came whole by another door meanwhile.
          try ArrivalRows.remove(arrival.id, transaction.db)
          try ArrivalRows.noteWhole(instance: kept.id, from: arrival.site, arrival.digest, transaction.db)
          flushed.end = ArrivalAnswer(digest: arrival.digest.hex, state: .whole)
          return
        } else {
          return try refuse(
            &flushed, .conflict, "SOP Instance UID \(arrival.uid) is kept with other bytes (\(kept.name))",
            transaction.db)
        }
      } else {
        flushed.instance = try transaction.add(entry)
      }
    }
    try ArrivalRows.set(
      arrival.id, have: flushed.written, stage: ArrivalStage(arrival.object, flushed.written),
      instance: flushed.instance, at: Date(), transaction.db)
  }

  private func refuse(
    _ flushed: inout FlushedArrival, _ reason: ArrivalAnswer.Reason, _ text: String, _ db: Database
  ) throws {
    let answer = ArrivalAnswer(digest: flushed.arrival.digest.hex, state: .refused, reason: reason, text: text)
    try ArrivalRows.remove(flushed.arrival.id, db)
    try ArrivalRows.note(ArrivalRefusal(flushed.arrival.object, from: flushed.arrival.site, answer, Date()), db)
    flushed.end = answer
  }

  /// Makes what was flushed the truth for everybody.
  private func note(_ batch: [FlushedArrival], upTo number: UInt64) {
    monitor.change(waking: Wake.flushed) { state in
      for flushed in batch where !flushed.arrival.isClosed {
        let arrival = flushed.arrival
        if let answer = flushed.end {
          state.close(arrival)
          state.end(answer)
          continue
        }
        state.wanting -= flushed.written.count - arrival.have.count
        arrival.have = flushed.written
        arrival.instance = flushed.instance
        if arrival.written == arrival.have { state.dirty[arrival.digest] = nil }
      }
      state.flushed = max(state.flushed, number)
      state.isFlushing = false
    }
    for flushed in batch {
      guard let answer = flushed.end else { continue }
      unlink(path(flushed.arrival.digest))
      if let reason = answer.reason {
        metrics.refused(reason).increment()
        logger.error(
          "An object of a site is not taken.",
          metadata: ["site": "\(flushed.arrival.site)", "digest": "\(answer.digest)", "reason": "\(answer.text ?? "")"])
      }
    }
    noteGauges()
  }
}
