import Foundation
import Glibc

/// An open file or folder, closed when nobody holds it.
final class SystemFile: Sendable {
  let descriptor: Int32
  let path: String

  /// `O_DIRECT`: the system's headers hide it from Swift, and its value is the processor's.
  static let direct: Int32 = {
    #if arch(arm64) || arch(arm)
      0o200000
    #else
      0o40000
    #endif
  }()

  init(_ path: String, _ flags: Int32, mode: mode_t = 0o640) throws(SystemError) {
    descriptor = open(path, flags | O_CLOEXEC, mode)
    self.path = path
    if descriptor < 0 { throw SystemError("open", path) }
  }

  deinit { close(descriptor) }

  func size() throws(SystemError) -> Int {
    var facts = stat()
    if fstat(descriptor, &facts) != 0 { throw SystemError("examine", path) }
    return Int(facts.st_size)
  }

  /// Writes all bytes at `offset`.
  func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(SystemError) {
    var done = 0
    while done < bytes.count {
      let count = pwrite(descriptor, bytes.baseAddress! + done, bytes.count - done, off_t(offset + done))
      if count < 0 && errno == EINTR { continue }
      if count <= 0 { throw SystemError("write", path, code: count == 0 ? ENOSPC : errno) }
      done += count
    }
  }

  /// Fills `buffer` from `offset` and says how many bytes there were.
  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(SystemError) -> Int {
    var done = 0
    while done < buffer.count {
      let count = pread(descriptor, buffer.baseAddress! + done, buffer.count - done, off_t(offset + done))
      if count < 0 && errno == EINTR { continue }
      if count < 0 { throw SystemError("read", path) }
      if count == 0 { break }
      done += count
    }
    return done
  }

  /// Brings the content to the disk. A failure means that acknowledged bytes may be gone: never try again as if fine.
  func flush() throws(SystemError) {
    if fdatasync(descriptor) != 0 { throw SystemError("flush", path) }
  }

  /// Brings content and directory entry to the disk; on a folder: the entries in it.
  func flushAll() throws(SystemError) {
    if fsync(descriptor) != 0 { throw SystemError("flush", path) }
  }

  /// Brings everything of the file system that holds this file to the disk, and reports any write-back that failed
  /// since this file was opened (Linux 5.8 and later).
  func flushFileSystem() throws(SystemError) {
    if Self.syncfs(descriptor) != 0 { throw SystemError("flush the file system of", path) }
  }

  /// Asks the system to begin writing the content to the disk, and does not wait. Only a hint: nothing relies on it.
  func beginWriteBack() {
    _ = Self.syncFileRange(descriptor, 0, 0, 2)  // SYNC_FILE_RANGE_WRITE: start, do not wait
  }

  /// `sync_file_range` (2): like `syncfs` below, in a part of the header that Swift does not see.
  private static let syncFileRange: @convention(c) (Int32, off_t, off_t, UInt32) -> Int32 = {
    guard let symbol = dlsym(nil, "sync_file_range") else { return { _, _, _, _ in 0 } }
    return unsafeBitCast(symbol, to: (@convention(c) (Int32, off_t, off_t, UInt32) -> Int32).self)
  }()

  /// `syncfs` (2) exists in every glibc since 2.14, in a part of its header that Swift does not see.
  private static let syncfs: @convention(c) (Int32) -> Int32 = {
    guard let symbol = dlsym(nil, "syncfs") else {
      return { _ in
        sync()
        return 0
      }
    }
    return unsafeBitCast(symbol, to: (@convention(c) (Int32) -> Int32).self)
  }()
}

/// Names in folders.
enum Folder {
  /// Makes a folder; one that is there already is fine.
  static func make(_ path: String) throws(SystemError) {
    if mkdir(path, 0o750) != 0 && errno != EEXIST { throw SystemError("make the folder", path) }
  }

  static func rename(_ from: String, to: String) throws(SystemError) {
    if Glibc.rename(from, to) != 0 { throw SystemError("rename \(from) to", to) }
  }

  /// Removes a file; one that is not there is fine.
  static func remove(_ path: String) throws(SystemError) {
    if unlink(path) != 0 && errno != ENOENT { throw SystemError("remove", path) }
  }

  /// Brings the entries of a folder to the disk.
  static func flush(_ path: String) throws(SystemError) {
    try SystemFile(path, O_RDONLY | O_DIRECTORY).flushAll()
  }

  /// Bytes of the regular file at `path`; nil when there is none.
  static func fileSize(_ path: String) -> Int? {
    var facts = stat()
    guard lstat(path, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else { return nil }
    return Int(facts.st_size)
  }

  /// The names in a folder, sorted, without `.` and `..`.
  static func names(_ path: String) throws(SystemError) -> [String] {
    guard let folder = opendir(path) else { throw SystemError("list", path) }
    defer { closedir(folder) }
    var names: [String] = []
    while let entry = readdir(folder) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted()
  }
}
