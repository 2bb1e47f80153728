import Archive
import Hummingbird
import HummingbirdCore
import Imaging
import Logging
import NIOCore
import ServiceLifecycle

/// The web door of the hub: DICOMweb, the page, health and metrics over HTTP/1.1.
///
/// Runs until graceful shutdown; requests in progress get to their end, clients that stall do not hold it up.
public struct WebService: Service {
  private let application: Application<RouterResponder<WebContext>>

  /// - Parameters:
  ///   - version: told by `/healthz`.
  ///   - metrics: what `/metrics` shows; the same that `MetricsSystem` was bootstrapped with.
  ///   - onRunning: called with the port when the socket is bound.
  /// - Throws: ``WebServiceError`` for an address that is not loopback, or a temporary folder that cannot be made.
  public init(
    archive: Archive, renderPool: RenderPool, configuration: WebConfiguration, version: String,
    metrics: PrometheusRegistry,
    logger: Logger, onRunning: @escaping @Sendable (Int) async -> Void = { _ in }
  ) throws {
    application = try WebApplication(
      archive: archive, renderPool: renderPool, configuration: configuration, version: version, metrics: metrics,
      logger: logger
    ).make(onRunning: onRunning)
  }

  public func run() async throws { try await application.run() }
}

/// Why the web door does not open.
public enum WebServiceError: Error, Equatable, CustomStringConvertible {
  case notLoopback(String)
  case temporaryDirectory(String, code: Int32)

  public var description: String {
    switch self {
    case .notLoopback(let address):
      """
      The hub does not listen for HTTP on \(address): until it knows TLS and users it answers on loopback only (127.0.0.1, ::1 or \
      localhost). To reach it from another machine use an SSH tunnel: ssh -L 8080:127.0.0.1:8080 HUB.
      """
    case .temporaryDirectory(let path, let code):
      "The temporary folder \(path) cannot be made or written (error \(code))."
    }
  }
}
