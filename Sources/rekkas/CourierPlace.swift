import Archive
import ArgumentParser
import DICOM
import Foundation
import Relay

/// Where the courier's commands work: a hub or site that runs, else its archive.
enum CourierPlace {
  /// Runs `body` with the hub and the sites whose keys it knows.
  static func atHub<R>(
    _ options: ServerOptions, _ body: (CourierPeer, SiteRegistry) async throws -> R
  ) async throws -> R {
    let settings = try options.configuration()
    guard let list = settings.sites else {
      throw ConfigurationError(
        description: "link.sites is not set: without the sites' keys nothing can be read. Give the hub's --config")
    }
    let sites = try SiteList.read(list)
    guard let archive = try open({ try Assembly.openArchive(settings.server) }) else {
      return try await atAddress(settings.http) { try await body($0, sites) }
    }
    var logger = Assembly.logger(settings.server)
    // What a hub notes of its sites' sessions is nothing for the person at the stick.
    logger.logLevel = max(logger.logLevel, .warning)
    let receiver = LinkReceiver(
      archive: archive, sites: sites, version: rekkasVersion, memory: Hub.siteMemory(settings), logger: logger)
    let result = await Result { try await body(CourierPeer(settings.directory) { await receiver.answer($0) }, sites) }
    receiver.close()
    try archive.close()
    return try result.get()
  }

  /// Runs `body` with the site.
  ///
  /// - Parameter flags: those that say which site this is; a site that runs knows it by itself.
  static func atSite<R>(
    _ options: ServerOptions, _ flags: [(String, String, String?)], _ body: (CourierPeer) async throws -> R
  ) async throws -> R {
    let settings = try options.configuration(SiteConfiguration.self, flags: flags)
    let key: SiteKey
    do {
      key = try settings.siteKey()
    } catch let missing as ConfigurationError {
      // Whoever carries for a site that runs does not need its key.
      do {
        return try await atAddress(settings.http, body)
      } catch CourierFailure.unreachable(_) {
        throw missing
      }
    }
    let found = try open {
      try Archive(options: Site.archiveOptions(settings), logger: Assembly.logger(settings.server))
    }
    guard let archive = found else { return try await atAddress(settings.http, body) }
    let desk = CourierDesk(archive: archive, key: key)
    let result = await Result { try await body(CourierPeer(settings.directory) { await desk.answer($0) }) }
    desk.close()
    try archive.close()
    return try result.get()
  }

  private static func atAddress<R>(
    _ address: SocketAddress, _ body: (CourierPeer) async throws -> R
  ) async throws -> R {
    let peer = try CourierPeer(address: "http://\(address)")
    let result = await Result { try await body(peer) }
    await peer.close()
    return try result.get()
  }

  /// Opens an archive; nil when somebody has it open, or when this user may not: then whoever runs is asked.
  private static func open<A>(_ body: () throws -> A) throws -> A? {
    DICOMLibrary.initialize()
    do {
      return try body()
    } catch let failure as ArchiveError {
      if failure.isInUse { return nil }
      throw failure
    } catch let failure as CocoaError {
      if [.fileWriteNoPermission, .fileReadNoPermission].contains(failure.code) { return nil }
      throw failure
    }
  }

  /// Runs a command's work; what hinders it is said, and becomes the exit status.
  static func run<R>(_ progress: ProgressLine, _ body: () async throws -> R) async throws -> R {
    do {
      let result = try await body()
      progress.finish()
      return result
    } catch {
      progress.finish()
      StandardError.write("\(error)")
      if let failure = error as? CourierFailure { throw ExitCode(status(of: failure)) }
      throw error is ConfigurationError ? ExitCode.validationFailure : ExitCode(3)
    }
  }

  /// 2: the carrier is at fault; 3: the hub or the site.
  static func status(of failure: CourierFailure) -> Int32 { failure.isCarriers ? 2 : 3 }
}

extension Result where Failure == any Error {
  fileprivate init(_ body: () async throws -> Success) async {
    do { self = .success(try await body()) } catch { self = .failure(error) }
  }
}

/// Says how much is done, and how long the rest takes at the rate so far.
struct CourierClock {
  private let start = ContinuousClock.now

  func text(_ bytes: Int, of all: Int) -> String {
    let done = "\(Self.size(bytes)) of \(Self.size(all))"
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    guard seconds > 3, bytes > 0, all > bytes else { return done }
    let left = min(Double(all - bytes) / Double(bytes) * seconds, 1e7)
    return done + (left > 90 ? ", \(Int((left / 60).rounded(.up))) min left" : ", \(Int(left.rounded(.up))) s left")
  }

  static func size(_ bytes: Int) -> String {
    bytes < 10_000_000 ? "\((bytes + 999) / 1000) KB" : "\(bytes / 1_000_000) MB"
  }
}
