import Foundation

/// One site's folder on a carrier. Its name is made of the site's key: always the same, and it tells nothing.
struct CourierFolder {
  static let manifestName = "manifest.rkc"
  static let receiptsName = "receipts.rkc"
  private static let suffix = ".rkc"

  let path: String

  init(of site: SiteKey, on carrier: String) {
    path = carrier + "/" + Hex.text(site.authenticationCode("REKKAS-COURIER-FOLDER").prefix(8))
  }

  init(path: String) { self.path = path }

  /// The folders on a carrier that hold a courier's files.
  static func all(on carrier: String) -> [CourierFolder] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: carrier)) ?? []
    return names.filter { $0.count == 16 && Hex.bytes($0) != nil }.sorted().map {
      CourierFolder(path: carrier + "/" + $0)
    }.filter { !$0.files().isEmpty }
  }

  func files() -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    return names.filter { $0.hasSuffix(Self.suffix) }.sorted()
  }

  static func chunkName(_ number: Int, of export: [UInt8]) -> String {
    let digits = String(number)
    return Hex.text(export.prefix(4)) + "-" + String(repeating: "0", count: max(0, 5 - digits.count)) + digits + suffix
  }

  /// Makes the folder, on the disk when this returns.
  func make() throws {
    if mkdir(path, 0o755) != 0, errno != EEXIST { throw failure("make", path) }
    try flush((path as NSString).deletingLastPathComponent)
  }

  /// Free bytes of the file system; nil when it does not say.
  func room() -> Int? {
    var facts = statvfs()
    guard statvfs(path, &facts) == 0 else { return nil }
    return Int(clamping: UInt64(facts.f_bavail).multipliedReportingOverflow(by: UInt64(facts.f_frsize)).partialValue)
  }

  /// The bytes of a file; nil when it is not there.
  func read(_ name: String) throws -> [UInt8]? {
    let descriptor = open(path + "/" + name, O_RDONLY | O_CLOEXEC)
    if descriptor < 0, errno == ENOENT { return nil }
    guard descriptor >= 0 else { throw failure("open", path + "/" + name) }
    let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    do {
      // A file of another program under our name must not fill the memory.
      let data = try file.read(upToCount: Courier.largestFile + 1) ?? Data()
      return data.count > Courier.largestFile ? [] : [UInt8](data)
    } catch {
      throw CourierFailure.system("read", path: path + "/" + name, code: EIO)
    }
  }

  /// Writes a file under another name, brings it to the disk, and gives it its own: it is there whole or not at all.
  func write(_ bytes: [UInt8], as name: String) throws {
    let target = path + "/" + name
    let temporary = target + ".new"
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw failure("open", temporary) }
    let result = Result { try put(bytes, descriptor, temporary) }
    let isClosed = close(descriptor) == 0
    do {
      try result.get()
      guard isClosed, rename(temporary, target) == 0 else { throw failure("write", target) }
    } catch {
      unlink(temporary)
      throw error
    }
    try flush(path)
  }

  private func put(_ bytes: [UInt8], _ descriptor: Int32, _ path: String) throws {
    try bytes.withUnsafeBytes { buffer in
      var done = 0
      while done < buffer.count {
        let count = Glibc.write(descriptor, buffer.baseAddress! + done, buffer.count - done)
        if count < 0, errno == EINTR { continue }
        if count <= 0 { throw failure("write", path) }
        done += count
      }
    }
    if fsync(descriptor) != 0 { throw failure("flush", path) }
  }

  /// Removes files, on the disk when this returns.
  func remove(_ names: [String]) throws {
    for name in names where unlink(path + "/" + name) != 0 && errno != ENOENT {
      throw failure("remove", path + "/" + name)
    }
    if !names.isEmpty { try flush(path) }
  }

  /// Brings the entries of a folder to the disk. Some file systems of carriers cannot do that for a folder alone: then the files' own
  /// flushes have to do.
  private func flush(_ folder: String) throws {
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
  /// A chunk is written when so much has come together. Small enough for the memory of a site's little machine.
  static let chunkSize = 16 << 20
  /// A range of an object in a chunk.
  static let pieceSize = 4 << 20
  /// No file is read that is longer.
  static let largestFile = 64 << 20

  /// What a chunk may be.
  static var limits: BatchLimits {
    var limits = BatchLimits()
    limits.bytes = largestFile
    limits.records = 1 << 16
    limits.unpacked = 256 << 20
    return limits
  }
}
