import Archive
import DICOM
import DIMSE
import Foundation
import Imaging
import Logging
import Metrics
import ServiceLifecycle
import Web

/// What hub and site have in common: the parts that are chosen and set up by the configuration. ``Hub`` and ``Site`` join them.
enum Assembly {
  /// The archive of a configuration, for commands that work on it alone.
  static func openArchive(_ settings: ServerConfiguration) throws -> Archive {
    try Archive(options: archiveOptions(settings), logger: logger(settings))
  }

  /// How an archive is opened that prepares what it receives, unless it is told not to.
  static func preparingOptions(_ settings: ServerConfiguration, profile: CompressionProfile) -> ArchiveOptions {
    var options = archiveOptions(settings)
    var preparation = PreparationOptions(profile: profile)
    preparation.prepares = settings.prepares
    preparation.keepReceivedFor = .seconds(settings.keepReceivedFor * 3600)
    if settings.preparationThreads > 0 { preparation.threads = settings.preparationThreads }
    options.preparation = preparation
    return options
  }

  /// The profile that is named, else the one that every hub brings.
  static func profile(_ settings: ServerConfiguration) throws -> CompressionProfile {
    try settings.profile.map { try ProfileFile.read($0) } ?? .standard
  }

  /// A logger to standard error, where lines are not held back.
  static func logger(_ settings: ServerConfiguration) -> Logger {
    var logger = Logger(label: "rekkas", factory: { StreamLogHandler.standardError(label: $0) })
    logger.logLevel = settings.logLevel
    return logger
  }

  private static func archiveOptions(_ settings: ServerConfiguration) -> ArchiveOptions {
    var options = ArchiveOptions(directory: settings.directory)
    options.durable = settings.durable
    options.diskReserve = settings.diskReserve
    return options
  }

  // MARK: - Doors

  /// What a process does once, before its threads: the metrics' home and DCMTK's dictionary and codecs.
  static func startLibraries(_ logger: Logger) -> PrometheusRegistry {
    let registry = PrometheusRegistry()
    MetricsSystem.bootstrap(registry)
    DICOMLibrary.initialize { level, message in
      logger.log(level: level.loggerLevel, "DCMTK", metadata: ["message": "\(message)"])
    }
    return registry
  }

  static func renderPool(_ settings: ServerConfiguration) -> RenderPool {
    RenderPool(
      executable: "/proc/self/exe",
      workers: settings.renderWorkers > 0
        ? settings.renderWorkers : max(2, ProcessInfo.processInfo.activeProcessorCount),
      memoryLimit: settings.renderMemoryLimit, timeLimit: .seconds(settings.renderTimeLimit))
  }

  static func webConfiguration(_ settings: ServerConfiguration, profile: CompressionProfile) -> WebConfiguration {
    var configuration = WebConfiguration(
      address: settings.http.host, port: settings.http.port, publicURL: settings.publicURL,
      corsOrigins: settings.corsOrigins, temporaryDirectory: settings.directory + "/temporary",
      profile: profile)
    configuration.limits.instanceSize = settings.maxObjectSize
    return configuration
  }

  static func dimseOptions(_ settings: ServerConfiguration) -> DIMSEOptions {
    var options = DIMSEOptions()
    options.host = settings.dicom.host
    options.port = settings.dicom.port
    options.aeTitle = settings.aeTitle
    options.acceptsAnyCalledAETitle = !settings.requireCalledAETitle
    options.peers = settings.peers
    options.maximumAssociations = settings.maxAssociations
    options.maximumObjectSize = settings.maxObjectSize
    options.limits.idle = .seconds(settings.idleTimeout)
    options.limits.progress = .seconds(settings.messageTimeout)
    return options
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
