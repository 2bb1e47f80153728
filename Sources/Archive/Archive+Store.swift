import DICOM
import Foundation

extension Archive {
  /// A place for the bytes of an arriving object.
  ///
  /// Fails with `outOfResources` when the disk has no more than its reserve.
  public func makeSpool() throws(StoreFailure) -> Spool {
    try latch.check()
    try reserve.require(1)
    do {
      return try Spool(directory: objects.incoming, memoryLimit: spoolMemoryLimit, flushes: options.durable)
    } catch {
      throw StoreFailure(.outOfResources, "no place for an arriving object: \(error)")
    }
  }

  /// Keeps an arrived object. Blocks until it is on the disk and in the index; call it on a thread of your own.
  ///
  /// The spool must come from ``makeSpool()``. What cannot be kept as an object is put into the quarantine, and the failure
  /// says where. After a failure for want of space nothing of the object is kept, but a crash soon after may still bring
  /// it back from the journal: sending it again is then a duplicate.
  public func store(_ spool: Spool, receipt: Receipt) throws(StoreFailure) -> StoreOutcome {
    let start = ContinuousClock.now
    let outcome = try flights.counted { () throws(StoreFailure) in try storeCounted(spool, receipt) }
    switch outcome {
    case .stored:
      metrics.commit.record(duration: ContinuousClock.now - start)
      metrics.stored.increment()
      metrics.storedBytes.increment(by: spool.count)
    case .duplicate: metrics.duplicates.increment()
    }
    return outcome
  }

  /// Keeps an arrived object on the archive's own threads: ``store(_:receipt:)`` for callers that must not block.
  public func store(_ spool: Spool, receipt: Receipt) async throws(StoreFailure) -> StoreOutcome {
    let result: Result<StoreOutcome, StoreFailure> = await withCheckedContinuation { continuation in
      let isAccepted = threads.run {
        continuation.resume(returning: Result { () throws(StoreFailure) in try self.store(spool, receipt: receipt) })
      }
      if !isAccepted {
        continuation.resume(returning: .failure(StoreFailure(.cannotStore, "the archive is closed")))
      }
    }
    return try result.get()
  }

  private func storeCounted(_ spool: Spool, _ receipt: Receipt) throws(StoreFailure) -> StoreOutcome {
    try latch.check()
    try reserve.require(spool.count)
    let entry = try examine(spool, receipt)
    return try flights.alone(entry.identity.sopInstanceUID) { () throws(StoreFailure) in
      switch try keptFile(entry.identity.sopInstanceUID) {
      case .some(let kept) where kept.name.received == entry.digest || kept.name.digest == entry.digest:
        if kept.isArriving {
          try complete(spool, entry, kept)
          return .stored(entry.identity)
        }
        // Success is a promise about now: an object that someone removed or cut short is put back.
        let isThere =
          placer.holds(kept.name.digest) || Folder.fileSize(objects.path(kept.name)) == kept.size
        if !isThere { try putBack(spool, entry, kept) }
        return .duplicate(entry.identity)
      case .some(let other):
        let detail = "SOP Instance UID \(entry.identity.sopInstanceUID) is kept with other bytes (\(other.name))"
        throw try setAside(spool, receipt, .conflict, .conflict, detail)
      case .none:
        try keep(spool, entry)
        return .stored(entry.identity)
      }
    }
  }

  /// Parses the object and checks it against its receipt.
  private func examine(_ spool: Spool, _ receipt: Receipt) throws(StoreFailure) -> IndexEntry {
    let digest: Digest
    let bytes: ObjectBytes
    do {
      digest = Digest(try spool.finish())!  // a spool gives 32 bytes
      bytes = try spool.bytes()
    } catch {
      throw StoreFailure(.outOfResources, "the arrived bytes cannot be read: \(error)")
    }
    let object: ParsedObject
    do {
      object = try ParsedObject.parse(bytes)
    } catch  where error.code == .outOfSpace {
      throw StoreFailure(.outOfResources, error.reason)
    } catch {
      throw try setAside(spool, receipt, .unparsable(error), .unparsable(error.code.rawValue), error.reason)
    }
    let entry = IndexEntry(
      object, digest: digest, size: spool.count, receipt: receipt, preparesAll: replacement.preparesAll)
    let expectations: [(String, UID?, UID)] = [
      ("SOP Class UID", receipt.expectedSOPClassUID, entry.identity.sopClassUID),
      ("SOP Instance UID", receipt.expectedSOPInstanceUID, entry.identity.sopInstanceUID),
      ("Study Instance UID", receipt.expectedStudyInstanceUID, entry.identity.studyInstanceUID),
    ]
    for (name, expected, actual) in expectations {
      guard let expected, expected != actual else { continue }
      let detail = "the request names \(name) \(expected), the data set \(actual)"
      throw try setAside(spool, receipt, .mismatch, .mismatch, detail)
    }
    return entry
  }

  private func keptFile(_ instance: UID) throws(StoreFailure) -> KeptFile? {
    do {
      return try index.kept(instance)
    } catch {
      throw StoreFailure(.cannotStore, "the index could not be read: \(error)")
    }
  }

