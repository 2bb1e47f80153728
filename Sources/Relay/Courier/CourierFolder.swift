import Foundation

/// One site's folder on a carrier. Its name is made of the site's key: always the same, and it tells nothing.
///
/// A carrier may come from anywhere: nothing on it is followed that is a link, and only plain files are read or replaced.
struct CourierFolder {
  static let manifestName = "manifest.rkc"
  static let receiptsName = "receipts.rkc"
  private static let suffix = ".rkc"
  /// Behind the name of a file that is being written.
  private static let unfinished = ".new"

  let path: String

  init(of site: SiteKey, on carrier: String) { self.init(path: carrier + "/" + Self.name(of: site)) }

  init(path: String) { self.path = path }

  /// The name of a site's folder.
  static func name(of site: SiteKey) -> String {
    Hex.text(site.authenticationCode("REKKAS-COURIER-FOLDER").prefix(8))
  }

  /// - Throws: ``CourierFailure/noFolder(_:)`` unless the carrier is a folder.
  static func require(_ carrier: String) throws(CourierFailure) {
    var facts = stat()
    guard stat(carrier, &facts) == 0, facts.st_mode & S_IFMT == S_IFDIR else { throw .noFolder(carrier) }
  }

  /// The folders on a carrier that hold a courier's files, whole or not.
  static func all(on carrier: String) -> [CourierFolder] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: carrier)) ?? []
    return names.filter { $0.count == 16 && Hex.bytes($0) != nil }.sorted().map {
      CourierFolder(path: carrier + "/" + $0)
    }.filter { $0.isThere && !$0.files(andLeftovers: true).isEmpty }
  }

  var name: String { (path as NSString).lastPathComponent }

  /// Whether it is a folder, and no link to one.
  var isThere: Bool {
    var facts = stat()
    return lstat(path, &facts) == 0 && facts.st_mode & S_IFMT == S_IFDIR
  }

  /// - Parameter andLeftovers: those too that were being written when the carrier was pulled out.
  func files(andLeftovers: Bool = false) -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    return names.filter { $0.hasSuffix(Self.suffix) || andLeftovers && $0.hasSuffix(Self.suffix + Self.unfinished) }
      .sorted()
  }

  /// The beginning of the export's name and the chunk's number: `a1b2c3d4-00017.rkc`.
  static func chunkName(_ number: Int, of export: [UInt8]) -> String {
    let digits = String(number)
    return Hex.text(export.prefix(4)) + "-" + String(repeating: "0", count: max(0, 5 - digits.count)) + digits + suffix
  }

  /// Whether a file of a folder may be called so; everything else could lead out of it, or write on a terminal.
  static func isFileName(_ name: String) -> Bool {
    guard name.utf8.count <= 40, name.hasSuffix(suffix) else { return false }
    let stem = name.utf8.dropLast(suffix.utf8.count)
    return !stem.isEmpty
      && stem.allSatisfy { byte in
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
          || byte == UInt8(ascii: "-")
      }
  }

  /// Makes the folder, on the disk when this returns.
  func make() throws(CourierFailure) {
    if mkdir(path, 0o755) != 0, errno != EEXIST { throw failure("make", path) }
    guard isThere else { throw .system("make", path: path, code: ENOTDIR) }
    try flush((path as NSString).deletingLastPathComponent)
  }

  /// Free bytes of the file system; nil when it does not say.
  func room() -> Int? {
    var facts = statvfs()
    guard statvfs(path, &facts) == 0 else { return nil }
    let bytes = UInt64(facts.f_bavail).multipliedReportingOverflow(by: UInt64(facts.f_frsize))
    return bytes.overflow ? .max : Int(clamping: bytes.partialValue)
  }

  /// The bytes of a file; nil when it is not there. Nothing of one that is longer than any of ours.
  func read(_ name: String) throws(CourierFailure) -> [UInt8]? {
    let file = path + "/" + name
    // A pipe under our name must not make us wait.
    let descriptor = open(file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
    if descriptor < 0, errno == ENOENT { return nil }
    guard descriptor >= 0 else { throw failure("open", file) }
    defer { close(descriptor) }
    var facts = stat()
    guard fstat(descriptor, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else {
      throw .system("read", path: file, code: EINVAL)
    }
    // A file of another program under our name must not fill the memory.
    guard facts.st_size <= Courier.largestFile else { return [] }
    var code: Int32 = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: Int(facts.st_size)) { buffer, count in
      while count < buffer.count {
        let part = pread(descriptor, buffer.baseAddress! + count, buffer.count - count, off_t(count))
        if part < 0, errno == EINTR { continue }
        if part < 0 { code = errno }
        if part <= 0 { break }
        count += part
      }
    }
    if code != 0 { throw .system("read", path: file, code: code) }
    return bytes
  }

  /// Writes a file under another name, brings it to the disk, and gives it its own: it is there whole or not at all.
  func write(_ bytes: [UInt8], as name: String) throws(CourierFailure) {
    let target = path + "/" + name
    let temporary = target + Self.unfinished
    // Never into what lies there: it may be a link.
    unlink(temporary)
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw failure("open", temporary) }
    do {
      defer { close(descriptor) }
      try put(bytes, descriptor, temporary)
    } catch {
      unlink(temporary)
      throw error
    }
    guard rename(temporary, target) == 0 else {
      let failure = failure("write", target)
      unlink(temporary)
      throw failure
    }
    try flush(path)
  }

  private func put(_ bytes: [UInt8], _ descriptor: Int32, _ path: String) throws(CourierFailure) {
    var done = 0
    while done < bytes.count {
      let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress! + done, $0.count - done) }
      if count < 0, errno == EINTR { continue }
      if count < 0, errno == ENOSPC { throw .noRoom(self.path) }
      if count <= 0 { throw failure("write", path) }
      done += count
    }
    if fsync(descriptor) != 0 { throw failure("flush", path) }
  }

  /// Removes files, on the disk when this returns.
  func remove(_ names: [String]) throws(CourierFailure) {
    for name in names where unlink(path + "/" + name) != 0 && errno != ENOENT {
      throw failure("remove", path + "/" + name)
    }
    if !names.isEmpty { try flush(path) }
  }

  /// Brings the entries of a folder to the disk. Some file systems of carriers cannot do that for a folder alone: then the files' own
  /// flushes have to do.
  private func flush(_ folder: String) throws(CourierFailure) {
    let descriptor = open(folder, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure("open", folder) }
    defer { close(descriptor) }
    if fsync(descriptor) != 0, errno != EINVAL, errno != ENOTSUP { throw failure("flush", folder) }
  }

  private func failure(_ operation: String, _ path: String) -> CourierFailure {
    .system(operation, path: path, code: errno)
  }
}

/// Sizes that all parts of the courier share.
enum Courier {
  /// A chunk is written when so much has come together. Small enough for the memory of a site's little machine, where a few copies of it
  /// are made on its way out.
  static let chunkSize = 6 << 20
  /// A range of an object in a chunk, and in the batches that are made of it.
  static let pieceSize = 1 << 20
  /// JSON of one record of announcements.
  static let announcementSize = 2 << 20
  /// No file is read that is longer.
  static let largestFile = 64 << 20
  /// Receipts of 400,000 objects.
  static let largestReceipts = 32 << 20
  /// Of one export.
  static let mostChunks = 1 << 20

  /// What a chunk may be.
  static var limits: BatchLimits {
    var limits = BatchLimits()
    limits.bytes = largestFile
    limits.records = 1 << 16
    limits.unpacked = 256 << 20
    return limits
  }
}
