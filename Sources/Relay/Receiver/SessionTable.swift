/// The open sessions of all sites: which there are, and which of their numbers were used.
///
/// They live in memory. After a restart no session is known, so nothing that was recorded before counts; sites open new ones.
struct SessionTable: Sendable {
  enum Verdict: Equatable {
    case accepted, replayed, unknown
  }

  private struct Session {
    var window = NumberWindow()
    /// Grows with every use.
    var lastUse: Int
    /// Whether a batch came in it: who only replays the opening of a session never gets there.
    var isUsed = false
    let isCourier: Bool
    /// The cursor of demands that the site has heard.
    var demandCursor: Int?
  }

  private struct Site {
    var sessions: [String: Session] = [:]
    /// Nonces of the last openings, newest last.
    var nonces: [String] = []
    var known: Set<String> = []
  }

  /// Sessions that one site may have open; of more, the one that was used least recently ends.
  let sessionsPerSite: Int
  /// Openings of a site whose repetition is recognised.
  let noncesPerSite: Int
  private var sites: [String: Site] = [:]
  private var clock = 0

  init(sessionsPerSite: Int, noncesPerSite: Int = 1024) {
    self.sessionsPerSite = max(1, sessionsPerSite)
    self.noncesPerSite = max(1, noncesPerSite)
  }

  /// Opens a session of this name; false when the nonce was used before.
  ///
  /// - Parameter isCourier: somebody at the hub speaks for the site.
  mutating func open(_ session: String, site name: String, nonce: String, isCourier: Bool = false) -> Bool {
    clock += 1
    var site = sites[name] ?? Site()
    defer { sites[name] = site }
    guard site.known.insert(nonce).inserted else { return false }
    site.nonces.append(nonce)
    if site.nonces.count > noncesPerSite { site.known.remove(site.nonces.removeFirst()) }
    if site.sessions.count >= sessionsPerSite {
      // One in which nothing was ever sent goes first.
      let last = site.sessions.min { a, b in
        a.value.isUsed == b.value.isUsed ? a.value.lastUse < b.value.lastUse : !a.value.isUsed
      }
      if let last { site.sessions[last.key] = nil }
    }
    site.sessions[session] = Session(lastUse: clock, isCourier: isCourier)
    return true
  }

  func isKnown(_ session: String, site name: String) -> Bool { sites[name]?.sessions[session] != nil }

  func isCourier(_ session: String, site name: String) -> Bool { sites[name]?.sessions[session]?.isCourier == true }

  /// Uses a number of a session. Only for requests whose signature is right.
  mutating func use(_ number: UInt64, of session: String, site name: String) -> Verdict {
    clock += 1
    guard var entry = sites[name]?.sessions[session] else { return .unknown }
    guard entry.window.use(number) else { return .replayed }
    entry.lastUse = clock
    entry.isUsed = true
    sites[name]?.sessions[session] = entry
    return .accepted
  }

  /// Notes how far the site has heard the hub's demands in this session, and gives it; requests may overtake each other.
  mutating func hear(_ cursor: Int?, in session: String, site name: String) -> Int? {
    guard let known = sites[name]?.sessions[session] else { return cursor }
    let greatest = [known.demandCursor, cursor].compactMap { $0 }.max()
    sites[name]?.sessions[session]?.demandCursor = greatest
    return greatest
  }

  /// Ends all sessions of a site: its key has changed, or it is none any more.
  mutating func forget(_ name: String) { sites[name] = nil }
}
