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

  private let requests: CourierRequests
  private let carrier: String

  /// - Parameter site: a running one, or a ``CourierDesk`` over its archive.
  public init(for site: CourierPeer, on carrier: String) {
    requests = CourierRequests(peer: site)
    self.carrier = carrier
  }

  /// Acknowledges what the hub has whole, as if it had said so over the link.
  ///
  /// - Throws: ``CourierFailure``.
  public func run() async throws -> Report {
    try CourierFolder.require(carrier)
    let folder = CourierFolder(path: carrier + "/" + (try await requests.status()).folder)
    guard folder.isThere else { throw CourierFailure.nothingThere(carrier) }
    guard let bytes = try folder.read(CourierFolder.receiptsName) else { throw CourierFailure.noReceipts(folder.path) }
    return try await requests.acknowledge(bytes, path: folder.path + "/" + CourierFolder.receiptsName)
  }
}
