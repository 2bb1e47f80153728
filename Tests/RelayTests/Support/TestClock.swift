import Foundation
import Logging
import Synchronization

/// A wall clock that a test sets.
final class TestClock: Sendable {
  private let offset: Mutex<TimeInterval>

  /// - Parameter offset: seconds by which it is ahead of this machine's.
  init(_ offset: TimeInterval = 0) { self.offset = Mutex(offset) }

  var now: Date { Date().addingTimeInterval(offset.withLock { $0 }) }
  func set(_ seconds: TimeInterval) { offset.withLock { $0 = seconds } }
}

/// What was logged, without its metadata.
final class TestLog: LogHandler {
  private let lines = Mutex<[String]>([])
  var metadata: Logger.Metadata {
    get { [:] }
    set {}
  }
  var logLevel: Logger.Level {
    get { .info }
    set {}
  }

  subscript(metadataKey _: String) -> Logger.Metadata.Value? {
    get { nil }
    set {}
  }

  func log(event: LogEvent) { lines.withLock { $0.append("\(event.message)") } }

  func count(_ text: String) -> Int { lines.withLock { $0.count { $0.contains(text) } } }

  var logger: Logger { Logger(label: "test", factory: { _ in self }) }
}
