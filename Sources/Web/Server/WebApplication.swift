import Archive
import Glibc
import Hummingbird
import HummingbirdCore
import Imaging
import Logging
import NIOCore

/// Joins routes, middleware and the limits of connections into a Hummingbird application.
struct WebApplication {
  let archive: Archive
  let renderPool: RenderPool
  let configuration: WebConfiguration
  let version: String
  let metrics: PrometheusRegistry
  let logger: Logger

  /// - Throws: ``WebServiceError``.
  func make(onRunning: @escaping @Sendable (Int) async -> Void = { _ in }) throws -> Application<
    RouterResponder<WebContext>
  > {
    guard PublicAddress.isLoopback(host: configuration.address) else {
      throw WebServiceError.notLoopback(configuration.address)
    }
    try prepareTemporaryDirectory()
    let addresses = PublicAddress(
      publicURL: configuration.publicURL, address: configuration.address, port: configuration.port)
    let http = Self.http(configuration.limits)
    let dicomWeb = DICOMweb(
      archive: archive, renderPool: renderPool, addresses: addresses, configuration: configuration)
    return Application(
      router: router(addresses, dicomWeb),
      server: HTTPServerBuilder { responder in
        EventLoopBoundChannel(base: HTTP1Channel(responder: Self.reading(responder), configuration: http))
      },
      configuration: ApplicationConfiguration(
        address: .hostname(configuration.address, port: configuration.port), backlog: 1024,
        availableConnectionsDelegate: .maximum(Self.connections(configuration.limits), logger: logger)),
      services: [WebThreads(dicomWeb: dicomWeb)],
      onServerRunning: { channel in
        guard let port = channel.localAddress?.port else { return }
        addresses.isBound(to: port)
        await onRunning(port)
      },
      logger: logger)
  }

  /// Keeps the files whose records a request reads there until the last byte of its answer has left: a prepared file may take
  /// the place of a received one at any time.
  private static func reading(_ responder: @escaping HTTPChannelHandler.Responder) -> HTTPChannelHandler.Responder {
    { request, writer, channel in
      var writer = Optional(writer)
      try await Reading.$current.withValue(Reading()) { try await responder(request, writer.take()!, channel) }
    }
  }

  private func router(_ addresses: PublicAddress, _ dicomWeb: DICOMweb) -> Router<WebContext> {
    let router = Router(context: WebContext.self, options: [.autoGenerateHeadEndpoints])
    let mounted = MountedRoutes(configuration.mounts, limits: configuration.limits)
    router.addMiddleware {
      ObservationMiddleware()
      HeaderMiddleware()
    }
    // Middleware holds for routes that are added after it: those that are signed need no rule about origins.
    mounted.add(.signed, to: router)
    router.addMiddleware {
      OriginMiddleware(addresses: addresses, allowedOrigins: Set(configuration.corsOrigins))
      ErrorMiddleware()
      SameOriginMiddleware(addresses: addresses)
      // The staff of a site has made the pictures.
      if configuration.page == .reader {
        ConsentMiddleware(archive: archive, threads: dicomWeb.streamer.threads)
      }
    }
    DICOMwebRoutes(dicomWeb).add(to: router)
    mounted.add(.origin, to: router)
    CaseRoutes(archive: archive, addresses: addresses, threads: dicomWeb.streamer.threads).add(to: router)
    PageRoutes(configuration.page).add(to: router)
    if configuration.page == .reader {
      ArrivalRoutes(archive: archive, threads: dicomWeb.streamer.threads).add(to: router)
      PageRoutes(.administrator).add(to: router)
    }
    HealthRoutes(archive: archive, version: version, metrics: metrics, threads: dicomWeb.streamer.threads).add(
      to: router)
    return router
  }

  /// HTTP/1.1 within the limits of heads, with a guard against clients that hold connections without using them.
  static func http(_ limits: WebLimits) -> HTTP1Channel.Configuration {
    HTTP1Channel.Configuration(
      additionalChannelHandlers: [ConnectionGuard(limits: limits)],
      httpDecoderConfiguration: .init(
        maxHeaderFieldSize: limits.headerField, maxHeaderListSize: limits.head, maxHeaderFieldCount: 200))
  }

  /// Every connection is a descriptor, and so is every file: half of what the process may open is left for files.
  static func connections(_ limits: WebLimits) -> Int {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return limits.connections }
    return min(limits.connections, max(64, Int(clamping: limit.rlim_cur) / 2))
  }

  /// What an earlier run left behind is of no use to anybody.
  private func prepareTemporaryDirectory() throws {
    let path = configuration.temporaryDirectory
    if mkdir(path, 0o700) != 0, errno != EEXIST { throw WebServiceError.temporaryDirectory(path, code: errno) }
    guard access(path, W_OK | X_OK) == 0, let directory = opendir(path) else {
      throw WebServiceError.temporaryDirectory(path, code: errno)
    }
    defer { closedir(directory) }
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name.hasSuffix(".tmp") { unlink(path + "/" + name) }
    }
  }
}
