import Archive
import DICOM
import DIMSE
import Foundation
import Imaging
import Logging
import Metrics
import ServiceLifecycle
import Web

/// The one place that chooses parts and joins them.
enum Assembly {
  /// The archive of a configuration, for commands that work on it alone.
  static func openArchive(_ settings: HubConfiguration) throws -> Archive {
    try Archive(options: archiveOptions(settings), logger: logger(settings))
  }

  /// The archive of a hub, which prepares what it receives unless it is told not to.
  static func openPreparingArchive(_ settings: HubConfiguration, profile: CompressionProfile) throws -> Archive {
    var options = archiveOptions(settings)
    var preparation = PreparationOptions(profile: profile)
    preparation.prepares = settings.prepares
    preparation.keepReceivedFor = .seconds(settings.keepReceivedFor * 3600)
    if settings.preparationThreads > 0 { preparation.threads = settings.preparationThreads }
    options.preparation = preparation
    return try Archive(options: options, logger: logger(settings))
  }

  /// The profile that is named, else the one that every hub brings.
  static func profile(_ settings: HubConfiguration) throws -> CompressionProfile {
    try settings.profile.map { try ProfileFile.read($0) } ?? .standard
  }

  /// A logger to standard error, where lines are not held back.
  static func logger(_ settings: HubConfiguration) -> Logger {
    var logger = Logger(label: "rekkas", factory: { StreamLogHandler.standardError(label: $0) })
    logger.logLevel = settings.logLevel
    return logger
  }

  private static func archiveOptions(_ settings: HubConfiguration) -> ArchiveOptions {
    var options = ArchiveOptions(directory: settings.directory)
    options.durable = settings.durable
    options.diskReserve = settings.diskReserve
    return options
  }
}

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
    let registry = PrometheusRegistry()
    MetricsSystem.bootstrap(registry)
    let logger = Assembly.logger(settings)
    let dcmtkLog = logger
    DICOMLibrary.initialize { level, message in
      dcmtkLog.log(level: level.loggerLevel, "DCMTK", metadata: ["message": "\(message)"])
    }
    self.logger = logger
    let profile = try Assembly.profile(settings)
    archive = try Assembly.openPreparingArchive(settings, profile: profile)
    pool = RenderPool(
      executable: "/proc/self/exe",
      workers: settings.renderWorkers > 0
        ? settings.renderWorkers : max(2, ProcessInfo.processInfo.activeProcessorCount),
      memoryLimit: settings.renderMemoryLimit, timeLimit: .seconds(settings.renderTimeLimit))
    let dimse = try DIMSEService(archive: archive, options: Self.dimseOptions(settings), logger: logger)
    self.dimse = dimse
    web = try WebService(
      archive: archive, renderPool: pool, configuration: Self.webConfiguration(settings, profile: profile),
      version: rekkasVersion, metrics: registry, logger: logger, onRunning: { onReady($0, dimse.port) })
  }

  private static func webConfiguration(_ settings: HubConfiguration, profile: CompressionProfile) -> WebConfiguration {
    var configuration = WebConfiguration(
      address: settings.http.host, port: settings.http.port, publicURL: settings.publicURL,
      corsOrigins: settings.corsOrigins, temporaryDirectory: settings.directory + "/temporary",
      profile: profile)
    configuration.limits.instanceSize = settings.maxObjectSize
    return configuration
  }

  private static func dimseOptions(_ settings: HubConfiguration) -> DIMSEOptions {
    var options = DIMSEOptions()
    options.host = settings.dicom.host
    options.port = settings.dicom.port
    options.aeTitle = settings.aeTitle
    options.acceptsAnyCalledAETitle = !settings.requireCalledAETitle
    options.maximumAssociations = settings.maxAssociations
    options.maximumObjectSize = settings.maxObjectSize
    options.limits.idle = .seconds(settings.idleTimeout)
    options.limits.progress = .seconds(settings.messageTimeout)
    return options
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

/// The archive as the service that ends last: by then nobody stores or reads.
struct ArchiveService: Service {
  let archive: Archive
  let pool: RenderPool

  func run() async throws {
    try? await gracefulShutdown()
    await pool.shutdown()
    try archive.close()
  }
}

extension DICOMLibrary.LogLevel {
  /// A peer that breaks the protocol is DCMTK's error and our everyday: it is told one level lower.
  var loggerLevel: Logger.Level {
    switch self {
    case .trace, .debug: .trace
    case .info: .debug
    case .warning: .info
    case .error: .notice
    }
  }
}
