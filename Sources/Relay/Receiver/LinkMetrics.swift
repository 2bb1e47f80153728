import Metrics

/// What the hub's end of the link measures, by site where there is one: the registry bounds their number.
struct LinkMetrics: Sendable {
  /// From the whole request to its answer, of batches that were applied.
  let batch = Metrics.Timer(label: "rekkas_link_batch_duration")
  /// Requests that no known site has signed.
  let strangers = Counter(label: "rekkas_link_strangers")
  private let sites: [String: SiteMetrics]

  init(sites: SiteRegistry) {
    self.sites = Dictionary(uniqueKeysWithValues: sites.all.map { ($0.key.site, SiteMetrics($0.key.site)) })
  }

  subscript(site: String) -> SiteMetrics? { sites[site] }

  static func refused(_ site: String, _ code: LinkRefusal.Code) -> Counter {
    Counter(label: "rekkas_link_refused", dimensions: [("site", site), ("code", code.rawValue)])
  }
}

/// The instruments of one site.
struct SiteMetrics: Sendable {
  let requests: Counter
  let bytes: Counter
  let objects: Counter
  let damagedRecords: Counter
  /// Seconds since 1970, by the hub's clock.
  let lastSeen: Gauge
  let oldestUnsent: Gauge
  let queueObjects: Gauge
  let diskFree: Gauge
  /// Positive: the site's clock is ahead of the hub's.
  let clockDifference: Gauge

  init(_ site: String) {
    let labels = [("site", site)]
    requests = Counter(label: "rekkas_link_requests", dimensions: labels)
    bytes = Counter(label: "rekkas_link_received_bytes", dimensions: labels)
    objects = Counter(label: "rekkas_link_objects", dimensions: labels)
    damagedRecords = Counter(label: "rekkas_link_damaged_records", dimensions: labels)
    lastSeen = Gauge(label: "rekkas_link_last_seen_timestamp_seconds", dimensions: labels)
    oldestUnsent = Gauge(label: "rekkas_link_site_oldest_unsent_seconds", dimensions: labels)
    queueObjects = Gauge(label: "rekkas_link_site_queue_objects", dimensions: labels)
    diskFree = Gauge(label: "rekkas_link_site_disk_free_bytes", dimensions: labels)
    clockDifference = Gauge(label: "rekkas_link_site_clock_difference_seconds", dimensions: labels)
  }

  func note(_ health: SiteHealth) {
    if let age = health.oldestUnsent { oldestUnsent.record(age) }
    if let objects = health.queueObjects { queueObjects.record(objects) }
    if let free = health.diskFree { diskFree.record(free) }
    if let seconds = health.clockDifference { clockDifference.record(seconds) }
  }
}
