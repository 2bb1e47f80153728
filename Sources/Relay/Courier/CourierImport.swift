import Archive
import Foundation

/// Takes over at the hub what couriers bring, and writes receipts that they take back. May be run any number of times.
public struct CourierImport: Sendable {
  /// What came of one site's folder.
  public struct Report: Sendable, Equatable, Codable {
    public var site: String
    /// Objects that the hub has whole now, those that it had before among them.
    public var objects = 0
    public var cases = 0
    /// Objects that the hub does not take, with its reason, by digest.
    public var refused: [String: String] = [:]
    /// Files that could not be read: damaged, or missing. The site exports their objects again.
    public var damagedFiles: [String] = []
    /// Whether the site had more than fitted on the carrier.
    public var isEverything = true
  }

  private let archive: Archive
  private let sites: SiteRegistry
  private let carrier: String

  public init(archive: Archive, sites: SiteRegistry, carrier: String) {
    self.archive = archive
    self.sites = sites
    self.carrier = carrier
  }

  /// Takes everything from every site's folder on the carrier. Blocks.
  ///
  /// A folder that cannot be read does not keep the others waiting: it is in the second list.
  ///
  /// - Throws: ``CourierFailure/nothingThere(_:)``.
  public func run(progress: (String, Int, Int) -> Void = { _, _, _ in }) throws -> (
    reports: [Report], failures: [CourierFailure]
  ) {
    var reports: [Report] = []
    var failures: [CourierFailure] = []
    let folders = CourierFolder.all(on: carrier)
    if folders.isEmpty { throw CourierFailure.nothingThere(carrier) }
    for folder in folders {
      do {
        reports.append(try take(folder, progress))
      } catch let failure as CourierFailure {
        failures.append(failure)
      }
    }
    return (reports, failures)
  }

  private func take(_ folder: CourierFolder, _ progress: (String, Int, Int) -> Void) throws -> Report {
    guard let bytes = try folder.read(CourierFolder.manifestName) else { throw CourierFailure.unfinished(folder.path) }
    let opened = sites.all.lazy.compactMap { site in CourierFile(bytes, of: site.key).map { (site.key, $0) } }.first
    guard let (key, file) = opened, file.kind == .manifest,
      let manifest = try? JSONDecoder().decode(CourierManifest.self, from: Data(file.content)), manifest.version == 1
    else { throw CourierFailure.unreadable(folder.path) }
    var report = Report(site: key.site, isEverything: manifest.isEverything)
    var receipts: Set<String> = []
    var cases: [CaseReceipt] = []
    for (number, name) in manifest.chunks.enumerated() {
      let answer = try apply(name, number, folder, key, export: file.export)
      guard let answer else {
        report.damagedFiles.append(name)
        continue
      }
      receipts.formUnion(answer.receipts)
      cases += answer.cases
      for object in answer.objects where object.state == .refused {
        report.refused[object.digest] = object.reason?.rawValue ?? "unusable"
      }
      progress(key.site, number + 1, manifest.chunks.count)
    }
    report.refused = report.refused.filter { !receipts.contains($0.key) }
    report.objects = receipts.count
    report.cases = cases.count
    let list = CourierReceiptList(receipts: receipts.sorted(), cases: cases, refused: report.refused)
    let content = [UInt8](try JSONEncoder().encode(list))
    try folder.write(
      CourierFile(kind: .receipts, export: file.export, content: content).sealed(for: key),
      as: CourierFolder.receiptsName)
    return report
  }

  /// Applies a chunk as a batch of the link is applied; nil when it is not the one that the manifest means.
  ///
  /// - Throws: ``CourierFailure`` when the archive cannot take anything.
  private func apply(
    _ name: String, _ number: Int, _ folder: CourierFolder, _ key: SiteKey, export: [UInt8]
  ) throws -> LinkAnswer? {
    // A name in a manifest is the site's word, but no reason to leave the folder.
    guard !name.contains("/"), let bytes = try? folder.read(name), let file = CourierFile(bytes, of: key),
      file.kind == .chunk, file.number == number, file.export == export
    else { return nil }
    var application = BatchApplication(archive: archive, site: key.site, limits: Courier.limits, clock: 0)
    do {
      try application.apply(file.content)
    } catch {
      switch error.code {
      case .malformed, .tooLarge: return nil
      default: throw CourierFailure.hub(error.text)
      }
    }
    if let refused = application.answer.refused { throw CourierFailure.hub(refused.text) }
    return application.answer
  }
}
