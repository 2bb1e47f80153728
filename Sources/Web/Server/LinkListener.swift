import Hummingbird
import HummingbirdCore
import HummingbirdTLS
import Logging
import NIOCore
import NIOSSL
import ServiceLifecycle

/// How the second door, for the sites' link alone, is set up.
public struct LinkListenerConfiguration: Sendable {
  /// Where to listen; anything but loopback needs ``certificateFile`` and ``keyFile``.
  public var address: String
  /// 0 lets the system choose one (tests).
  public var port: Int
  /// PEM files: the certificate with those that lead to its root, and its private key. They are read at start.
  public var certificateFile: String?
  public var keyFile: String?

  public init(address: String, port: Int, certificateFile: String? = nil, keyFile: String? = nil) {
    self.address = address
    self.port = port
    self.certificateFile = certificateFile
    self.keyFile = keyFile
  }
}

/// The door through which sites reach the hub from elsewhere: HTTP/1.1, TLS 1.2 or later, and nothing but signed routes.
///
/// Pages, DICOMweb, health and metrics stay on loopback (``WebService``).
public struct LinkListener: Service {
  private let application: Application<RouterResponder<WebContext>>

  /// - Parameters:
  ///   - routes: those that are not signed are left out.
  ///   - onRunning: called with the port when the socket is bound.
  /// - Throws: ``LinkListenerError``.
  public init(
    _ configuration: LinkListenerConfiguration, routes: [MountedRoute], limits: WebLimits = WebLimits(), logger: Logger,
    onRunning: @escaping @Sendable (Int) async -> Void = { _ in }
  ) throws(LinkListenerError) {
    let tls = try Self.tls(configuration)
    let http = WebApplication.http(limits)
    let router = Router(context: WebContext.self)
    router.addMiddleware {
      ObservationMiddleware()
      HeaderMiddleware()
      ErrorMiddleware()
    }
    MountedRoutes(routes, limits: limits).add(.signed, to: router)
    application = Application(
      router: router,
      server: HTTPServerBuilder { responder in
        let base = EventLoopBoundChannel(base: HTTP1Channel(responder: responder, configuration: http))
        guard let tls else { return base }
        return try TLSChannel(base, tlsConfiguration: tls)
      },
      configuration: ApplicationConfiguration(
        address: .hostname(configuration.address, port: configuration.port), backlog: 1024,
        availableConnectionsDelegate: .maximum(WebApplication.connections(limits), logger: logger)),
      onServerRunning: { channel in
        if let port = channel.localAddress?.port { await onRunning(port) }
      },
      logger: logger)
  }

  public func run() async throws { try await application.run() }

  /// nil on loopback without a certificate.
  private static func tls(_ configuration: LinkListenerConfiguration) throws(LinkListenerError) -> TLSConfiguration? {
    switch (configuration.certificateFile, configuration.keyFile) {
    case (nil, nil):
      guard PublicAddress.isLoopback(host: configuration.address) else { throw .needsTLS(configuration.address) }
      return nil
    case (let certificateFile?, let keyFile?):
      let chain: [NIOSSLCertificate]
      do { chain = try NIOSSLCertificate.fromPEMFile(certificateFile) } catch {
        throw .certificate(certificateFile, reason: "\(error)")
      }
      guard !chain.isEmpty else { throw .certificate(certificateFile, reason: "it holds none") }
      let key: NIOSSLPrivateKey
      do { key = try NIOSSLPrivateKey(file: keyFile, format: .pem) } catch {
        throw .key(keyFile, reason: "\(error)")
      }
      var tls = TLSConfiguration.makeServerConfiguration(
        certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
      tls.minimumTLSVersion = .tlsv12
      tls.applicationProtocols = ["http/1.1"]
      do { _ = try NIOSSLContext(configuration: tls) } catch {
        throw .key(keyFile, reason: "it does not belong to the certificate (\(error))")
      }
      return tls
    default: throw .halfTLS
    }
  }
}

/// Why the link's door does not open.
public enum LinkListenerError: Error, Equatable, CustomStringConvertible {
  case needsTLS(String)
  case halfTLS
  case certificate(String, reason: String)
  case key(String, reason: String)

  public var description: String {
    switch self {
    case .needsTLS(let address):
      """
      The link does not listen on \(address) without TLS: give it a certificate and its key, or let it listen on loopback \
      (127.0.0.1, ::1 or localhost) behind a proxy that does TLS.
      """
    case .halfTLS: "TLS needs both files, the certificate and its key."
    case .certificate(let file, let reason): "The certificate \(file) cannot be used: \(reason)."
    case .key(let file, let reason): "The private key \(file) cannot be used: \(reason)."
    }
  }
}
