import Archive
import Foundation

/// Takes over at the site what the hub has written back onto the carrier. May be run any number of times.
public struct CourierReceipts: Sendable {
  /// What the hub has.
  public struct Report: Sendable, Equatable, Codable {
    public var objects = 0
    public var cases = 0
    /// Objects that the hub does not take, with its reason, by digest.
    public var refused: [String: String] = [:]
  }

  private let archive: Archive
  private let key: SiteKey
  private let carrier: String

  public init(archive: Archive, key: SiteKey, carrier: String) {
    self.archive = archive
    self.key = key
    self.carrier = carrier
  }

  /// Acknowledges what the hub has whole, as if it had said so over the link. Blocks.
  ///
  /// - Throws: ``CourierFailure``, or what the archive says.
  public func run() throws -> Report {
    let folder = CourierFolder(of: key, on: carrier)
    guard !folder.files().isEmpty else { throw CourierFailure.nothingThere(carrier) }
    guard let bytes = try folder.read(CourierFolder.receiptsName) else { throw CourierFailure.noReceipts(folder.path) }
    guard let file = CourierFile(bytes, of: key), file.kind == .receipts,
      let list = try? JSONDecoder().decode(CourierReceiptList.self, from: Data(file.content))
    else { throw CourierFailure.unreadable(folder.path) }
    try archive.outbox.acknowledge(list.receipts)
    for receipt in list.cases { try archive.cases.acknowledge(receipt.number, revision: receipt.revision) }
    return Report(objects: list.receipts.count, cases: list.cases.count, refused: list.refused)
  }
}
