import DICOM
import Foundation
import Glibc
import Synchronization

/// The files of the archive: `objects/ab/cd/<sha256>.dcm`, written once, never changed.
///
/// A file appears under its name whole or not at all (temporary name, then rename). Being on the disk is the
/// journal's business: the store itself flushes only files that the journal does not hold.
final class ObjectStore: Sendable {
  let directory: String
  let incoming: String
  private let root: SystemFile
  private let temporaryNames = Atomic<Int>(0)

  init(directory: String) throws {
    self.directory = directory + "/objects"
    incoming = directory + "/incoming"
    try Folder.make(self.directory)
    try Folder.make(incoming)
    root = try SystemFile(self.directory, O_RDONLY | O_DIRECTORY)
  }

  /// Where the object of this digest lies, or would lie.
  func path(_ digest: Digest) -> String { folder(digest) + "/" + digest.hex + ".dcm" }

  /// Removes what interrupted arrivals left behind. Only while nothing arrives.
  func clearIncoming() throws {
    for name in try Folder.names(incoming) { try Folder.remove(incoming + "/" + name) }
  }

  /// Writes an object that is in memory; not flushed.
  func put(_ digest: Digest, write: (SystemFile) throws -> Void) throws {
    let temporary = incoming + "/put-\(temporaryNames.wrappingAdd(1, ordering: .relaxed).newValue)"
    do {
      let file = try SystemFile(temporary, O_WRONLY | O_CREAT | O_EXCL, mode: 0o440)
      try write(file)
      try move(temporary, to: digest)
    } catch {
      unlink(temporary)
      throw error
    }
  }

  /// Takes over a file whose content is flushed already, and flushes its new name.
  func adopt(_ path: String, as digest: Digest) throws {
    chmod(path, 0o440)
    let isNewFolder = try move(path, to: digest)
    try Folder.flush(folder(digest))
    if isNewFolder {
      try Folder.flush(directory + "/" + digest.hex.prefix(2))
      try root.flushAll()
    }
  }

  /// Brings every object, and everything else on the same file system, to the disk.
  func flush() throws { try root.flushFileSystem() }

  /// Takes an object out, to where `path` says: corrupt ones are kept aside, not removed.
  func moveAway(_ digest: Digest, to path: String) throws {
    try Folder.rename(self.path(digest), to: path)
  }

  /// Removes an object that was never acknowledged.
  func removeUnacknowledged(_ digest: Digest) { unlink(path(digest)) }

  /// Calls `body` with every file under `objects`, in digest order: its path and its digest, nil for a stranger.
  func forEachFile(_ body: (String, Digest?) throws -> Void) throws {
    for first in try Folder.names(directory) {
      guard let names = try? Folder.names(directory + "/" + first) else {
        try body(directory + "/" + first, nil)
        continue
      }
      for second in names {
        let folder = directory + "/" + first + "/" + second
        guard let names = try? Folder.names(folder) else {
          try body(folder, nil)
          continue
        }
        for name in names {
          let digest = name.hasSuffix(".dcm") ? Digest(hex: name.dropLast(4)) : nil
          let isInPlace = digest.map { path($0) == folder + "/" + name } ?? false
          try body(folder + "/" + name, isInPlace ? digest : nil)
        }
      }
    }
  }

  private func folder(_ digest: Digest) -> String {
    directory + "/" + digest.hex.prefix(2) + "/" + digest.hex.dropFirst(2).prefix(2)
  }

  /// Renames a file to its digest's name, and says whether its folder had to be made.
  @discardableResult
  private func move(_ path: String, to digest: Digest) throws -> Bool {
    let target = self.path(digest)
    do {
      try Folder.rename(path, to: target)
      return false
    } catch let error where error.code == ENOENT {
      // The folder is made when its first object comes; asking first would cost every later one.
      let parent = directory + "/" + digest.hex.prefix(2)
      try Folder.make(parent)
      try Folder.make(folder(digest))
      try Folder.rename(path, to: target)
      return true
    }
  }
}
