import Archive
import Foundation
import Synchronization

/// The courier's end at a site: makes what goes onto a carrier, and takes the hub's receipts.
///
/// A running site mounts ``answer(_:)`` at ``routes`` on its loopback address, so that nobody has to stop it; when none runs, the command
/// opens the archive and asks a desk of its own. Whoever asks gets and gives encrypted files only, and needs no key.
public final class CourierDesk: Sendable {
  /// What is answered: method, path, and how long a body may be.
  public static let routes: [(method: String, path: String, bodyLimit: Int)] = [
    ("GET", statusPath, 0), ("POST", exportPath, 4 << 10), ("POST", receiptsPath, Courier.largestReceipts),
  ]
  static let statusPath = "/api/v1/site/courier"
  static let exportPath = "/api/v1/site/courier/export"
  static let receiptsPath = "/api/v1/site/courier/receipts"
  /// What an answer with a file says of it, as JSON: ``FileHead``.
  static let headHeader = "rekkas-courier"

  /// Where things lie, and whether it is worth waiting.
  struct Status: Codable {
    var site: String
    /// Name of the site's folder on a carrier.
    var folder: String
    /// Objects that are still to be prepared.
    var waiting: Int
  }

  /// Asks for the next file of an export.
  struct Order: Codable {
    /// 32 hexadecimal digits of the export that goes on; nil begins one.
    var export: String?
    /// Of the file, from 0.
    var number: Int
    /// Bytes that the carrier has room for.
    var room: Int
  }

  /// Of a file of an export.
  struct FileHead: Codable {
    var export: String
    var name: String
    var isLast: Bool
    /// Bytes of all objects that wait.
    var total: Int
    var report: CourierExport.Report
  }

  /// Why nothing was given or taken.
  struct Refusal: Codable {
    var code: String
    var text: String
  }

  private let archive: Archive
  private let key: SiteKey
  private let chunkSize: Int
  private let threads = ReceiverThreads(limit: 1)
  /// Of the desk's one thread.
  private let packing = Mutex<CourierPacking?>(nil)

  public convenience init(archive: Archive, key: SiteKey) {
    self.init(archive: archive, key: key, chunkSize: Courier.chunkSize)
  }

  /// - Parameter chunkSize: tests make small ones.
  init(archive: Archive, key: SiteKey, chunkSize: Int) {
    self.archive = archive
    self.key = key
    self.chunkSize = chunkSize
  }

  /// Ends after what is under way.
  public func close() { threads.close() }

  /// Answers a request, one at a time.
  public func answer(_ request: LinkRequest) async -> LinkResponse {
    await threads.run { self.process(request) } ?? Self.refusal(503, "closing", "The site is stopping.")
  }

  private func process(_ request: LinkRequest) -> LinkResponse {
    do {
      switch (request.method, request.path) {
      case ("GET", Self.statusPath): return try status()
      case ("POST", Self.exportPath): return try file(request.body)
      case ("POST", Self.receiptsPath): return try receipts(request.body)
      default: return Self.refusal(404, "unknown", "Nothing lies at this address.")
      }
    } catch CourierFailure.noRoom(_) {
      return Self.refusal(409, "no-room", "The carrier has no room.")
    } catch {
      return Self.refusal(500, "archive", "The site's archive cannot be read or written at the moment: \(error)")
    }
  }

  private func status() throws -> LinkResponse {
    let waiting = try archive.outbox.studies().reduce(0) {
      $0 + ($1.isAcknowledged ? 0 : $1.objects - $1.settled)
    }
    return try Self.json(Status(site: key.site, folder: CourierFolder.name(of: key), waiting: waiting))
  }

  private func file(_ body: [UInt8]) throws -> LinkResponse {
    guard let order = try? JSONDecoder().decode(Order.self, from: Data(body)) else {
      return Self.refusal(400, "malformed", "The request does not ask for a file of an export.")
    }
    return try packing.withLock { packing in
      if order.export == nil {
        packing = try CourierPacking(archive: archive, key: key, chunkSize: chunkSize)
      }
      guard packing != nil, order.export.map({ $0 == Hex.text(packing!.export) }) ?? true,
        order.number == packing!.number
      else { return Self.refusal(409, "replaced", "This export is not under way any more.") }
      let made = try packing!.next(room: max(0, order.room))
      let head = FileHead(
        export: Hex.text(packing!.export), name: made.name, isLast: made.isLast, total: packing!.total,
        report: packing!.report)
      if made.isLast { packing = nil }
      return LinkResponse(
        status: 200,
        headers: [
          "Content-Type": "application/octet-stream",
          Self.headHeader: String(decoding: try JSONEncoder().encode(head), as: UTF8.self),
        ], body: made.bytes)
    }
  }

  /// Acknowledges what the hub has whole, as if it had said so over the link.
  private func receipts(_ body: [UInt8]) throws -> LinkResponse {
    guard let file = CourierFile(body, of: key), file.kind == .receipts,
      let list = try? JSONDecoder().decode(CourierReceiptList.self, from: Data(file.content))
    else { return Self.refusal(422, "unreadable", "These are no receipts for this site, or they are damaged.") }
    try archive.outbox.acknowledge(list.receipts)
    for receipt in list.cases { try archive.cases.acknowledge(receipt.number, revision: receipt.revision) }
    return try Self.json(
      CourierReceipts.Report(objects: list.receipts.count, cases: list.cases.count, refused: list.refused))
  }

  private static func json(_ value: some Encodable) throws -> LinkResponse {
    LinkResponse(
      status: 200, headers: ["Content-Type": LinkProtocol.jsonType], body: [UInt8](try JSONEncoder().encode(value)))
  }

  private static func refusal(_ status: Int, _ code: String, _ text: String) -> LinkResponse {
    // Two texts: encoding them cannot fail.
    let body = (try? JSONEncoder().encode(Refusal(code: code, text: text))).map { [UInt8]($0) } ?? []
    return LinkResponse(status: status, headers: ["Content-Type": LinkProtocol.jsonType], body: body)
  }
}
