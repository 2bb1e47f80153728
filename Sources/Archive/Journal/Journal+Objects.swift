import DICOM

/// Objects that so far lie in the journal only.
extension Journal {
  /// Sets what is called, on the thread of some store, when the journal needs objects to get their files.
  func setShortageHandler(_ handler: @escaping @Sendable () -> Void) {
    monitor.withLock { $0.onShortage = handler }
  }

  /// Whether the room of this record is needed for others.
  func needsRoom(of ticket: Ticket) -> Bool {
    monitor.withLock { ticket.segment.phase == .sealed && $0.isShort }
  }

  /// Says whether objects get their files, so that stores need not wait for room that may not come.
  func noteRoom(isHopeless: Bool) {
    let hasChanged = monitor.withLock { state in
      defer { state.isStuck = isHopeless }
      return state.isStuck != isHopeless
    }
    if hasChanged { monitor.wake(Wake.room) }
  }

  /// Has ``close()`` leave the records of objects that have no file.
  func keepRecords() { monitor.withLock { $0.keepsRecords = true } }

  /// Lends the bytes of an object that lies in the journal, read from there.
  ///
  /// Only between ``append(_:digest:receipt:)`` and ``applied(_:)`` of its ticket.
  func withObject<R>(
    _ ticket: Ticket, digest: Digest, size: Int, _ body: (UnsafeRawBufferPointer) throws -> R
  ) throws -> R {
    let block = UnsafeMutableRawBufferPointer.allocate(byteCount: ticket.end - ticket.offset, alignment: 4096)
    defer { block.deallocate() }
    let count = try ticket.segment.file.read(into: block, at: ticket.offset)
    // The head says whose bytes these are: no mistake of ours must put them under another object's name.
    guard count == block.count, let record = JournalRecord(decoding: UnsafeRawBufferPointer(block)),
      record.kind == .inline, record.digest == digest.bytes, record.objectSize == size,
      record.epoch == ticket.segment.epoch
    else { throw ArchiveError("the journal does not hold the object where it was written") }
    let start = JournalRecord.headerSize
    return try body(UnsafeRawBufferPointer(rebasing: block[start..<start + size]))
  }
}
