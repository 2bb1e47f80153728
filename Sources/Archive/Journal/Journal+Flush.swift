import Foundation

extension Journal {
  /// Blocks until the record is on the disk.
  ///
  /// No thread of its own flushes: of those that wait, one flushes for all whose records are written by then, and a lone
  /// sender waits for the disk only, not for two threads to wake each other.
  func waitUntilFlushed(_ ticket: Ticket) throws(StoreFailure) {
    let segment = ticket.segment
    enum Turn {
      case done
      case flush(end: Int, records: Int)
    }
    while true {
      let turn = try monitor.wait(on: Wake.flushed) { _ throws(StoreFailure) -> Turn? in
        if segment.flushed >= ticket.end { return .done }
        try latch.check()
        if let brokenAt = segment.brokenAt, brokenAt < ticket.end {
          throw StoreFailure(.outOfResources, "the disk is full: the journal could not be written")
        }
        if segment.isFlushing { return nil }
        if segment.written < ticket.end {
          segment.awaited = max(segment.awaited, ticket.end)
          return nil
        }
        segment.isFlushing = true
        return .flush(end: segment.written, records: segment.writtenRecords)
      }
      guard case .flush(let end, let records) = turn else { return }
      flush(segment, end: end, records: records)
    }
  }

  private func flush(_ segment: JournalSegment, end: Int, records: Int) {
    let start = ContinuousClock.now
    do {
      try segment.file.flush()
    } catch {
      latch.fail(error)
      monitor.wake(Wake.flushed)
      return
    }
    let (count, fill) = monitor.change(waking: Wake.flushed) { state in
      segment.flushed = end
      segment.isFlushing = false
      let count = records - segment.flushedRecords
      segment.flushedRecords = records
      return (count, state.fill)
    }
    metrics.flush.record(duration: ContinuousClock.now - start)
    metrics.flushBatch.record(count)
    metrics.journalFill.record(fill)
  }

  /// Blocks until every record given out so far is written, so that a flush of the file system covers it. False when one could
  /// not be written: what stands behind it would not be replayed.
  func waitUntilWritten() throws(StoreFailure) -> Bool {
    let ends = monitor.withLock { state in
      state.segments.filter { $0.phase != .free }.map { (segment: $0, epoch: $0.epoch, end: $0.used) }
    }
    for (segment, epoch, end) in ends {
      let isWritten = try monitor.wait(on: Wake.flushed) { _ throws(StoreFailure) -> Bool? in
        try latch.check()
        // Used anew: a checkpoint has covered it.
        if segment.phase == .free || segment.epoch != epoch { return true }
        if segment.brokenAt != nil { return false }
        if segment.written >= end { return true }
        segment.awaited = max(segment.awaited, end)
        return nil
      }
      if !isWritten { return false }
    }
    return true
  }
}
