import Archive
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOPosix

/// `/api/v1/arrivals`: what a hub did not take from its sites, what stopped on its way, and what is kept aside; see <doc:ArrivalsAPI>.
struct ArrivalRoutes: Sendable {
  let archive: Archive
  /// For what waits for the disk.
  let threads: NIOThreadPool

  private static let path = CaseRoutes.root + "/arrivals"
  private static let mostRows = 1000

  func add(to router: Router<WebContext>) {
    router.get(RouterPath(Self.path)) { request, context in
      try await answered(request, context) { try await list(request) }
    }
    router.delete(RouterPath(Self.path + "/:digest")) { request, context in
      try await answered(request, context) { try await discard(context.parameters.get("digest") ?? "") }
    }
    router.delete(RouterPath(Self.path + "/:digest/refusal")) { request, context in
      try await answered(request, context) { try await forget(context.parameters.get("digest") ?? "") }
    }
  }

  private func answered(
    _ request: Request, _ context: WebContext, _ body: () async throws -> Response
  ) async throws -> Response {
    do {
      return try await body()
    } catch let error as CancellationError {
      throw error
    } catch {
      let failure = APIFailure(error)
      if failure.code == .unavailable {
        context.logger.error("A request failed", metadata: ["route": "\(Self.path)", "error": "\(type(of: error))"])
      }
      return failure.response(to: request)
    }
  }

  private func list(_ request: Request) async throws -> Response {
    let query = QueryString(request.uri.query)
    let limit = min(Self.mostRows, max(0, query.first("limit").flatMap { Int($0) } ?? Self.mostRows))
    let age = query.first("days").flatMap { Int($0) }.map { Duration.seconds(min(36_500, max(0, $0)) * 86_400) }
    return try await blocking { archive in
      let lists = [
        ("refused", try text(archive.arrivals.refusals(limit: limit))),
        ("abandoned", try text(archive.arrivals.abandoned(for: age ?? Arrivals.patience, limit: limit))),
        ("quarantine", try text(archive.quarantined(limit: limit).map(Kept.init))),
      ]
      let members = lists.map { "\"\($0.0)\":\($0.1)" } + ["\"version\":\(archive.changes.version)"]
      return json("{\(members.joined(separator: ","))}")
    }
  }

  /// Throws away what is here of an object that is under way, and takes it off the list of refusals.
  private func discard(_ digest: String) async throws -> Response {
    try await blocking { archive in
      let isGone = try archive.arrivals.discard(digest)
      let notes = try archive.arrivals.forgetRefusals(of: digest)
      guard isGone || notes > 0 else { throw APIFailure(.unknownArrival) }
      return json("{\"discarded\":\(isGone),\"refusals\":\(notes)}")
    }
  }

  /// Takes an object off the list of refusals; what has come of it since stays.
  private func forget(_ digest: String) async throws -> Response {
    try await blocking { archive in
      let notes = try archive.arrivals.forgetRefusals(of: digest)
      guard notes > 0 else { throw APIFailure(.unknownArrival) }
      return json("{\"discarded\":false,\"refusals\":\(notes)}")
    }
  }

  /// An entry of the quarantine, without what a device said of itself.
  private struct Kept: Encodable {
    var id: Int64
    var digest: String
    var reason: String
    var detail: String
    var from: String
    var lastAt: Date
    var times: Int
    var size: Int

    init(_ entry: QuarantineEntry) {
      id = entry.id.rawValue
      digest = entry.digest
      reason = entry.reason.rawValue
      detail = entry.detail
      from = [entry.receipt.callingAETitle, entry.receipt.peerAddress].compactMap { $0 }.joined(separator: " · ")
      lastAt = entry.lastReceivedAt
      times = entry.times
      size = entry.size
    }
  }

  private func text(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.dateEncodingStrategy = .iso8601
    encoder.outputFormatting = [.withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }

  private func blocking(_ body: @escaping @Sendable (Archive) throws -> Response) async throws -> Response {
    let archive = archive
    return try await threads.runIfActive { try body(archive) }
  }

  private func json(_ text: String) -> Response {
    Response(
      status: .ok, headers: [.contentType: "application/json", .cacheControl: "no-store"],
      body: ResponseBody(byteBuffer: ByteBuffer(string: text + "\n")))
  }
}
