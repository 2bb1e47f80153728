import Foundation

/// The journal's own thread: empties full segments, and makes new ones ahead of need.
extension Journal {
  private enum Work {
    case checkpoint([JournalSegment])
    case makeSegment(path: String)
    case stop
  }

  func runCheckpoints(_ checkpoint: @Sendable () throws -> Void, isDirect: Bool) {
    while true {
      switch nextWork() {
      case .checkpoint(let segments): empty(segments, checkpoint)
      case .makeSegment(let path): makeSegment(path, isDirect: isDirect)
      case .stop:
        monitor.change(waking: Wake.room) { $0.threads -= 1 }
        return
      }
    }
  }

  private func nextWork() -> Work {
    monitor.wait(on: Wake.sealed) { state -> Work? in
      if latch.hasFailed { return .stop }
      let ready = state.segments.filter { $0.phase == .sealed && $0.outstanding == 0 }
      if !ready.isEmpty { return .checkpoint(ready) }
      if state.isClosing {
        return state.keepsRecords || state.segments.allSatisfy { $0.phase == .free } ? .stop : nil
      }
      guard state.wantsSegment else { return nil }
      return .makeSegment(path: segmentMaker.freePath(besides: state.segments))
    }
  }

  private func empty(_ segments: [JournalSegment], _ checkpoint: @Sendable () throws -> Void) {
    let start = ContinuousClock.now
    do {
      try checkpoint()
      for segment in segments { try segment.markEmpty(epoch: segment.epoch) }
    } catch {
      latch.fail(error)
      for condition in 0..<Wake.count { monitor.wake(condition) }
      return
    }
    monitor.change(waking: Wake.room) { state in
      for segment in segments { segment.phase = .free }
      state.cannotGrow = false
    }
    monitor.wake(Wake.flushed)
    metrics.checkpoint.record(duration: ContinuousClock.now - start)
  }

  private func makeSegment(_ path: String, isDirect: Bool) {
    let epoch = monitor.withLock { $0.epoch }
    let segment = segmentMaker.make(path, epoch: epoch, isDirect: isDirect)
    monitor.change(waking: Wake.room) { state in
      if let segment { state.segments.append(segment) }
      state.wantsSegment = false
      state.cannotGrow = segment == nil
    }
  }
}
