import Glibc

/// Why something could not be carried; each says to people what to do.
public enum CourierFailure: Error, Equatable, CustomStringConvertible {
  /// The carrier is not there.
  case noFolder(String)
  /// Nothing in the folder is a courier's, or nothing of this site.
  case nothingThere(String)
  /// The export was interrupted: there is no manifest.
  case unfinished(String)
  /// The folder was written with a key that is not known here.
  case unknownKey(String)
  /// The manifest, or the receipts, are not as they were written.
  case unreadable(String)
  /// The hub has not written its receipts yet.
  case noReceipts(String)
  /// Not even one object fits.
  case noRoom(String)
  /// The hub's disk has reached its reserve.
  case hubFull
  /// The running hub refuses what is signed with this site's key.
  case hubRefuses(site: String)
  /// Nobody answers at the address.
  case unreachable(String)
  /// Somebody answers who is not the one that is meant.
  case stranger(String)
  /// Somebody else has begun another export of this site, or the site was started anew.
  case replaced
  /// The archive takes or gives nothing at the moment: in its own words.
  case archive(String)
  case system(String, path: String, code: Int32)

  /// Whether the carrier is at fault, and not the hub or the site.
  public var isCarriers: Bool {
    switch self {
    case .noFolder, .nothingThere, .unfinished, .unknownKey, .unreadable, .noReceipts, .noRoom, .system: true
    case .hubFull, .hubRefuses, .unreachable, .stranger, .replaced, .archive: false
    }
  }

  public var description: String {
    switch self {
    case .noFolder(let path): "\(path) is no folder. Is the stick plugged in and mounted, and is the path right?"
    case .nothingThere(let path):
      "\(path) holds nothing of a courier, or nothing of this site. Is it the right stick, and the right folder of it?"
    case .unfinished(let path):
      """
      The export in \(path) did not come to its end (the stick was pulled out, or the power failed): nothing of it was taken. \
      Write it again at the site.
      """
    case .unknownKey(let path):
      """
      \(path) was written with a key that is not known here: by a site of another hub, or the site has a new key. Nothing of it was \
      taken. Compare "rekkas key --show" at the site with the hub's list of sites.
      """
    case .unreadable(let path):
      "\(path) is damaged: nothing of it was taken. Write it again, if need be onto another stick."
    case .noReceipts(let path): "\(path) holds no receipts of the hub yet: the stick was not imported there."
    case .noRoom(let path): "There is no room at \(path). Free some, or take another stick."
    case .hubFull:
      "The hub's disk has reached its reserve. What was taken before counts: make room, then import again."
    case .hubRefuses(let site):
      """
      The running hub refuses the key of \(site): it was started with another list of sites than this command has read. Give the \
      hub's own --config, or start the hub anew after its list has changed.
      """
    case .unreachable(let name):
      """
      The archive is in use, and nobody answers at \(name). Give the --config (or --http) that the running program was started \
      with; is it just starting or ending, try again in a minute.
      """
    case .stranger(let name):
      "What answers at \(name) is not the program that is meant. Give the --config (or --http) that it was started with."
    case .replaced: "Another export of this site has begun, or the site was started anew. Export again."
    case .archive(let reason): reason
    case .system(let operation, let path, let code): "cannot \(operation) \(path): \(String(cString: strerror(code)))"
    }
  }
}
