import Glibc

/// A call into the system that failed: what was tried, on which file, and what the system said.
struct SystemError: Error, CustomStringConvertible, Sendable {
  let operation: String
  let path: String
  let code: Int32

  /// Takes the reason from `errno`.
  init(_ operation: String, _ path: String, code: Int32 = errno) {
    self.operation = operation
    self.path = path
    self.code = code
  }

  var description: String { "cannot \(operation) \(path): \(String(cString: strerror(code)))" }

  /// Whether the disk (or its quota) is full: nothing is broken, later it may work.
  var isDiskFull: Bool { code == ENOSPC || code == EDQUOT || code == EFBIG }
}
