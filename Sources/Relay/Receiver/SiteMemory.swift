import Foundation

/// What a hub remembers of its sites across its own restarts: when each was heard last, and what it said. Without it every site would look
/// silent, and a silent one like the others.
///
/// A small file, written once a minute at most. What a power cut takes of it comes with the next heartbeat.
struct SiteMemory: Sendable {
  private struct Entry: Codable {
    var lastSeen: Date?
    var lastCourier: Date?
    var healthAt: Date?
    var health: SiteHealth?
    var software: String?
  }

  /// How often it is written while sites are heard.
  static let pause = Duration.seconds(60)

  private let path: String?
  private var savedAt: ContinuousClock.Instant?

  /// - Parameter path: nil remembers nothing.
  init(path: String?) { self.path = path }

  /// Fills in what is known of sites. A file that cannot be read counts as none.
  func recall(_ states: inout [String: SiteState]) {
    let decoder = JSONDecoder()
    decoder.dateDecodingStrategy = .iso8601
    guard let path, let data = FileManager.default.contents(atPath: path),
      let entries = try? decoder.decode([String: Entry].self, from: data)
    else { return }
    for (site, entry) in entries {
      states[site]?.lastSeen = entry.lastSeen
      states[site]?.lastCourier = entry.lastCourier
      states[site]?.healthAt = entry.healthAt
      states[site]?.health = entry.health
      states[site]?.software = entry.software
    }
  }

  /// Whether it is time to write; then it is not for a while.
  mutating func isDue(_ now: ContinuousClock.Instant = .now) -> Bool {
    guard path != nil else { return false }
    if let savedAt, now - savedAt < Self.pause { return false }
    savedAt = now
    return true
  }

  /// Blocks.
  func save(_ states: [SiteState]) {
    let entries = Dictionary(
      uniqueKeysWithValues: states.map {
        (
          $0.site,
          Entry(
            lastSeen: $0.lastSeen, lastCourier: $0.lastCourier, healthAt: $0.healthAt, health: $0.health,
            software: $0.software)
        )
      })
    let encoder = JSONEncoder()
    encoder.dateEncodingStrategy = .iso8601
    encoder.outputFormatting = [.sortedKeys]
    guard let path, let data = try? encoder.encode(entries) else { return }
    try? data.write(to: URL(fileURLWithPath: path), options: .atomic)
  }
}
