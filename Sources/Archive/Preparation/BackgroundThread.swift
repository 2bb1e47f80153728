import Foundation
import Glibc

/// A thread that takes what processor time is left.
enum BackgroundThread {
  /// `SCHED_BATCH` of <sched.h>, in a part of the header that Swift does not see.
  private static let batch: Int32 = 3
  private static let niceness: Int32 = 10

  /// Starts `body` on a thread of its own, at low priority.
  ///
  /// Not the idle class: then a thread that holds the allocator's lock could wait for seconds while others wait for it.
  static func start(_ body: @escaping @Sendable () -> Void) {
    Thread.detachNewThread {
      // On Linux zero names the calling thread in both calls. A system that refuses leaves it at normal priority.
      _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, niceness)
      var parameters = sched_param()
      _ = sched_setscheduler(0, batch, &parameters)
      body()
    }
  }
}
