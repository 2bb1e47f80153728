import Archive
import DIMSE
import Foundation
import Imaging
import Logging
import Relay
import ServiceLifecycle
import Web

/// A site with all its parts, ready to run.
struct Site {
  let archive: Archive
  let pool: RenderPool
  let dimse: DIMSEService
  let web: WebService
  let sender: LinkSender
  let desk: CourierDesk
  let logger: Logger

  /// Builds the parts. The DICOM port is bound here, so that a taken port fails at once; `onReady` hears when the web
  /// answers, too. The link need not be there.
  init(_ settings: SiteConfiguration, onReady: @escaping @Sendable (_ http: Int, _ dicom: Int) -> Void) throws {
    try Self.check(settings)
    let key = try settings.siteKey()
    let logger = Assembly.logger(settings.server)
    self.logger = logger
    let registry = Assembly.startLibraries(logger)
    let profile = try Assembly.profile(settings.server)
    let archive = try Archive(options: Self.archiveOptions(settings), logger: logger)
    self.archive = archive
    pool = Assembly.renderPool(settings.server)
    let dimse = try DIMSEService(archive: archive, options: Assembly.dimseOptions(settings.server), logger: logger)
    self.dimse = dimse
    let sender = try LinkSender(
      archive: archive, key: key, options: Self.senderOptions(settings), logger: logger)
    self.sender = sender
    let desk = CourierDesk(archive: archive, key: key)
    self.desk = desk
    var configuration = Assembly.webConfiguration(settings.server, profile: profile)
    configuration.page = .site
    configuration.mounts = Self.routes(of: sender) + Self.routes(of: desk)
    configuration.page = .site
    web = try WebService(
      archive: archive, renderPool: pool, configuration: configuration, version: rekkasVersion, metrics: registry,
      logger: logger, onRunning: { onReady($0, dimse.port) })
  }

  private static func check(_ settings: SiteConfiguration) throws {
    for (key, value, flag) in [("site.name", settings.name, "--name"), ("link.hub", settings.hub, "--hub")]
    where value.isEmpty {
      throw ConfigurationError(description: "\(key) is not set: give \(flag), or write it into site.yaml")
    }
    guard settings.http.isLoopback else {
      throw ConfigurationError(
        description: """
          http.address \(settings.http): the page listens on loopback only (127.0.0.1 or [::1]) until it has access control; \
          anyone who reached it could read every image. To reach it from another machine use an SSH tunnel.
          """)
    }
    if !settings.dicom.isLoopback && (settings.peers.isEmpty || settings.peers.contains { $0.address == nil }) {
      throw ConfigurationError(
        description: """
          dicom.address \(settings.dicom): on the network only listed devices may send: name each with its AE title and address, \
          for example dicom.peers: CT1@192.168.1.20, DX@192.168.1.21
          """)
    }
  }

  /// How a site's archive is opened, by the site itself and by commands that work on it alone.
  static func archiveOptions(_ settings: SiteConfiguration) throws -> ArchiveOptions {
    var options = Assembly.preparingOptions(settings.server, profile: try Assembly.profile(settings.server))
    // The link waits for the first encoded image, and no reader waits for this disk.
    options.preparation?.quiet = .milliseconds(20)
    options.preparation?.longestPause = .milliseconds(200)
    options.preparation?.lookout = .milliseconds(50)
    if settings.preparationThreads == 0 {
      // At low priority: whatever comes in goes first.
      options.preparation?.threads = ProcessInfo.processInfo.activeProcessorCount
    }
    options.preparation?.threadsOfLargeFrames = ProcessInfo.processInfo.activeProcessorCount
    // Every image says whose patient it shows.
    options.preparation?.issuerOfPatientID = settings.name
    options.site = settings.name
    options.siteCode = settings.name
    options.queuesForLink = true
    options.caseRules = try settings.caseRules.map { try CaseRuleFile.read($0) } ?? []
    options.sealAfter = settings.sealAfter > 0 ? .seconds(settings.sealAfter * 60) : .seconds(86_400 * 36_500)
    options.keepSentFor = .seconds(settings.keepSentFor * 3600)
    return options
  }

  private static func senderOptions(_ settings: SiteConfiguration) -> LinkSenderOptions {
    var options = LinkSenderOptions(hub: settings.hub)
    options.certificateAuthority = settings.authority
    options.rateLimitKbit = settings.rateCap > 0 ? settings.rateCap : nil
    options.originalsWindows = settings.originals
    options.monthlyBudget = settings.monthBudget > 0 ? settings.monthBudget : nil
    options.monthFile = settings.directory + "/link-month.json"
    options.heartbeat = .seconds(settings.heartbeat)
    options.version = rekkasVersion
    return options
  }

  /// What the page asks of the link.
  private static func routes(of sender: LinkSender) -> [MountedRoute] {
    let json = ["content-type": "application/json"]
    return [
      MountedRoute(method: "GET", path: "/api/v1/site", bodyLimit: 0, proof: .origin) { _ in
        do {
          return .init(status: 200, headers: json, body: try sender.status().json())
        } catch {
          return .init(status: 500, headers: json, body: Array(#"{"code":"internal"}"#.utf8))
        }
      },
      MountedRoute(method: "POST", path: "/api/v1/site/retry", bodyLimit: 1024, proof: .origin) { _ in
        sender.retryNow()
        return .init(status: 202, headers: json, body: Array("{}".utf8))
      },
    ]
  }

  /// What `rekkas courier` asks of a site that runs.
  private static func routes(of desk: CourierDesk) -> [MountedRoute] {
    CourierDesk.routes.map { route in
      MountedRoute(method: route.method, path: route.path, bodyLimit: route.bodyLimit, proof: .origin) { request in
        let answer = await desk.answer(
          LinkRequest(method: request.method, path: request.path, headers: request.headers, body: request.body))
        return .init(status: answer.status, headers: answer.headers, body: answer.body)
      }
    }
  }

  /// Runs until SIGTERM or SIGINT; then doors close first, what is under way ends, and the archive is closed.
  func run() async throws {
    let group = ServiceGroup(
      configuration: ServiceGroupConfiguration(
        services: [
          .init(service: ArchiveService(archive: archive, pool: pool)),
          .init(service: DeskService(desk: desk)),
          .init(service: sender),
          .init(service: web),
          .init(service: dimse),
        ],
        gracefulShutdownSignals: [.sigterm, .sigint],
        logger: logger))
    try await group.run()
  }
}

/// The courier's desk as a service that ends after the doors and before the archive.
private struct DeskService: Service {
  let desk: CourierDesk

  func run() async throws {
    try? await gracefulShutdown()
    desk.close()
  }
}
