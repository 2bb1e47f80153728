import Archive
import DICOM
import Foundation
import Testing

@testable import Relay

/// A site's archive and a carrier, beside a hub.
final class CourierFixture: Sendable {
  let hub: LinkFixture
  let site: Archive
  let key: SiteKey
  let carrier: String
  private let directory: String

  init(site name: String = "MIDELT", hub: LinkFixture? = nil) throws {
    self.hub = try hub ?? LinkFixture()
    key = try #require(self.hub.keys[name])
    directory = self.hub.folder + "/site-" + name
    var options = ArchiveOptions(directory: directory)
    options.diskReserve = 0
    options.journalSegmentSize = 4 << 20
    options.journalSegments = 2
    options.site = name
    options.queuesForLink = true
    site = try Archive(options: options, logger: LinkFixture.logger)
    carrier = self.hub.folder + "/carrier"
    try FileManager.default.createDirectory(atPath: carrier, withIntermediateDirectories: true)
  }

  deinit { try? site.close() }

  func store(_ items: [Traveller]) throws {
    for item in items {
      let spool = try site.makeSpool()
      try item.bytes.withUnsafeBytes { try spool.append($0) }
      _ = try site.store(spool, receipt: Receipt(channel: .import))
    }
  }

  /// A peer in this process.
  private func peer(chunkSize: Int = Courier.chunkSize) -> CourierPeer {
    let desk = CourierDesk(archive: site, key: key, chunkSize: chunkSize)
    return CourierPeer("the site") { await desk.answer($0) }
  }

  func export(chunkSize: Int = Courier.chunkSize, room: Int? = nil) async throws -> CourierExport.Report {
    try await CourierExport(from: peer(chunkSize: chunkSize), to: carrier, room: room, patience: .zero).run()
  }

  /// - Parameters:
  ///   - keys: those that the command knows; nil: the hub's.
  ///   - receiver: of the hub; nil: its own.
  func takeOver(
    keys: [String: SiteKey]? = nil, at receiver: LinkReceiver? = nil,
    answer: (@Sendable (LinkRequest) async -> LinkResponse)? = nil
  ) async throws -> (reports: [CourierImport.Report], failures: [CourierFailure]) {
    let sites = try LinkFixture.registry(keys ?? hub.keys)
    let receiver = receiver ?? hub.receiver
    let peer = CourierPeer("the hub", answer: answer ?? { await receiver.answer($0) })
    return try await CourierImport(to: peer, sites: sites, from: carrier, pause: .milliseconds(1)).run()
  }

  func receipts() async throws -> CourierReceipts.Report {
    try await CourierReceipts(for: peer(), on: carrier).run()
  }

  /// Objects that the site has to send.
  func waiting() throws -> Int { try site.outbox.totals().objects }

  var folder: CourierFolder { CourierFolder(of: key, on: carrier) }

  /// The chunks, in their order.
  var chunks: [String] {
    folder.files().filter { $0 != CourierFolder.manifestName && $0 != CourierFolder.receiptsName }
  }

  func change(_ name: String, _ body: (inout [UInt8]) -> Void) throws {
    let url = URL(fileURLWithPath: folder.path + "/" + name)
    var bytes = [UInt8](try Data(contentsOf: url))
    body(&bytes)
    try Data(bytes).write(to: url)
  }
}
