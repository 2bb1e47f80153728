import Foundation

/// Writes to standard error, whole lines, so that output for other programs stays clean.
enum StandardError {
  static func write(_ line: String) {
    FileHandle.standardError.write(Data((line + "\n").utf8))
  }
}

/// Progress of long work on standard error: one line rewritten on a terminal, a line now and then elsewhere.
final class ProgressLine: @unchecked Sendable {
  private let lock = NSLock()
  private let isTerminal = isatty(STDERR_FILENO) == 1
  private let quiet: Bool
  private var last = ContinuousClock.now
  private var isDirty = false

  init(quiet: Bool) { self.quiet = quiet }

  /// Shows how far the work is; called as often as one likes.
  func update(_ text: @autoclosure () -> String) {
    guard !quiet else { return }
    lock.withLock {
      let now = ContinuousClock.now
      guard now - last > (isTerminal ? .milliseconds(100) : .seconds(5)) else { return }
      last = now
      let line = isTerminal ? "\r\u{1B}[K\(text())" : text() + "\n"
      FileHandle.standardError.write(Data(line.utf8))
      isDirty = isTerminal
    }
  }

  /// Leaves the line behind.
  func finish() {
    lock.withLock {
      if isDirty { FileHandle.standardError.write(Data("\r\u{1B}[K".utf8)) }
      isDirty = false
    }
  }
}
