import Archive
import DIMSE
import Imaging
import Logging
import ServiceLifecycle
import Web

/// A hub with all its parts, ready to run.
struct Hub {
  let archive: Archive
  let pool: RenderPool
  let dimse: DIMSEService
  let web: WebService
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
    let logger = Assembly.logger(settings.server)
    self.logger = logger
    let registry = Assembly.startLibraries(logger)
    let profile = try Assembly.profile(settings.server)
    archive = try Archive(options: Assembly.preparingOptions(settings.server, profile: profile), logger: logger)
    pool = Assembly.renderPool(settings.server)
    let dimse = try DIMSEService(archive: archive, options: Assembly.dimseOptions(settings.server), logger: logger)
    self.dimse = dimse
    web = try WebService(
      archive: archive, renderPool: pool,
      configuration: Assembly.webConfiguration(settings.server, profile: profile), version: rekkasVersion,
      metrics: registry, logger: logger, onRunning: { onReady($0, dimse.port) })
  }

  /// Runs until SIGTERM or SIGINT; then doors close first, what is under way ends, and the archive is closed.
  func run() async throws {
    let group = ServiceGroup(
      configuration: ServiceGroupConfiguration(
        services: [
          .init(service: ArchiveService(archive: archive, pool: pool)),
          .init(service: web),
          .init(service: dimse),
        ],
        gracefulShutdownSignals: [.sigterm, .sigint],
        logger: logger))
    try await group.run()
  }
}
