import Foundation

/// A hub or a site that runs on this machine, as commands ask it: through the address of its web.
public struct RunningServer: Sendable {
  /// Why it did not do what a command wanted: for people.
  public struct Failure: Error, Sendable, CustomStringConvertible {
    public let description: String
  }

  private let transport: HTTPTransport
  private let address: String

  /// - Parameter address: of its web, such as `http://127.0.0.1:8080`.
  /// - Throws: ``LinkSenderFailure`` for what is no address of this machine, nor one with TLS.
  public init(address: String) throws(LinkSenderFailure) {
    self.address = address
    transport = try HTTPTransport(HubAddress(address), certificateAuthority: nil, connections: 1)
  }

  /// The JSON that it answers; nil for 404.
  public func ask(_ method: String, _ path: String) async throws(Failure) -> [UInt8]? {
    let answer: LinkResponse
    do {
      answer = try await transport.send(LinkRequest(method: method, path: path, headers: [:], body: []))
    } catch {
      throw Failure(
        description: """
          The archive is in use, and nothing answers at \(address): give the http.address of the program that uses it (--http, or its \
          --config), or stop it.
          """)
    }
    if answer.status == 404 { return nil }
    guard answer.status == 200, answer.headers["content-type"]?.hasPrefix("application/json") == true else {
      throw Failure(
        description: "\(address)\(path) answered with status \(answer.status): is this the hub that uses the archive?")
    }
    return answer.body
  }

  /// Closes the connection. Nothing is asked afterwards.
  public func close() async { await transport.close() }
}
