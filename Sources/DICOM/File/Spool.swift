import CDCMTK

/// Why a spool could not keep the bytes of an object.
public struct SpoolFailure: Error, Sendable, CustomStringConvertible {
  /// What a caller can act on.
  public enum Code: Sendable, Hashable {
    /// The disk refused: full, read-only, broken.
    case disk
    /// The object is larger than the caller allows.
    case tooLarge
    /// Memory is short, or the spool was used against its rules.
    case other
  }

  /// What a caller can act on.
  public let code: Code
  /// What was tried and what the system said; no patient data.
  public let description: String

  init(_ status: rk_status) {
    switch Int(status.code) {
    case RK_DISK: code = .disk
    case RK_TOO_LARGE: code = .tooLarge
    default: code = .other
    }
    description = status.message
  }
}

/// The bytes of one arriving object: in memory up to a limit, then in a file; their SHA-256 runs along.
///
/// First `append`, then `finish`, then reading. Not for two threads at a time; appending and finishing may block on the disk
/// once the limit is passed.
public final class Spool: @unchecked Sendable {
  /// 1 MiB with the head room of 4096 bytes: two of them fill a huge page.
  public static let defaultMemoryLimit = (1 << 20) - 4096

  // Unchecked: one owner at a time is a rule for callers; after finish() nothing changes any more but takeSpillFile().
  let handle: OpaquePointer

  /// Makes an empty spool.
  ///
  /// - Parameters:
  ///   - directory: Where the file goes if the bytes outgrow the memory; its name starts with "spool-".
  ///   - memoryLimit: Bytes kept in memory, rounded up to a multiple of 4096.
  ///   - flushes: Whether a file is to be on the disk when ``finish()`` returns, for less than it costs later.
  public init(
    directory: String, memoryLimit: Int = defaultMemoryLimit, flushes: Bool = false
  ) throws(SpoolFailure) {
    var handle: OpaquePointer?
    try check(rk_spool_open(directory, max(memoryLimit, 0), flushes, &handle))
    self.handle = handle!  // a good status promises a handle
  }

  deinit { rk_spool_free(handle) }

  /// How many bytes have been appended.
  public var count: Int { Int(rk_spool_count(handle)) }

  /// Whether all bytes are in memory.
  public var isInMemory: Bool { rk_spool_in_memory(handle) }

  /// The file the bytes went to; nil while they are in memory and after ``takeSpillFile()``.
  public var spillPath: String? { rk_spool_path(handle).map { String(cString: $0) } }

  /// Adds bytes. Blocks on the disk when the limit is passed.
  public func append(_ bytes: UnsafeRawBufferPointer) throws(SpoolFailure) {
    try check(rk_spool_append(handle, bytes.baseAddress, bytes.count))
  }

  /// Adds bytes.
  public func append(_ bytes: [UInt8]) throws(SpoolFailure) {
    let status = bytes.withUnsafeBytes { rk_spool_append(handle, $0.baseAddress, $0.count) }
    try check(status)
  }

  /// Ends appending; gives the SHA-256 of all bytes (32 bytes). Asking again gives the same.
  public func finish() throws(SpoolFailure) -> [UInt8] {
    var digest = [UInt8](repeating: 0, count: 32)
    try check(rk_spool_finish(handle, &digest))
    return digest
  }

  /// Lends all bytes, after ``finish()``. A spilled object is mapped, not read.
  public func withUnsafeBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) throws -> R {
    let memory = try memory()
    return try withExtendedLifetime(self) { try body(memory) }
  }

  /// Lends 4096 bytes of head room followed by the bytes, rounded up to 4096 with zeros; the address is a multiple of 4096.
  ///
  /// Made for one O_DIRECT write of a record's header and its object. Nil when spilled, or before ``finish()``.
  public func withHeadRoom<R>(_ body: (UnsafeMutableRawBufferPointer) throws -> R) rethrows -> R? {
    var count = 0
    guard let start = rk_spool_head_room(handle, &count) else { return nil }
    return try withExtendedLifetime(self) { try body(UnsafeMutableRawBufferPointer(start: start, count: count)) }
  }

  /// All bytes after ``finish()``, without a copy; they keep the spool alive.
  public func bytes() throws(SpoolFailure) -> ObjectBytes { ObjectBytes(sharing: try memory(), of: self) }

  /// Writes all bytes at the descriptor's position. Blocks.
  public func write(to descriptor: Int32) throws(SpoolFailure) { try check(rk_spool_write(handle, descriptor)) }

  /// Hands the spilled file over: the caller removes or renames it.
  ///
  /// Bytes lent before stay valid. A file nobody takes is removed with the spool.
  ///
  /// - Parameter flushed: whether its bytes must be on the disk (fdatasync) when this returns.
  public func takeSpillFile(flushed: Bool = true) throws(SpoolFailure) -> String {
    var path = [CChar](repeating: 0, count: 4096)
    try check(rk_spool_take(handle, flushed, &path, path.count))
    return String(decoding: path.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  private func memory() throws(SpoolFailure) -> UnsafeRawBufferPointer {
    var start: UnsafeRawPointer?
    var count = 0
    try check(rk_spool_bytes(handle, &start, &count))
    return UnsafeRawBufferPointer(start: start, count: count)
  }
}

private func check(_ status: rk_status) throws(SpoolFailure) {
  if !status.isOK { throw SpoolFailure(status) }
}
