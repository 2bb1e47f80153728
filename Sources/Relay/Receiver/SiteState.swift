import Archive
import Foundation

/// How the hub sees a site. JSON for the hub's page.
public struct SiteState: Codable, Sendable, Hashable {
  public var site: String
  public var title: String
  /// Of the site's key, so that the administrators of both ends can compare.
  public var keyFingerprint: String
  /// When the last request with a right signature came, by the hub's clock; nil since the hub's start.
  public var lastSeen: Date?
  /// When something came by courier last; nil since the hub's start.
  public var lastCourier: Date?
  /// When it said ``health``.
  public var healthAt: Date?
  public var health: SiteHealth?
  /// The version it named when it opened its session.
  public var software: String?
  /// Since the hub's start.
  public var requests = 0
  public var bytes = 0
  /// Objects that became whole.
  public var objects = 0
  /// Records that could not be used, and requests that were refused.
  public var damagedRecords = 0
  public var refusals = 0
  /// Cases that were not taken as they are, newest last; a few. They go when the case is taken.
  public var refusedCases: [CaseRefusal] = []
  /// The last refusal, and when it came, to the minute: a wrong key shows here.
  public var lastRefusal: LinkRefusal.Code?
  public var lastRefusalAt: Date?
  var inFlight = 0

  private enum CodingKeys: String, CodingKey {
    case site, title, keyFingerprint, lastSeen, lastCourier, healthAt, health, software, requests, bytes, objects,
      damagedRecords, refusals, refusedCases, lastRefusal, lastRefusalAt
  }

  /// Takes note of what became of cases.
  mutating func note(refused: [CaseRefusal], taken: [CaseReceipt]) {
    let settled = Set(taken.map(\.number)).union(refused.map(\.number))
    refusedCases = (refusedCases.filter { !settled.contains($0.number) } + refused).suffix(20)
  }

  init(_ site: SiteRegistry.Site) {
    self.site = site.key.site
    title = site.title
    keyFingerprint = site.key.fingerprint
  }
}
