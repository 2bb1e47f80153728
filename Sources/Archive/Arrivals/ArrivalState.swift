import DICOM

/// An object of which not all bytes are here. Everything that changes is guarded by the monitor of ``Arrivals``.
final class OpenArrival: @unchecked Sendable {
  let id: Int64
  let site: String
  let digest: Digest
  let object: ArrivingObject

  /// On the disk, and the index says so.
  var have: ByteRanges
  /// In the file, and as much of it as the next flush finds becomes durable.
  var written: ByteRanges
  /// The row of its instance, once the header is here.
  var instance: Int64?
  /// Threads that write into the file.
  var users = 0
  /// All bytes are here, and a thread proves them: nothing is written any more.
  var isSettling = false
  /// Whole, refused or given up: not under way any more.
  var isClosed = false
  /// When it was last looked for.
  var used: UInt64 = 0

  init(_ found: ArrivalRows.Found, _ digest: Digest) {
    id = found.id
    site = found.site
    object = found.object
    self.digest = digest
    have = found.have
    written = found.have
    instance = found.instance
  }

  var name: ObjectName { ObjectName(digest, received: Digest(hex: object.receivedDigest)) }
  var uid: UID { UID(rawValue: object.instance) }
  var isWhole: Bool { have.isWhole(object.size) }
}

/// What ``Arrivals`` shares between its threads.
struct ArrivalState {
  /// Those in memory; the others lie in the index only.
  var known: [Digest: OpenArrival] = [:]
  /// Those with bytes that are not durable.
  var dirty: [Digest: OpenArrival] = [:]
  /// Counts announcements, notes and writes.
  var written: UInt64 = 0
  /// All up to this one are durable.
  var flushed: UInt64 = 0
  var isFlushing = false
  /// Open arrivals of each site.
  var counts: [String: Int] = [:]
  /// Frames of the open arrivals of each site.
  var frames: [String: Int] = [:]
  /// Open arrivals of each study, by site.
  var studies: [UID: [String: Int]] = [:]
  /// Bytes that were announced and are not here.
  var wanting = 0
  /// When abandoned objects were counted.
  var lastLook: ContinuousClock.Instant?
  /// Calls under way.
  var running = 0
  var isClosed = false
  /// Arrivals that have ended: whoever has read one from the index meanwhile reads again.
  private(set) var endings: UInt64 = 0
  /// What became of objects that were not taken, for the request that brought them.
  private(set) var ended: [Digest: ArrivalAnswer] = [:]
  private var uses: UInt64 = 0

  /// Arrivals in memory; what nobody uses makes room beyond that.
  static let mostKnown = 8192

  mutating func find(_ digest: Digest) -> OpenArrival? {
    guard let arrival = known[digest] else { return nil }
    uses += 1
    arrival.used = uses
    return arrival
  }

  mutating func remember(_ arrival: OpenArrival) {
    uses += 1
    arrival.used = uses
    known[arrival.digest] = arrival
    guard known.count > Self.mostKnown else { return }
    let idle = known.values.filter { $0.users == 0 && !$0.isSettling && dirty[$0.digest] == nil }
    for arrival in idle.sorted(by: { $0.used < $1.used }).prefix(Self.mostKnown / 2) { known[arrival.digest] = nil }
  }

  /// Counts an arrival that was opened.
  mutating func count(_ object: ArrivingObject, from site: String, have: Int = 0) {
    if let digest = Digest(hex: object.digest) { ended[digest] = nil }
    counts[site, default: 0] += 1
    frames[site, default: 0] += object.frames.count
    studies[UID(rawValue: object.study), default: [:]][site, default: 0] += 1
    wanting += object.size - have
  }

  /// Ends an arrival.
  mutating func close(_ arrival: OpenArrival) {
    if arrival.isClosed { return }
    arrival.isClosed = true
    known[arrival.digest] = nil
    dirty[arrival.digest] = nil
    discount(arrival.object, from: arrival.site, have: arrival.have.count)
  }

  /// Remembers for a while what became of an object.
  mutating func end(_ answer: ArrivalAnswer) {
    if ended.count >= 1024 { ended = [:] }
    if let digest = Digest(hex: answer.digest) { ended[digest] = answer }
  }

  mutating func discount(_ object: ArrivingObject, from site: String, have: Int) {
    let study = UID(rawValue: object.study)
    counts[site, default: 1] -= 1
    frames[site, default: 0] -= object.frames.count
    if counts[site] == 0 {
      counts[site] = nil
      frames[site] = nil
    }
    studies[study]?[site, default: 1] -= 1
    if studies[study]?[site] == 0 { studies[study]?[site] = nil }
    if studies[study]?.isEmpty == true { studies[study] = nil }
    wanting -= object.size - have
    endings += 1
  }
}