  /// Makes good for the lost file of a known object with the bytes that came again, received or prepared ones.
  private func putBack(_ spool: Spool, _ entry: IndexEntry, _ kept: KeptFile) throws(StoreFailure) {
    if kept.name.digest == entry.digest { return try keep(spool, entry, as: kept.name) }
    try keep(spool, entry, as: ObjectName(entry.digest))
    do {
      try writer.change { try IndexReplacement.restore(kept, entry, $0) }
    } catch {
      throw StoreFailure(.cannotStore, "the index could not be written: \(error)")
    }
  }

  /// Keeps an object of which so far only a part has come over a link.
  private func complete(_ spool: Spool, _ entry: IndexEntry, _ kept: KeptFile) throws(StoreFailure) {
    var entry = entry
    let isSameFile = kept.name.digest == entry.digest
    do {
      if isSameFile {
        entry = IndexEntry(
          try ParsedObject.parse(spool.bytes()), digest: entry.digest, received: kept.name.received, size: entry.size,
          receipt: entry.receipt)
      }
    } catch {
      throw StoreFailure(.cannotStore, "the arrived bytes cannot be read: \(error)")
    }
    // The row is there, so it is switched, not added; after a crash the journal does the same.
    try keep(spool, entry, as: isSameFile ? kept.name : ObjectName(entry.digest))
    do {
      try arrivals.complete(kept, with: entry)
    } catch {
      throw StoreFailure(.cannotStore, "the index could not be written: \(error)")
    }
  }

  /// Journal, object store, index: in this order, so that no row ever stands for bytes that a crash can take.
  ///
  /// - Parameter name: of an object that has its row.
  private func keep(_ spool: Spool, _ entry: IndexEntry, as name: ObjectName? = nil) throws(StoreFailure) {
    let isIndexed = name != nil
    let name = name ?? ObjectName(entry.digest)
    let isInMemory = spool.isInMemory
    // An object that has a file already is flushed as that file: the journal only says so.
    if !isInMemory { try place(spool, name) }
    do {
      let ticket = try journal.append(spool, digest: entry.digest, receipt: entry.receipt)
      // An object in memory gets its own file later, from the journal; a prepared file that came again is rare.
      let isPlacedLater = isInMemory && !name.isPrepared
      defer { if !isPlacedLater { journal.applied(ticket) } }
      if isPlacedLater {
        placer.expect(entry.digest, ticket, size: spool.count)
      } else if isInMemory {
        try place(spool, name)
      }
      try commits.commit(ticket, isIndexed ? nil : entry)
      if isPlacedLater { placer.acknowledge(entry.digest) }
      laterFlushes?.note(entry.size)
    } catch {
      if isInMemory { placer.forget(entry.digest) }
      // After a failure of the disk nothing is touched any more: the next start decides.
      if !latch.hasFailed && !isIndexed { objects.removeUnacknowledged(entry.digest) }
      throw error
    }
  }

  private func place(_ spool: Spool, _ name: ObjectName) throws(StoreFailure) {
    do {
      if spool.isInMemory {
        try objects.put(name) { file in
          try spool.withUnsafeBytes { try file.write($0, at: 0) }
        }
      } else {
        try objects.take(spool.takeSpillFile(flushed: options.durable), as: name)
      }
    } catch {
      // Nothing was acknowledged that relies on this file, so the store itself may go on.
      throw StoreFailure(.outOfResources, "the object could not be written: \(error)")
    }
  }

  // MARK: - Quarantine

  /// Keeps bytes aside that never became an object, on the disk when this returns.
  public func quarantine(
    _ spool: Spool, receipt: Receipt, reason: QuarantineReason, detail: String
  ) throws(StoreFailure) -> QuarantineID {
    try flights.counted { () throws(StoreFailure) in
      try latch.check()
      try reserve.require(spool.count)
      return try quarantineStore.keep(spool, receipt: receipt, reason: reason, detail: detail)
    }
  }

  /// The entries of the quarantine, newest first.
  public func quarantined(limit: Int = 100, offset: Int = 0) throws -> [QuarantineEntry] {
    try quarantineStore.entries(limit: limit, offset: offset)
  }

  /// Copies the bytes of an entry to a new file at `path`.
  public func exportQuarantined(_ id: QuarantineID, to path: String) throws {
    try quarantineStore.export(id, to: path)
  }

  /// Removes an entry and its bytes for ever.
  public func deleteQuarantined(_ id: QuarantineID) throws { try quarantineStore.delete(id) }

  /// Puts refused bytes into the quarantine and gives the failure to answer with.
  private func setAside(
    _ spool: Spool, _ receipt: Receipt, _ code: StoreFailure.Code, _ reason: QuarantineReason, _ detail: String
  ) throws(StoreFailure) -> StoreFailure {
    let id = try quarantineStore.keep(spool, receipt: receipt, reason: reason, detail: detail)
    logger.notice(
      "An object was put into the quarantine.",
      metadata: ["entry": "\(id)", "reason": "\(reason)", "channel": "\(receipt.channel.rawValue)"])
    return StoreFailure(code, detail, quarantineID: id)
  }
}
