import Foundation

/// The file that is being written: in order, but for tables that are filled in at the end. Not thread-safe.
final class OutputFile {
  private let file: Int32
  private var buffer: [UInt8] = []
  private var written = 0

  /// Creates the file; it must not exist.
  init(path: String) throws(PreparationFailure) {
    file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o640)
    guard file >= 0 else { throw PreparationFailure(call: "create a file") }
    buffer.reserveCapacity(1 << 18)
  }

  deinit { close(file) }

  /// The offset of the next byte.
  var position: Int { written + buffer.count }

  func write(_ bytes: UnsafeRawBufferPointer) throws {
    if buffer.count + bytes.count > 1 << 18 { try flush() }
    if bytes.count >= 1 << 18 {
      try put(bytes, at: written)
      written += bytes.count
    } else {
      buffer.append(contentsOf: bytes)
    }
  }

  func write(_ bytes: [UInt8]) throws { try bytes.withUnsafeBytes { try write($0) } }

  /// Fills in bytes that were written before as zeros.
  func overwrite(_ bytes: [UInt8], at offset: Int) throws {
    try flush()
    precondition(offset + bytes.count <= written)
    try bytes.withUnsafeBytes { try put($0, at: offset) }
  }

  /// After it the file holds everything; it is not flushed to the disk.
  func finish() throws { try flush() }

  /// The same, with a hole behind what was written, up to this length; `overwrite` fills in parts of it.
  func finish(length: Int) throws {
    try flush()
    guard ftruncate(file, off_t(length)) == 0 else { throw PreparationFailure(call: "write a file") }
    written = max(written, length)
  }

  private func flush() throws {
    guard !buffer.isEmpty else { return }
    try buffer.withUnsafeBytes { try put($0, at: written) }
    written += buffer.count
    buffer.removeAll(keepingCapacity: true)
  }

  private func put(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(PreparationFailure) {
    var done = 0
    while done < bytes.count {
      let count = pwrite(file, bytes.baseAddress! + done, bytes.count - done, off_t(offset + done))
      if count > 0 {
        done += count
      } else if count == 0 || errno != EINTR {
        throw PreparationFailure(call: "write a file")
      }
    }
  }
}

extension PreparationFailure {
  /// Takes the code of the call that has just failed.
  init(call: String) { self.init(description: "cannot \(call): \(String(cString: strerror(errno)))") }
}
