import DICOM
import Foundation

extension Arrivals {
  /// Writes bytes of an open arrival into their place: any order, any number of times. Durable with the next ``flush(_:from:)``.
  public func write(
    _ bytes: UnsafeRawBufferPointer, at offset: Int, of digest: String, from site: String
  ) throws(ArrivalFailure) {
    try counted { () throws(ArrivalFailure) in
      guard let name = Digest(hex: digest) else { throw ArrivalFailure(.unknownObject, "the digest is none") }
      let end = offset.addingReportingOverflow(bytes.count)
      // What is here is not written again: an object that is being proven must not change.
      let place = try withArrival(name, site) { _, arrival -> Place in
        guard offset >= 0, !end.overflow, end.partialValue <= arrival.object.size else {
          return .refused("\(bytes.count) bytes at \(offset) do not lie in the object")
        }
        let missing = arrival.isSettling ? [] : arrival.written.missing(in: offset..<end.partialValue)
        // Order is the sender's choice, but a list of single bytes is no order.
        guard arrival.written.pieces + missing.count <= 1024 + 2 * arrival.object.frames.count else {
          return .refused("the object comes in too many pieces")
        }
        if !missing.isEmpty { arrival.users += 1 }
        return .taken(arrival, missing)
      }
      let (arrival, missing): (OpenArrival, [Range<Int>])
      switch place {
      case .none: throw ArrivalFailure(.unknownObject, "no such object of this site is under way")
      case .refused(let reason): throw ArrivalFailure(.outOfRange, reason)
      case .taken(let found, let ranges): (arrival, missing) = (found, ranges)
      }
      let count = missing.reduce(0) { $0 + $1.count }
      if count < bytes.count { metrics.repeatedBytes.increment(by: bytes.count - count) }
      if missing.isEmpty { return }
      var isWritten = false
      defer {
        monitor.withLock { state in
          arrival.users -= 1
          if isWritten, !arrival.isClosed {
            for range in missing { arrival.written.insert(range) }
            state.dirty[name] = arrival
            state.written += 1
          }
          if arrival.users == 0, arrival.isSettling { monitor.wake(Wake.settled) }
        }
      }
      do throws(StoreFailure) { try reserve.require(count) } catch { throw ArrivalFailure(.hubFull, error.detail) }
      try put(bytes, at: offset, missing, into: path(name))
      isWritten = true
      metrics.bytes.increment(by: count)
    }
    reached(.written)
  }

  private enum Place {
    case refused(String)
    case taken(OpenArrival, [Range<Int>])
  }

  private func put(
    _ bytes: UnsafeRawBufferPointer, at offset: Int, _ ranges: [Range<Int>], into path: String
  ) throws(ArrivalFailure) {
    do {
      let file = try SystemFile(path, O_WRONLY | O_CREAT)
      for range in ranges {
        let part = UnsafeRawBufferPointer(rebasing: bytes[range.lowerBound - offset..<range.upperBound - offset])
        try file.write(part, at: range.lowerBound)
      }
    } catch {
      // Nobody was told anything yet that relies on this file, so the archive itself may go on.
      throw ArrivalFailure(error.isDiskFull ? .hubFull : .unavailable, "\(error)")
    }
  }
}
