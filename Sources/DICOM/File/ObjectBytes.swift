import Glibc

/// The bytes of one object, immutable: in memory, mapped from a file, or borrowed from an owner that is kept alive.
public final class ObjectBytes: @unchecked Sendable {
  // Unchecked, because a raw pointer is never Sendable: nobody writes to this memory while the object lives.
  private let memory: UnsafeRawBufferPointer
  private let release: Release

  private enum Release {
    case deallocate
    case unmap
    /// Somebody else's memory; holding the reference keeps it.
    case owner(AnyObject)
  }

  /// Copies an array.
  public init(_ array: [UInt8]) {
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: array.count, alignment: 16)
    copy.copyBytes(from: array)
    memory = UnsafeRawBufferPointer(copy)
    release = .deallocate
  }

  /// Shares memory that `owner` holds and neither moves nor changes as long as it lives.
  init(sharing memory: UnsafeRawBufferPointer, of owner: AnyObject) {
    self.memory = memory
    release = .owner(owner)
  }

  private init(mapped memory: UnsafeRawBufferPointer) {
    self.memory = memory
    release = .unmap
  }

  /// Maps a file for reading; no byte is read before somebody asks for it.
  ///
  /// The file must not be shortened while it is mapped: the kernel answers a read behind the new end with SIGBUS. Objects
  /// of the archive are never rewritten; a file from elsewhere is copied first.
  public static func mapped(path: String) throws(FileFailure) -> ObjectBytes {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileFailure("open", path: path) }
    defer { close(descriptor) }
    return try mapped(descriptor: descriptor, path: path)
  }

  /// Maps the whole of an open file; the descriptor may be closed afterwards.
  static func mapped(descriptor: Int32, path: String) throws(FileFailure) -> ObjectBytes {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw FileFailure("stat", path: path) }
    guard status.st_mode & S_IFMT == S_IFREG else { throw FileFailure("map", path: path, code: EINVAL) }
    let count = Int(status.st_size)
    guard count > 0 else { return ObjectBytes([]) }
    guard let start = mmap(nil, count, PROT_READ, MAP_SHARED, descriptor, 0), start != MAP_FAILED else {
      throw FileFailure("map", path: path)
    }
    return ObjectBytes(mapped: UnsafeRawBufferPointer(start: start, count: count))
  }

  deinit {
    switch release {
    case .deallocate: memory.deallocate()
    case .unmap: munmap(UnsafeMutableRawPointer(mutating: memory.baseAddress), memory.count)
    case .owner: break
    }
  }

  public var count: Int { memory.count }

  /// How much of a mapped file is held in memory at a time by those who read through all of it.
  static let portion = 4 << 20

  /// Lets go of the memory that mapped bytes take; they are read from the file again when somebody asks for them. Does nothing for
  /// bytes that are not mapped. From any thread, also while others read.
  public func forget(_ range: Range<Int>) {
    guard case .unmap = release, let start = memory.baseAddress, !range.isEmpty else { return }
    let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    let first = range.lowerBound / page * page
    madvise(UnsafeMutableRawPointer(mutating: start + first), range.upperBound - first, MADV_DONTNEED)
  }

  /// The same of all bytes.
  public func forget() { forget(0..<count) }

  /// Passes on a range piece by piece, and lets go of each piece: a file of many gigabytes is read through in a few megabytes of memory.
  public func forEachPortion<Failure: Error>(
    of range: Range<Int>, _ body: (UnsafeRawBufferPointer) throws(Failure) -> Void
  ) throws(Failure) {
    var start = range.lowerBound
    while start < range.upperBound {
      let piece = start..<min(start + Self.portion, range.upperBound)
      try body(UnsafeRawBufferPointer(rebasing: memory[piece]))
      forget(piece)
      start = piece.upperBound
    }
  }

  /// The pointer is valid inside `body` only.
  @inline(__always)
  public func withUnsafeBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
    try body(memory)
  }
}

extension UnsafeRawBufferPointer {
  /// Compared with itself, one byte on: memcmp is fast in every build, a loop only in an optimised one.
  var isAllZero: Bool {
    guard let start = baseAddress, count > 0 else { return true }
    return self[0] == 0 && memcmp(start, start + 1, count - 1) == 0
  }
}

/// A system call on a file failed.
public struct FileFailure: Error, Equatable, CustomStringConvertible {
  /// What was tried: "open", "map", …
  public let operation: String
  public let path: String
  /// The value of `errno`.
  public let code: Int32

  /// Takes the code of the call that has just failed.
  init(_ operation: String, path: String, code: Int32 = errno) {
    self.operation = operation
    self.path = path
    self.code = code
  }

  public var description: String { "cannot \(operation) \(path): \(String(cString: strerror(code)))" }
}
