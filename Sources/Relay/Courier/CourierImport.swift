import Archive
import Foundation

/// Takes over at the hub what couriers bring, and writes receipts that they take back. May be run any number of times.
///
/// Each site's batches are handed to the hub as the site's own signed requests, to a running one over its door on loopback, else to a
/// ``LinkReceiver`` over its archive: the hub has one way of taking images. What it has by now is not handed over again.
public struct CourierImport: Sendable {
  /// What came of one site's folder.
  public struct Report: Sendable, Equatable, Codable {
    public var site: String
    /// Objects that the hub has whole now, those that it had before among them.
    public var objects = 0
    /// Of them, those that it had before.
    public var before = 0
    public var cases = 0
    /// Objects that the hub does not take, with its reason, by digest.
    public var refused: [String: String] = [:]
    /// Objects of which something is still wanting, because a file is damaged.
    public var wanting = 0
    /// Files that could not be read: damaged, or missing. The site exports their objects again.
    public var damagedFiles: [String] = []
    /// Whether the site had more than fitted on the carrier.
    public var isEverything = true
    /// Why the hub took no more.
    public var stopped: CourierFailure?
    /// Why the receipts are not on the carrier: the site will not know what the hub has.
    public var withoutReceipts: CourierFailure?
    /// Whether everything on the carrier is at the hub, and the receipts are on the carrier.
    public var isGood: Bool {
      refused.isEmpty && wanting == 0 && damagedFiles.isEmpty && stopped == nil && withoutReceipts == nil
    }

    init(site: String) { self.site = site }

    private enum CodingKeys: String, CodingKey {
      case site, objects, before, cases, refused, wanting, damagedFiles, isEverything
    }
  }

  /// How far the folder of a site is.
  public struct Progress: Sendable, Equatable {
    public var site: String
    /// Images that are whole at the hub, and those on the carrier.
    public var objects: Int
    public var ofObjects: Int
    /// Their bytes that were read, and those on the carrier.
    public var bytes: Int
    public var ofBytes: Int
  }

  private let hub: CourierPeer
  private let sites: SiteRegistry
  private let carrier: String
  private let pause: Duration

  /// - Parameter hub: a running one, or a ``LinkReceiver`` over its archive.
  public init(to hub: CourierPeer, sites: SiteRegistry, from carrier: String) {
    self.init(to: hub, sites: sites, from: carrier, pause: .milliseconds(500))
  }

  /// - Parameter pause: before a second try.
  init(to hub: CourierPeer, sites: SiteRegistry, from carrier: String, pause: Duration) {
    self.hub = hub
    self.sites = sites
    self.carrier = carrier
    self.pause = pause
  }

  /// Takes everything from every site's folder on the carrier. Blocks its thread while it reads.
  ///
  /// A folder that cannot be read does not keep the others waiting: it is in the second list. When the hub takes no more, the receipts
  /// of what it took are written, and the other folders are left.
  ///
  /// - Throws: ``CourierFailure/noFolder(_:)``, ``CourierFailure/nothingThere(_:)``.
  public func run(progress: (Progress) -> Void = { _ in }) async throws -> (
    reports: [Report], failures: [CourierFailure]
  ) {
    try CourierFolder.require(carrier)
    let folders = CourierFolder.all(on: carrier)
    if folders.isEmpty { throw CourierFailure.nothingThere(carrier) }
    var reports: [Report] = []
    var failures: [CourierFailure] = []
    for folder in folders {
      do {
        let report = try await take(folder, progress)
        reports.append(report)
        if report.stopped != nil { break }
      } catch let failure as CourierFailure {
        failures.append(failure)
        if !failure.isCarriers { break }
      }
    }
    return (reports, failures)
  }

  private func take(_ folder: CourierFolder, _ progress: (Progress) -> Void) async throws -> Report {
    guard let site = sites.all.first(where: { CourierFolder.name(of: $0.key) == folder.name }) else {
      throw CourierFailure.unknownKey(folder.path)
    }
    guard let bytes = try folder.read(CourierFolder.manifestName) else { throw CourierFailure.unfinished(folder.path) }
    guard let file = CourierFile(bytes, of: site.key), file.kind == .manifest,
      let manifest = try? JSONDecoder().decode(CourierManifest.self, from: Data(file.content)), manifest.isInOrder
    else { throw CourierFailure.unreadable(folder.path) }
    var report = Report(site: site.key.site)
    report.isEverything = manifest.isEverything
    var intake = try await CourierIntake(link: CourierLink(to: hub, as: site.key, pause: pause), site: site.key.site)
    do {
      for (number, name) in manifest.chunks.enumerated() {
        let chunk = Self.chunk(name, number, folder, site.key, export: file.export)
        let isTaken = try await chunk.asyncMap { content in
          try await intake.take(content) { bytes, objects in
            progress(
              Progress(
                site: report.site, objects: objects, ofObjects: manifest.objects, bytes: bytes, ofBytes: manifest.bytes)
            )
          }
        }
        if isTaken != true { report.damagedFiles.append(name) }
      }
    } catch let failure as CourierFailure {
      report.stopped = failure
    }
    intake.fill(&report)
    do {
      try write(intake, of: file.export, for: site.key, complete: report.stopped == nil, into: folder)
    } catch let failure as CourierFailure {
      report.withoutReceipts = failure
    }
    return report
  }

  /// The content of a chunk; nil when it is not the one that the manifest means.
  private static func chunk(
    _ name: String, _ number: Int, _ folder: CourierFolder, _ key: SiteKey, export: [UInt8]
  ) -> [UInt8]? {
    guard let bytes = try? folder.read(name), let file = CourierFile(bytes, of: key), file.kind == .chunk,
      file.number == number, file.export == export
    else { return nil }
    return file.content
  }

  /// Writes the receipts. Those that an import before this one has written stay when this one did not come to its end.
  private func write(
    _ intake: CourierIntake, of export: [UInt8], for key: SiteKey, complete: Bool, into folder: CourierFolder
  ) throws {
    var list = CourierReceiptList(
      receipts: intake.receipts.sorted(), cases: intake.cases, refused: intake.refused)
    if !complete, let bytes = try folder.read(CourierFolder.receiptsName), let file = CourierFile(bytes, of: key),
      file.kind == .receipts, let old = try? JSONDecoder().decode(CourierReceiptList.self, from: Data(file.content))
    {
      list.receipts = Set(list.receipts).union(old.receipts).sorted()
      list.cases = Array(Set(list.cases).union(old.cases))
    }
    let content = [UInt8](try JSONEncoder().encode(list))
    try folder.write(
      CourierFile(kind: .receipts, export: export, content: content).sealed(for: key), as: CourierFolder.receiptsName)
  }
}

extension Optional {
  fileprivate func asyncMap<R>(_ body: (Wrapped) async throws -> R) async rethrows -> R? {
    guard let self else { return nil }
    return try await body(self)
  }
}
