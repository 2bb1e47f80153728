import Foundation
import Glibc
import Synchronization

/// Watches that the disk keeps its reserve: asking the system costs microseconds, so an answer serves for 20 ms.
final class DiskReserve: Sendable {
  /// How long an answer serves.
  static let answerAge = Duration.milliseconds(20)

  private let directory: String
  private let reserve: Int
  /// Bytes that were acknowledged and will be written.
  let promised = Atomic<Int>(0)
  private let answer = Mutex<(asked: ContinuousClock.Instant, available: Int)?>(nil)

  init(directory: String, reserve: Int) {
    self.directory = directory
    self.reserve = reserve
  }

  /// Counts bytes that will be written later; negative ones when they were, or will not be.
  func promise(_ count: Int) { promised.wrappingAdd(count, ordering: .relaxed) }

  /// Bytes that may still be written; negative when the reserve is touched already.
  func left() -> Int { free() - promised.load(ordering: .relaxed) }

  /// Bytes that are wanting where files that could go should go: as much as the reserve once more is to be free. 0 when it is.
  func shortage() -> Int {
    let (shortage, isBeyond) = reserve.subtractingReportingOverflow(left())
    return isBeyond ? .max : max(0, shortage)
  }

  private func free() -> Int {
    answer.withLock { answer in
      let now = ContinuousClock.now
      if let known = answer, now - known.asked < Self.answerAge { return known.available - reserve }
      var facts = statvfs()
      // A file system that cannot tell is not refused: writing to it will say when it is full.
      guard statvfs(directory, &facts) == 0 else { return Int.max / 2 }
      let bytes = UInt64(facts.f_bavail).multipliedReportingOverflow(by: UInt64(facts.f_frsize))
      let available = bytes.overflow ? Int.max / 2 : min(Int(clamping: bytes.partialValue), Int.max / 2)
      answer = (now, available)
      return available - reserve
    }
  }

  /// Fails unless `count` bytes fit above the reserve.
  func require(_ count: Int) throws(StoreFailure) {
    let left = left()
    if left < count {
      throw StoreFailure(
        .outOfResources, "the disk of \(directory) has \(max(0, left)) bytes above its reserve, \(count) are needed")
    }
  }
}
