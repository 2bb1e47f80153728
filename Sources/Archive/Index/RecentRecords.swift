import DICOM

/// The records of single instances that were asked for lately, as long as nothing in the index has changed: a list asks for hundreds of
/// thumbnails one by one, and each would cost a way to a reading thread and back.
///
/// A record of the present version is as good as one read now, and so is its lease: a row is switched and that is noted before the number of
/// the newest lease is taken (see ``ReadLeases``), so whoever took a lease first and then still found the old version is waited for.
final class RecentRecords: Sendable {
  struct Key: Hashable {
    let study: UID
    let series: UID?
    let instance: UID
  }

  private struct State {
    var version = 0
    /// Without their leases, which would keep files there.
    var records: [Key: InstanceRecord] = [:]
  }

  /// About a kilobyte each.
  static let capacity = 4096
  /// Records of long clips are large, and are not asked for by the hundred.
  static let mostFrames = 64

  private let state = Monitor(State())

  /// - Parameters:
  ///   - version: of the index now; read after `lease` was taken.
  ///   - lease: for the one who asks.
  func record(_ key: Key, version: Int, lease: ReadLease) -> InstanceRecord? {
    let known = state.withLock { $0.version == version ? $0.records[key] : nil }
    guard var record = known else { return nil }
    record.lease = lease
    return record
  }

  /// - Parameter version: of the index before the record was read.
  func note(_ record: InstanceRecord, for key: Key, version: Int) {
    guard record.frameCount <= Self.mostFrames else { return }
    var record = record
    record.lease = nil
    state.withLock { [record] state in
      // Versions only grow: whoever read an older one comes too late.
      if version < state.version { return }
      if version > state.version || state.records.count >= Self.capacity { state.records.removeAll() }
      state.version = version
      state.records[key] = record
    }
  }
}
