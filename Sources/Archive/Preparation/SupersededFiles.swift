/// Received files for which prepared ones stand, in the order in which they were replaced.
///
/// A few words for each, because there may be a million: the rest is in the index.
struct SupersededFiles {
  struct File: Sendable, Equatable {
    /// The row.
    let instance: Int64
    /// As in the index, where it tells this replacement from another one of the same object.
    let preparedAt: Double
    let since: ContinuousClock.Instant
    /// Leases up to this one may know the name; none of this process may know what an earlier one replaced.
    var lease: UInt64 = 0
    /// Replaced by this process. What an earlier one left is read before the received file goes.
    var isProven = false
  }

  private var files: [File] = []
  private var first = 0
  private var held: [File] = []

  var count: Int { files.count - first + held.count }

  /// The one that was replaced before all others that are not held.
  var oldest: File? { first < files.count ? files[first] : nil }

  /// Adds a file that was replaced after all others.
  mutating func append(_ file: File) { files.append(file) }

  /// Keeps files whose time has come and who are still read.
  mutating func hold(_ files: [File]) { held += files }

  /// Takes those that were held, all of them.
  mutating func takeHeld() -> [File] {
    defer { held = [] }
    return held
  }

  /// Takes the oldest that were replaced at `time` or before.
  mutating func take(_ most: Int, replacedBy time: ContinuousClock.Instant) -> [File] {
    let taken = Array(files[first...].prefix(most).prefix { $0.since <= time })
    first += taken.count
    if first > files.count / 2 {
      files.removeFirst(first)
      first = 0
    }
    return taken
  }
}
