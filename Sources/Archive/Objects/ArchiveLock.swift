import Glibc

/// The lock that lets one process at a time open an archive.
///
/// The kernel frees it when the process ends, however it ends: a LOCK file that is there means nothing.
final class ArchiveLock: Sendable {
  private let file: SystemFile

  init(directory: String) throws {
    file = try SystemFile(directory + "/LOCK", O_RDWR | O_CREAT)
    guard flock(file.descriptor, LOCK_EX | LOCK_NB) == 0 else {
      throw ArchiveError(
        "The archive \(directory) is open in another process. Stop that process, or choose another folder with --data.",
        isInUse: true)
    }
  }

  /// Lets another open the archive.
  func release() { _ = flock(file.descriptor, LOCK_UN) }
}

/// Why an archive could not be opened or used; the text is for people and holds no patient data.
public struct ArchiveError: Error, Sendable, CustomStringConvertible {
  public let description: String
  /// Whether another process has the archive open.
  public let isInUse: Bool

  init(_ description: String, isInUse: Bool = false) {
    self.description = description
    self.isInUse = isInUse
  }
}
