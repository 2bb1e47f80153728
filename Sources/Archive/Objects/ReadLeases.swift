import DICOM

/// Who reads which study: a received file that was replaced stays until everybody is gone who may have its name.
///
/// Rows are read after the lease was taken and switched before its number is compared, so a reader with the old name is always
/// among those that are waited for.
final class ReadLeases: Sendable {
  private struct State {
    var last: UInt64 = 0
    var open: [UID: Set<UInt64>] = [:]
  }

  private let monitor = Monitor(State())

  /// Begins reading a study. To be called before its rows are read.
  func lease(_ study: UID) -> ReadLease {
    let number = monitor.withLock { state in
      state.last += 1
      state.open[study, default: []].insert(state.last)
      return state.last
    }
    return ReadLease(leases: self, study: study, number: number)
  }

  /// The number of the newest lease so far.
  var newest: UInt64 { monitor.withLock { $0.last } }

  /// Whether nobody reads this study who began at this number or before.
  func isFree(_ study: UID, upTo number: UInt64) -> Bool {
    monitor.withLock { state in state.open[study].map { $0.allSatisfy { $0 > number } } ?? true }
  }

  fileprivate func end(_ study: UID, _ number: UInt64) {
    monitor.withLock { state in
      state.open[study]?.remove(number)
      if state.open[study]?.isEmpty == true { state.open[study] = nil }
    }
  }
}

/// Someone reads a study; ends with the last reference.
final class ReadLease: Sendable {
  private let leases: ReadLeases
  private let study: UID
  private let number: UInt64

  fileprivate init(leases: ReadLeases, study: UID, number: UInt64) {
    self.leases = leases
    self.study = study
    self.number = number
  }

  deinit { leases.end(study, number) }
}

/// Keeps every file there whose record is read while it is current: for an answer of which the bytes leave long after its records
/// were read.
///
///     let reading = Reading()
///     let response = try await Reading.$current.withValue(reading) { try await answer(request) }
///     // … and `reading` is held until the last byte has left.
///
/// Files are kept for readers an hour at most; who is slower reads the record again.
public final class Reading: Sendable {
  @TaskLocal public static var current: Reading?

  private let leases = Monitor<[ReadLease]>([])

  public init() {}

  func keep(_ lease: ReadLease) { leases.withLock { $0.append(lease) } }

  /// Whether any record was read.
  public var isEmpty: Bool { leases.withLock { $0.isEmpty } }
}
