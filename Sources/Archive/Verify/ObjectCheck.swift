import DICOM
import Glibc

/// Reads a kept object again.
enum ObjectCheck {
  /// The SHA-256 of the bytes that a file holds now; nil when there is no such file. A file that the disk cannot read is an error.
  static func digest(of path: String) throws -> Digest? {
    guard let file = try openIfThere(path) else { return nil }
    posix_fadvise(file.descriptor, 0, 0, POSIX_FADV_SEQUENTIAL)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)
    defer { buffer.deallocate() }
    let hash = SHA256()
    var offset = 0
    while case let count = try file.read(into: buffer, at: offset), count > 0 {
      hash.update(UnsafeRawBufferPointer(rebasing: buffer.prefix(count)))
      offset += count
    }
    return Digest(hash.finish())
  }

  /// The file may be replaced at any moment: only the attempt tells.
  private static func openIfThere(_ path: String) throws(SystemError) -> SystemFile? {
    do {
      return try SystemFile(path, O_RDONLY)
    } catch {
      if error.code == ENOENT { return nil }
      throw error
    }
  }
}
