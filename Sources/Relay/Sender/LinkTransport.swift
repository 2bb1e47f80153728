import AsyncHTTPClient
import Foundation
import NIOCore
import Synchronization

/// Carries one request to the hub and brings the answer. What it throws means: no answer.
protocol LinkTransport: Sendable {
  /// Cancelling the task gives the request up and closes its connection.
  func send(_ request: LinkRequest) async throws -> LinkResponse
  /// Closes all connections. Nothing is sent afterwards.
  func close() async
}

/// HTTP/1.1 over connections that stay open, with TLS unless the hub is on this machine.
final class HTTPTransport: LinkTransport {
  private let configuration: HTTPClient.Configuration
  /// Made by the first request: a client that was made must be shut down, and not every sender is run.
  private let client = Mutex<HTTPClient?>(nil)
  private let address: HubAddress
  private let longestAnswer: Int
  private let timeout: TimeAmount

  /// Connections say what they have to say at once (TCP_NODELAY): that is what SwiftNIO's sockets do unless told otherwise.
  ///
  /// - Parameters:
  ///   - longestAnswer: bytes; longer answers are nobody's.
  ///   - timeout: from a request to the end of its answer.
  init(
    _ address: HubAddress, certificateAuthority: String?, connections: Int, longestAnswer: Int = 4 << 20,
    timeout: TimeAmount = .hours(24)
  ) throws(LinkSenderFailure) {
    self.address = address
    self.longestAnswer = longestAnswer
    self.timeout = timeout
    var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
    configuration.httpVersion = .http1Only
    configuration.timeout = .init(connect: .seconds(30))
    // A failure is told at once: when to try again is the link keeper's decision.
    configuration.connectionPool.retryConnectionEstablishment = false
    configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = connections
    configuration.connectionPool.idleTimeout = .minutes(30)
    if let path = certificateAuthority {
      do {
        let text = try String(contentsOf: URL(fileURLWithPath: path), encoding: .utf8)
        guard text.contains("-----BEGIN CERTIFICATE-----") else {
          throw LinkSenderFailure.certificates(path: path, detail: "there is no PEM certificate in it")
        }
      } catch let failure as LinkSenderFailure {
        throw failure
      } catch {
        throw .certificates(path: path, detail: error.localizedDescription)
      }
      var tls = HTTPClient.Configuration(certificateVerification: .fullVerification).tlsConfiguration
      tls?.trustRoots = .file(path)
      configuration.tlsConfiguration = tls
    }
    self.configuration = configuration
  }

  private func connected() -> HTTPClient {
    client.withLock { client in
      if let client { return client }
      let new = HTTPClient(configuration: configuration)
      client = new
      return new
    }
  }

  func send(_ request: LinkRequest) async throws -> LinkResponse {
    var message = HTTPClientRequest(url: address.base + request.path)
    message.method = .RAW(value: request.method)
    for (name, value) in request.headers { message.headers.add(name: name, value: value) }
    message.body = .bytes(request.body)
    let answer = try await connected().execute(message, timeout: timeout)
    var body = try await answer.body.collect(upTo: longestAnswer)
    var headers: [String: String] = [:]
    for header in answer.headers { headers[header.name.lowercased()] = header.value }
    return LinkResponse(
      status: Int(answer.status.code), headers: headers, body: body.readBytes(length: body.readableBytes) ?? [])
  }

  func close() async {
    let client = client.withLock { client in
      defer { client = nil }
      return client
    }
    try? await client?.shutdown()
  }

  /// What an error of this transport means for the people at the site.
  static func problem(_ error: any Error) -> LinkProblem {
    // The library's TLS errors have no common type that could be named here.
    if String(reflecting: type(of: error)).hasPrefix("NIOSSL") { return .certificate }
    if let error = error as? HTTPClientError {
      let early: [HTTPClientError] = [.connectTimeout, .tlsHandshakeTimeout, .getConnectionFromPoolTimeout]
      return early.contains(error) ? .unreachable : .interrupted
    }
    // Of an address in numbers the first try is the only one, and its error comes as it is.
    if let error = error as? IOError {
      let early = [ECONNREFUSED, ENETUNREACH, ENETDOWN, EHOSTUNREACH, EHOSTDOWN]
      return early.contains(error.errnoCode) ? .unreachable : .interrupted
    }
    return String(reflecting: type(of: error)).hasSuffix("NIOConnectionError") ? .unreachable : .interrupted
  }
}
