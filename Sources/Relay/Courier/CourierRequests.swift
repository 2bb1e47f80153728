import Foundation

/// What the site's commands ask of a ``CourierDesk``.
struct CourierRequests: Sendable {
  let peer: CourierPeer

  func status() async throws -> CourierDesk.Status {
    try await json(LinkRequest(method: "GET", path: CourierDesk.statusPath, headers: [:], body: []))
  }

  /// - Throws: ``CourierFailure/unreadable(_:)`` with this path for receipts that are none of this site.
  func acknowledge(_ receipts: [UInt8], path: String) async throws -> CourierReceipts.Report {
    try await json(
      LinkRequest(method: "POST", path: CourierDesk.receiptsPath, headers: Self.headers, body: receipts), path: path)
  }

  func file(_ order: CourierDesk.Order, path: String) async throws -> (head: CourierDesk.FileHead, bytes: [UInt8]) {
    let body = [UInt8](try JSONEncoder().encode(order))
    let answer = try await ask(
      LinkRequest(method: "POST", path: CourierDesk.exportPath, headers: Self.headers, body: body), path)
    guard let text = answer.headers[CourierDesk.headHeader],
      let head = try? JSONDecoder().decode(CourierDesk.FileHead.self, from: Data(text.utf8)),
      CourierFolder.isFileName(head.name)
    else { throw CourierFailure.stranger(peer.name) }
    return (head, answer.body)
  }

  private static let headers = ["content-type": "application/octet-stream"]

  private func json<T: Decodable>(_ request: LinkRequest, path: String = "") async throws -> T {
    let answer = try await ask(request, path)
    guard let value = try? JSONDecoder().decode(T.self, from: Data(answer.body)) else {
      throw CourierFailure.stranger(peer.name)
    }
    return value
  }

  private func ask(_ request: LinkRequest, _ path: String) async throws -> LinkResponse {
    let answer: LinkResponse
    do {
      answer = try await peer.transport.send(request)
    } catch {
      throw CourierFailure.unreachable(peer.name)
    }
    if answer.status == 200 { return answer }
    guard let refusal = try? JSONDecoder().decode(CourierDesk.Refusal.self, from: Data(answer.body)) else {
      throw CourierFailure.stranger(peer.name)
    }
    switch refusal.code {
    case "no-room": throw CourierFailure.noRoom(path)
    case "unreadable": throw CourierFailure.unreadable(path)
    case "replaced": throw CourierFailure.replaced
    case "archive", "closing": throw CourierFailure.archive(refusal.text)
    default: throw CourierFailure.stranger(peer.name)
    }
  }
}
