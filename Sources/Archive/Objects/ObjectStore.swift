import DICOM
import Foundation
import Glibc
import Synchronization

/// The files of the archive: `objects/ab/<sha256>.dcm`, written once, never changed; see ``ObjectName``.
///
/// 256 folders, all made when the archive is: making folders as objects come costs as much as writing them, and a folder
/// of a hundred thousand files is nothing to today's file systems.
///
/// A file appears under its name whole or not at all (temporary name, then rename). Being on the disk is the
/// journal's business: the store itself flushes only files that the journal does not hold.
final class ObjectStore: Sendable {
  let directory: String
  let incoming: String
  /// Begins the names that a spool gives its files.
  private static let arrivedPrefix = "spool-"
  private let root: SystemFile
  private let temporaryNames = Atomic<Int>(0)

  init(directory: String) throws {
    self.directory = directory + "/objects"
    incoming = directory + "/incoming"
    try Folder.make(self.directory)
    try Folder.make(incoming)
    var isNew = false
    for number in 0..<256 {
      let folder = self.directory + "/" + Self.folderName(UInt8(number))
      if mkdir(folder, 0o750) == 0 {
        isNew = true
      } else if errno != EEXIST {
        throw SystemError("make the folder", folder)
      }
    }
    root = try SystemFile(self.directory, O_RDONLY | O_DIRECTORY)
    if isNew { try root.flushAll() }
  }

  /// Where the object of this digest lies, or would lie.
  func path(_ digest: Digest) -> String { path(ObjectName(digest)) }

  func path(_ name: ObjectName) -> String { folder(name.digest) + "/" + name.fileName }

  /// A path under which a file can be made that is to be adopted; what an end without goodbye leaves there is removed.
  func temporaryPath() -> String {
    incoming + "/made-\(temporaryNames.wrappingAdd(1, ordering: .relaxed).newValue)"
  }

  /// Removes what interrupted arrivals left behind, but for files that came whole and were to be renamed. Only while nothing
  /// arrives.
  func clearIncoming(keepsArrived: Bool) throws {
    for name in try Folder.names(incoming) where !(keepsArrived && name.hasPrefix(Self.arrivedPrefix)) {
      try Folder.remove(incoming + "/" + name)
    }
  }

  /// Looks for an object that came whole and whose new name did not reach the disk, and gives it that name.
  func adoptArrived(_ digest: Digest, size: Int, as name: ObjectName) throws -> Bool {
    for file in try Folder.names(incoming) where file.hasPrefix(Self.arrivedPrefix) {
      let path = incoming + "/" + file
      guard Folder.fileSize(path) == size, try ObjectCheck.digest(of: path) == digest else { continue }
      try adopt(path, as: name)
      return true
    }
    return false
  }

  /// Writes an object that is in memory; not flushed.
  func put(_ name: ObjectName, write: (SystemFile) throws -> Void) throws {
    let temporary = incoming + "/put-\(temporaryNames.wrappingAdd(1, ordering: .relaxed).newValue)"
    do {
      let file = try SystemFile(temporary, O_WRONLY | O_CREAT | O_EXCL, mode: 0o440)
      try write(file)
      // Written back as they come, objects leave a checkpoint little to do, and no sender waits for one.
      file.beginWriteBack()
      try Folder.rename(temporary, to: path(name))
    } catch {
      unlink(temporary)
      throw error
    }
  }

  /// Takes over a file whose content is flushed already, and flushes its new name.
  func adopt(_ path: String, as name: ObjectName) throws {
    try take(path, as: name)
    try Folder.flush(folder(name.digest))
  }

  /// Takes over a file of `incoming`; the journal, and ``adoptArrived(_:size:as:)``, answer for its new name.
  func take(_ path: String, as name: ObjectName) throws {
    chmod(path, 0o440)
    try Folder.rename(path, to: self.path(name))
  }

  /// Brings every object, and everything else on the same file system, to the disk.
  func flush() throws { try root.flushFileSystem() }

  /// Takes an object out, to where `path` says: corrupt ones are kept aside, not removed.
  func moveAway(_ name: ObjectName, to path: String) throws {
    try Folder.rename(self.path(name), to: path)
  }

  /// Removes a file for which another stands.
  func remove(_ name: ObjectName) throws { try Folder.remove(path(name)) }

  /// Removes an object that was never acknowledged.
  func removeUnacknowledged(_ digest: Digest) { unlink(path(digest)) }

  /// Calls `body` with every file under `objects`, in digest order: its path and its name, nil for a stranger.
  func forEachFile(_ body: (String, ObjectName?) throws -> Void) throws {
    for folderName in try Folder.names(directory) {
      let folder = directory + "/" + folderName
      guard let names = try? Folder.names(folder) else {
        try body(folder, nil)
        continue
      }
      for name in names {
        let object = ObjectName(fileName: name)
        let isInPlace = object.map { path($0) == folder + "/" + name } ?? false
        try body(folder + "/" + name, isInPlace ? object : nil)
      }
    }
  }

  /// Whether there is no object at all.
  func isEmpty() throws -> Bool {
    try Folder.names(directory).allSatisfy { try Folder.names(directory + "/" + $0).isEmpty }
  }

  private func folder(_ digest: Digest) -> String { directory + "/" + Self.folderName(digest.bytes[0]) }

  private static func folderName(_ byte: UInt8) -> String {
    (byte < 16 ? "0" : "") + String(byte, radix: 16)
  }
}
