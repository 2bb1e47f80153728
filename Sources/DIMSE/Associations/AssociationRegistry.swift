import DICOM
import Foundation

/// Who is connected: keeps the limits, and ends everybody when the service ends.
final class AssociationRegistry: @unchecked Sendable {
  // Unchecked: all state is guarded by `condition`.

  /// What to do with a connection that has just come.
  enum Admission {
    /// Negotiate and serve.
    case serve
    /// Tell the peer to come back later.
    case reject
    /// Close without a word: even those who say no are busy.
    case drop
  }

  private enum Stage {
    /// Connected, but no association yet.
    case negotiating(since: ContinuousClock.Instant)
    case associated
    /// On its way out; does not count.
    case leaving
  }

  private struct Entry {
    let connection: IncomingConnection
    var stage: Stage
  }

  private let maximum: Int
  /// Peers that are being told to come back later hold a thread for up to 3 s.
  private let maximumLeaving = 64
  /// How long a peer may stay silent before it makes room for another when all places are taken.
  private let patience: Duration = .seconds(1)
  private let condition = NSCondition()
  private var entries: [ObjectIdentifier: Entry] = [:]
  private var isClosing = false

  init(maximum: Int) { self.maximum = maximum }

  /// Decides about a new connection. When all places are taken, the longest silent connection without an association loses
  /// its place: half-open connections must not keep peers out.
  func admit(_ connection: IncomingConnection, now: ContinuousClock.Instant = .now) -> Admission {
    locked {
      if isClosing { return .drop }
      let leaving = entries.values.count { if case .leaving = $0.stage { true } else { false } }
      if entries.count - leaving >= maximum, !evictOneSilent(now) {
        guard leaving < maximumLeaving else { return .drop }
        entries[ObjectIdentifier(connection)] = Entry(connection: connection, stage: .leaving)
        return .reject
      }
      entries[ObjectIdentifier(connection)] = Entry(connection: connection, stage: .negotiating(since: now))
      return .serve
    }
  }

  /// The connection has become an association.
  func associated(_ connection: IncomingConnection) {
    locked { entries[ObjectIdentifier(connection)]?.stage = .associated }
  }

  /// The connection is over.
  func remove(_ connection: IncomingConnection) {
    locked {
      entries[ObjectIdentifier(connection)] = nil
      condition.broadcast()
    }
  }

  /// Whether associations should end after the message under way.
  var isEnding: Bool { locked { isClosing } }

  /// Nobody is admitted from now on.
  func close() { locked { isClosing = true } }

  /// Blocks until nobody is connected, or the time is over; says whether nobody is.
  func waitUntilEmpty(atMost limit: Duration) -> Bool {
    let deadline = Date(
      timeIntervalSinceNow: Double(limit.components.seconds) + Double(limit.components.attoseconds) / 1e18)
    return locked {
      while !entries.isEmpty {
        if !condition.wait(until: deadline) { return entries.isEmpty }
      }
      return true
    }
  }

  /// Ends every connection, also in the middle of a message.
  func interruptAll() { locked { for entry in entries.values { entry.connection.interrupt() } } }

  private func evictOneSilent(_ now: ContinuousClock.Instant) -> Bool {
    var oldest: (id: ObjectIdentifier, since: ContinuousClock.Instant)?
    for (id, entry) in entries {
      guard case .negotiating(let since) = entry.stage, now - since >= patience else { continue }
      if oldest.map({ since < $0.since }) ?? true { oldest = (id, since) }
    }
    guard let oldest else { return false }
    entries[oldest.id]?.connection.interrupt()
    entries[oldest.id]?.stage = .leaving
    return true
  }

  private func locked<R>(_ body: () -> R) -> R {
    condition.lock()
    defer { condition.unlock() }
    return body()
  }
}
