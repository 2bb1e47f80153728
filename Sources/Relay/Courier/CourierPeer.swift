import Foundation

/// Whom the courier's commands talk to: a hub or a site that runs, or the same parts in the command's own process when nothing runs.
///
/// Both answer the same requests, so nothing else of the courier knows which it is.
public struct CourierPeer: Sendable {
  let transport: any LinkTransport
  /// For people: an address or a folder.
  let name: String
  /// Whether there is a second chance after a failure: another process may be starting just now.
  let isElsewhere: Bool

  /// A hub or a site that runs on this machine, by the address of its web, such as `http://127.0.0.1:8080`.
  ///
  /// - Throws: ``LinkSenderFailure`` for what is no address of this machine, nor one with TLS.
  public init(address: String) throws(LinkSenderFailure) {
    transport = try HTTPTransport(
      HubAddress(address), certificateAuthority: nil, connections: 1, longestAnswer: Courier.largestFile,
      timeout: .minutes(10))
    name = address
    isElsewhere = true
  }

  /// What answers in this process: a ``LinkReceiver`` or a ``CourierDesk`` over the archive.
  ///
  /// - Parameter name: of the archive, for people.
  public init(_ name: String, answer: @escaping @Sendable (LinkRequest) async -> LinkResponse) {
    transport = NearTransport(answer: answer)
    self.name = name
    isElsewhere = false
  }

  /// Closes connections. Nothing is asked afterwards.
  public func close() async { await transport.close() }
}

/// Carries requests to a function.
private struct NearTransport: LinkTransport {
  let answer: @Sendable (LinkRequest) async -> LinkResponse

  func send(_ request: LinkRequest) async throws -> LinkResponse {
    let response = await answer(request)
    let headers = Dictionary(response.headers.map { ($0.key.lowercased(), $0.value) }, uniquingKeysWith: { $1 })
    return LinkResponse(status: response.status, headers: headers, body: response.body)
  }

  func close() async {}
}
