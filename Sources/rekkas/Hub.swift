import Archive
import DIMSE
import Foundation
import Imaging
import Logging
import Relay
import ServiceLifecycle
import Web

/// A hub with all its parts, ready to run.
struct Hub {
  let archive: Archive
  let pool: RenderPool
  let dimse: DIMSEService
  let web: WebService
  let receiver: LinkReceiver
  /// nil: sites come through the web's loopback address.
  let linkDoor: LinkListener?
  let logger: Logger

  /// Builds the parts. The DICOM port is bound here, so that a taken port fails at once; `onReady` hears when the web
  /// answers, too.
  init(_ settings: HubConfiguration, onReady: @escaping @Sendable (_ http: Int, _ dicom: Int) -> Void) throws {
    for (key, address) in [("http.address", settings.http), ("dicom.address", settings.dicom)] where !address.isLoopback
    {
      throw ConfigurationError(
        description: """
          \(key) \(address): the hub listens on loopback only (127.0.0.1 or [::1]) until it has access control; \
          anyone who reached it could read every image. To reach it from elsewhere use an SSH tunnel.
          """)
    }
    let sites = try settings.sites.map { try SiteList.read($0) } ?? SiteRegistry()
    let logger = Assembly.logger(settings.server)
    self.logger = logger
    let registry = Assembly.startLibraries(logger)
    let profile = try Assembly.profile(settings.server)
    archive = try Archive(options: Assembly.preparingOptions(settings.server, profile: profile), logger: logger)
    pool = Assembly.renderPool(settings.server)
    let dimse = try DIMSEService(archive: archive, options: Assembly.dimseOptions(settings.server), logger: logger)
    self.dimse = dimse
    let receiver = LinkReceiver(
      archive: archive, sites: sites, version: rekkasVersion, memory: Self.siteMemory(settings),
      logger: logger)
    self.receiver = receiver
    let routes = Self.routes(of: receiver)
    linkDoor = try settings.linkAddress.map { address in
      try LinkListener(
        LinkListenerConfiguration(
          address: address.host, port: address.port, certificateFile: settings.linkCertificate,
          keyFile: settings.linkPrivateKey),
        routes: routes, logger: logger)
    }
    var configuration = Assembly.webConfiguration(settings.server, profile: profile)
    configuration.mounts = routes
    web = try WebService(
      archive: archive, renderPool: pool, configuration: configuration, version: rekkasVersion, metrics: registry,
      logger: logger, onRunning: { onReady($0, dimse.port) })
  }

  /// The file in which a hub remembers its sites.
  static func siteMemory(_ settings: HubConfiguration) -> String { settings.directory + "/link-sites.json" }

  /// The link's two requests, as the web mounts them, and what the page shows of the sites.
  private static func routes(of receiver: LinkReceiver) -> [MountedRoute] {
    @Sendable func plain(_ request: MountedRoute.Request) -> LinkRequest {
      LinkRequest(method: request.method, path: request.path, headers: request.headers, body: request.body)
    }
    @Sendable func response(_ answer: LinkResponse) -> MountedRoute.Response {
      .init(status: answer.status, headers: answer.headers, body: answer.body)
    }
    let link = [
      (LinkProtocol.sessionPath, receiver.limits.hello), (LinkProtocol.batchPath, receiver.limits.batch.bytes),
    ].map { path, limit in
      MountedRoute(
        method: "POST", path: path, bodyLimit: limit, proof: .signed,
        refuses: { receiver.refuses(plain($0)).map(response) }
      ) { response(await receiver.answer(plain($0))) }
    }
    let json = ["content-type": "application/json"]
    return link + [
      MountedRoute(method: "GET", path: "/api/v1/sites", bodyLimit: 0, proof: .origin) { _ in
        let encoder = JSONEncoder()
        encoder.dateEncodingStrategy = .iso8601
        guard let body = try? encoder.encode(receiver.sites()) else { return .init(status: 500) }
        return .init(status: 200, headers: json, body: Array(body))
      }
    ]
  }

  /// Runs until SIGTERM or SIGINT; then doors close first, what is under way ends, and the archive is closed.
  func run() async throws {
    var services: [ServiceGroupConfiguration.ServiceConfiguration] = [
      .init(service: ArchiveService(archive: archive, pool: pool)),
      .init(service: ReceiverService(receiver: receiver)),
      .init(service: web),
      .init(service: dimse),
    ]
    if let linkDoor { services.append(.init(service: linkDoor)) }
    let group = ServiceGroup(
      configuration: ServiceGroupConfiguration(
        services: services, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
    try await group.run()
  }
}

/// The receiver's threads as a service that ends after the doors and before the archive.
private struct ReceiverService: Service {
  let receiver: LinkReceiver

  func run() async throws {
    try? await gracefulShutdown()
    receiver.close()
  }
}
