/// The sites that a hub knows.
public struct SiteRegistry: Sendable {
  /// One site.
  public struct Site: Sendable, Hashable {
    public var key: SiteKey
    /// What people call it, such as `Centre de santé de Midelt`.
    public var title: String

    public init(key: SiteKey, title: String = "") {
      self.key = key
      self.title = title.isEmpty ? key.site : title
    }
  }

  private let sites: [String: Site]

  /// Fails with the name when two sites have the same, capital letters aside: such names would be taken for each other.
  public init(_ list: [Site]) throws(SiteRegistryFailure) {
    var sites: [String: Site] = [:]
    var folded: Set<String> = []
    for site in list {
      guard folded.insert(site.key.site.lowercased()).inserted else { throw .twice(site.key.site) }
      sites[site.key.site] = site
    }
    self.sites = sites
  }

  /// A hub without sites.
  public init() { sites = [:] }

  /// The site of exactly this name.
  public subscript(name: String) -> Site? { sites[name] }
  /// All, by name.
  public var all: [Site] { sites.values.sorted { $0.key.site < $1.key.site } }
  public var isEmpty: Bool { sites.isEmpty }
}

/// Why a list of sites is none.
public enum SiteRegistryFailure: Error, Equatable, CustomStringConvertible {
  case twice(String)

  public var description: String {
    switch self {
    case .twice(let name): "The site \(name) is named twice."
    }
  }
}
