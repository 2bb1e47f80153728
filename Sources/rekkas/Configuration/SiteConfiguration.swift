import Relay

/// What `rekkas site` is told: the values of `Config/site.yaml`, which explains each of them.
@dynamicMemberLookup
struct SiteConfiguration: ServerSettings, Equatable {
  var server = ServerConfiguration()
  /// The site's short name: case numbers begin with it, and patients' identifiers are issued by it.
  var name = ""
  var hub = ""
  /// 64 hexadecimal digits, or the file that holds them.
  var key: String?
  var keyFile: String?
  /// PEM certificates that the hub's is checked against; nil: those of the system.
  var authority: String?
  /// kbit/s; 0: as much as the link gives.
  var rateCap = 0
  /// Bytes a month; 0: no budget.
  var monthBudget = 0
  /// When originals of cases that are no emergency may travel; empty: always.
  var originals: [DailyWindow] = []
  /// Seconds.
  var heartbeat = 60
  var caseRules: String?
  /// Minutes without a new image after which a case counts as complete; 0: only when the staff say so.
  var sealAfter = 20
  /// Hours for which what the hub has acknowledged stays here.
  var keepSentFor = 720

  init() {
    // A box with one small processor: a second worker would only take memory.
    server.renderWorkers = 1
  }

  subscript<Value>(dynamicMember path: WritableKeyPath<ServerConfiguration, Value>) -> Value {
    get { server[keyPath: path] }
    set { server[keyPath: path] = newValue }
  }

  static let settings: [Setting<SiteConfiguration>] =
    serverSettings + [
      Setting("site.name") { $0.name = try SiteName.validated($1) },
      .text("link.hub") { $0.hub = $1.hasSuffix("/") ? String($1.dropLast()) : $1 },
      .text("link.key", mayBeEmpty: true) { $0.key = $1.isEmpty ? nil : $1 },
      .text("link.key-file", mayBeEmpty: true) { $0.keyFile = $1.isEmpty ? nil : $1 },
      .text("link.authority", mayBeEmpty: true) { $0.authority = $1.isEmpty ? nil : $1 },
      .number("link.rate-cap", 0...10_000_000) { $0.rateCap = $1 },
      .size("link.month-budget") { $0.monthBudget = $1 },
      Setting("link.originals") { $0.originals = try Self.windows($1) },
      .number("link.heartbeat", 5...3_600) { $0.heartbeat = $1 },
      .text("cases.rules", mayBeEmpty: true) { $0.caseRules = $1.isEmpty ? nil : $1 },
      .number("cases.seal-after", 0...10_080) { $0.sealAfter = $1 },
      .number("archive.keep-sent-for", 0...87_600) { $0.keepSentFor = $1 },
    ]
}

extension SiteConfiguration {
  fileprivate static func windows(_ text: String) throws(SettingError) -> [DailyWindow] {
    if text.isEmpty || text == "always" { return [] }
    var windows: [DailyWindow] = []
    for part in text.split(separator: ",") {
      guard let window = DailyWindow(part.trimmingSpaces()) else {
        throw SettingError("is \"always\" or times of the day, for example 22:00-06:00")
      }
      windows.append(window)
    }
    return windows
  }

  /// The key that this site proves itself with.
  func siteKey() throws -> SiteKey {
    if let keyFile {
      let key: SiteKey
      do {
        key = try SiteKey(contentsOf: keyFile)
      } catch let failure as SiteKeyFailure {
        throw ConfigurationError(description: "link.key-file \(keyFile): \(failure)")
      } catch {
        throw ConfigurationError(description: "link.key-file \(keyFile): cannot be read; is the path right?")
      }
      guard key.site == name else {
        throw ConfigurationError(
          description: "link.key-file \(keyFile) is the key of \(key.site), and site.name says \(name)")
      }
      return key
    }
    guard let key else {
      throw ConfigurationError(
        description: """
          The site has no key: make one with "rekkas key \(name) --output site.key", give its entry to the hub's administrator for \
          sites.yaml, and name the file here (link.key-file).
          """)
    }
    return try SiteKey.fromDigits(key, site: name, at: "link.key")
  }
}

/// The short name of a site: it stands in case numbers, so it is short, plain and never changes.
enum SiteName {
  static func validated(_ text: String) throws(SettingError) -> String {
    let name = text.trimmingSpaces().uppercased()
    guard (2...6).contains(name.utf8.count),
      name.utf8.allSatisfy({ (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) })
    else { throw SettingError("is 2 to 6 letters (A-Z) or digits, for example MIDELT") }
    return name
  }
}
