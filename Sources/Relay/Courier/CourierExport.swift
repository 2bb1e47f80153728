import Foundation

/// Writes what the hub does not have onto a carrier, such as a USB stick, encrypted with the site's key.
///
/// Cases and manifests first, then the objects of the most urgent studies, until everything is there or the carrier is full. Several
/// sites may use the same carrier. What an earlier export of this site left there is replaced, after its receipts were taken.
public struct CourierExport: Sendable {
  /// What was written.
  public struct Report: Sendable, Equatable, Codable {
    public var cases = 0
    public var objects = 0
    /// Of the objects.
    public var bytes = 0
    public var files = 0
    /// Objects for which there was no room.
    public var left = 0
    /// Objects that are still to be prepared, or that have changed meanwhile: they stay for the next time.
    public var waiting = 0
    /// Objects that could not be read.
    public var unreadable = 0
    /// Objects that the hub was found to have, by receipts on the carrier.
    public var acknowledged = 0
  }

  /// How far an export is.
  public enum Progress: Sendable, Equatable {
    /// Images that are prepared before they are written.
    case preparing(Int)
    /// Bytes of objects so far, and in all.
    case writing(Int, of: Int)
  }

  private let requests: CourierRequests
  private let carrier: String
  private let room: Int?
  private let patience: Duration

  /// - Parameters:
  ///   - site: a running one, or a ``CourierDesk`` over its archive.
  ///   - carrier: an existing folder.
  ///   - room: bytes that may be written; nil: what is free.
  ///   - patience: how long images that are to be prepared are waited for while none gets ready.
  public init(from site: CourierPeer, to carrier: String, room: Int? = nil, patience: Duration = .seconds(120)) {
    requests = CourierRequests(peer: site)
    self.carrier = carrier
    self.room = room
    self.patience = patience
  }

  /// Writes everything, for as long as the carrier takes. Blocks its thread while it writes.
  ///
  /// - Throws: ``CourierFailure``.
  public func run(progress: (Progress) -> Void = { _ in }) async throws -> Report {
    try CourierFolder.require(carrier)
    let folder = CourierFolder(path: carrier + "/" + (try await prepared(progress)).folder)
    try folder.make()
    var acknowledged = 0
    if let receipts = try folder.read(CourierFolder.receiptsName) {
      do {
        acknowledged = try await requests.acknowledge(receipts, path: folder.path).objects
      } catch CourierFailure.unreadable(_) {
        // Damaged: what they would have said is exported once more.
      }
    }
    // The manifest goes first: what is left without it is known as unfinished.
    try folder.remove([CourierFolder.manifestName])
    try folder.remove(folder.files(andLeftovers: true))
    var report = try await write(folder, progress)
    report.acknowledged = acknowledged
    return report
  }

  /// Waits until nothing is to be prepared, or nothing gets ready any more: then the site's log says why.
  private func prepared(_ progress: (Progress) -> Void) async throws -> CourierDesk.Status {
    var status = try await requests.status()
    var since = ContinuousClock.now
    while status.waiting > 0, ContinuousClock.now - since < patience {
      progress(.preparing(status.waiting))
      try await Task.sleep(for: .milliseconds(200))
      let now = try await requests.status()
      if now.waiting != status.waiting { since = .now }
      status = now
    }
    return status
  }

  private func write(_ folder: CourierFolder, _ progress: (Progress) -> Void) async throws -> Report {
    var left = room ?? max(0, (folder.room() ?? .max) - Self.spare)
    var order = CourierDesk.Order(export: nil, number: 0, room: left)
    while true {
      let (head, bytes) = try await requests.file(order, path: carrier)
      try folder.write(bytes, as: head.name)
      if head.isLast { return head.report }
      progress(.writing(head.report.bytes, of: head.total))
      left -= bytes.count
      order = CourierDesk.Order(export: head.export, number: order.number + 1, room: left)
    }
  }

  /// Bytes that stay free on a carrier, for the manifest and the receipts of the hub.
  private static let spare = 4 << 20
}
