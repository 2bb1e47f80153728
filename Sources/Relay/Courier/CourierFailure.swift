import Glibc

/// Why a courier's folder could not be written or read; for people.
public enum CourierFailure: Error, Equatable, CustomStringConvertible {
  /// Nothing in the folder is a courier's.
  case nothingThere(String)
  /// The export was interrupted: there is no manifest.
  case unfinished(String)
  /// Nobody's key opens the manifest: another hub's site wrote it, the key has changed, or the file is damaged.
  case unreadable(String)
  /// The hub has not written its receipts yet.
  case noReceipts(String)
  /// Not even one object fits.
  case noRoom(String)
  /// The hub's archive takes nothing at the moment; what was taken before counts, and the import can be run again.
  case hub(String)
  case system(String, path: String, code: Int32)

  public var description: String {
    switch self {
    case .nothingThere(let path): "\(path) holds nothing of a courier."
    case .unfinished(let path):
      "The export in \(path) was interrupted: nothing of it was taken. Write it again at the site."
    case .unreadable(let path):
      "\(path) cannot be read: it was written with a key that is not known here, or it is damaged."
    case .noReceipts(let path): "\(path) holds no receipts of the hub yet."
    case .noRoom(let path): "There is no room at \(path)."
    case .hub(let reason): reason
    case .system(let operation, let path, let code): "cannot \(operation) \(path): \(String(cString: strerror(code)))"
    }
  }
}
