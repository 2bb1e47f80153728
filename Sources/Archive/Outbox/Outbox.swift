import DICOM
import Foundation
import GRDB

/// What a site has to send: every object that it has stored since it has a link, until the hub has it whole.
///
/// An object is queued in the very transaction that makes it findable, so nothing is ever stored and not queued. It is handed out when its
/// file will not be another one any more: prepared, or not to be. All methods but ``waitForChange(after:for:)`` block.
public final class Outbox: Sendable {
  /// Whether objects are queued here at all; a hub's outbox is always empty.
  public let isUsed: Bool

  let index: ArchiveIndex
  let writer: IndexWriter
  let objects: ObjectStore
  let leases: ReadLeases
  let flights: Flights
  let reserve: DiskReserve
  let placer: Placer
  /// Whether received images are prepared: else nothing is waited for.
  let prepares: Bool
  let clock = OutboxClock()

  init(
    isUsed: Bool, prepares: Bool, index: ArchiveIndex, writer: IndexWriter, objects: ObjectStore, leases: ReadLeases,
    flights: Flights, reserve: DiskReserve, placer: Placer
  ) {
    self.isUsed = isUsed
    self.prepares = prepares
    self.index = index
    self.writer = writer
    self.objects = objects
    self.leases = leases
    self.flights = flights
    self.reserve = reserve
    self.placer = placer
  }

  /// Waits until something has changed that may concern sending: an object stored or prepared, a case, a seal, a receipt. Gives the
  /// version to wait for next.
  ///
  /// - Parameters:
  ///   - version: as given before; ``ArchiveChanges/version`` to begin with. Another one than the present does not wait.
  ///   - longest: nil waits for ever.
  public func waitForChange(after version: Int, for longest: Duration? = nil) async -> Int {
    await index.changes.wait(after: version, for: longest)
  }

  /// The hub's clock at this moment, by which is counted how long the hub has had something. From any thread, in microseconds.
  ///
  /// - Parameter milliseconds: since 1970, UTC.
  public func heard(hubClock milliseconds: Int) {
    clock.heard(Date(timeIntervalSince1970: Double(milliseconds) / 1000))
  }

  /// Whether something has been queued here for a hub, so that the archive is a site's, whatever it was opened as now. Blocks (one read).
  public func isOfSite() throws -> Bool {
    try index.pool.read { try Bool.fetchOne($0, sql: "SELECT EXISTS (SELECT 1 FROM outbox_study)") ?? false }
  }

  /// The version to begin with.
  public var version: Int { index.changes.version }
}
