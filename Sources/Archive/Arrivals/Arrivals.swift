import DICOM
import Foundation
import GRDB
import Logging
import Synchronization

/// The hub's end of objects that come in pieces, in any order, from sites on thin links. See <doc:ArrivingObjects>.
///
/// Every range of a file is named (object, offset, length) and written into its place; what is durable is in the index. When the last
/// byte lies there, the digest is proven and the file becomes an object of the archive without being written again.
///
/// All methods block and may be called from many threads at once.
public final class Arrivals: Sendable {
  /// A point between two steps, for tests that stop there.
  enum Step: String, Sendable, CaseIterable {
    case announced, written, dataFlushed, noted, noteFlushed, proven, named, switched, settled
  }

  /// Whom the waiting threads wait for.
  enum Wake {
    static let flushed = 0
    static let settled = 1
    static let ended = 2
    static let count = 3
  }

  /// Objects of one site that may be under way.
  static let mostOpen = 50_000
  /// Frames of one site's objects that are under way: where each lies is kept in memory.
  static let mostOpenFrames = 2_000_000
  /// Bytes of files to draw from.
  static let previewBytes = 256 << 20
  /// Frames up to this length are drawn before their object is whole.
  static let longestFrame = 128 << 20
  /// Headers up to this length are read before the rest of the object is here.
  static let longestHeader = 16 << 20

  let directory: String
  let objects: ObjectStore
  let index: ArchiveIndex
  let writer: IndexWriter
  let flights: Flights
  let latch: FailureLatch
  let reserve: DiskReserve
  let quarantine: QuarantineStore
  let placer: Placer
  let logger: Logger
  let metrics = ArrivalMetrics()
  let board = DemandBoard()
  let previews: PreviewStore
  let monitor = Monitor(ArrivalState(), conditions: Wake.count)
  /// For tests.
  let steps = Mutex<(@Sendable (Step) -> Void)?>(nil)

  /// Puts right what an end without goodbye left, and reads what is under way.
  ///
  /// - Parameter directory: the folder for what is not whole, on the archive's file system.
  init(
    directory: String, objects: ObjectStore, index: ArchiveIndex, writer: IndexWriter, flights: Flights,
    latch: FailureLatch, reserve: DiskReserve, quarantine: QuarantineStore, placer: Placer, logger: Logger
  ) throws {
    self.directory = directory
    self.objects = objects
    self.index = index
    self.writer = writer
    self.flights = flights
    self.latch = latch
    self.reserve = reserve
    self.quarantine = quarantine
    self.placer = placer
    self.logger = logger
    try Folder.make(directory)
    previews = try PreviewStore(directory: directory + "/previews", capacity: Self.previewBytes)
    try recover()
  }

  /// Refuses further calls and waits for those under way.
  func close() {
    monitor.withLock { $0.isClosed = true }
    monitor.wait(on: Wake.ended) { $0.running == 0 ? () : nil }
  }

  // MARK: - For the receiver

  /// Takes note of objects that will come, and says of each what of it is here, in the same order. Idempotent.
  ///
  /// Objects that are kept whole, by their digest or their received digest, are answered "whole" at once. Durable with the next
  /// ``flush(_:from:)``, which has to be given these digests too.
  public func announce(_ objects: [ArrivingObject], from site: String) throws(ArrivalFailure) -> [ArrivalAnswer] {
    try counted { () throws(ArrivalFailure) in
      var answers: [ArrivalAnswer] = []
      answers.reserveCapacity(objects.count)
      // Not all in one transaction: others want to write, too.
      for start in stride(from: 0, to: objects.count, by: 500) {
        answers += try take(Array(objects[start..<min(start + 500, objects.count)]), from: site)
      }
      return answers
    }
  }

  /// Takes note of what the site says of a study. Durable with the next ``flush(_:from:)``.
  ///
  /// An unsealed manifest that speaks of no more objects than a known one was overtaken by it, and is forgotten.
  public func note(_ manifest: StudyManifest, from site: String) throws(ArrivalFailure) {
    try counted { () throws(ArrivalFailure) in
      guard UID(rawValue: manifest.study).isUsable, manifest.objects >= 0, manifest.bytes >= 0,
        manifest.digests.map({ Digest(hex: $0) != nil }) ?? true, manifest.caseNumber?.utf8.count ?? 0 <= 64
      else { return logger.warning("A manifest makes no sense.", metadata: ["site": "\(site)"]) }
      try change { () throws in
        let isTaken = try writer.change(keepsRows: true) { try ArrivalStudies.note(manifest, from: site, $0) }
        if !isTaken {
          logger.notice(
            "A manifest was left aside: it is older than a known one, or the study comes from another site.",
            metadata: ["site": "\(site)", "study": "\(manifest.study)"])
        }
      }
      monitor.withLock { $0.written += 1 }
    }
  }

  /// The digest that begins with these 8 bytes (big endian) among the open arrivals of the site; nil when there is none or more than one.
  public func resolve(prefix: UInt64, site: String) -> String? {
    let first = withUnsafeBytes(of: prefix.bigEndian) { Array($0) }
    let low = Data(first + [UInt8](repeating: 0, count: 24))
    let high = Data(first + [UInt8](repeating: 0xFF, count: 24))
    let found = try? index.pool.read { db in
      try Data.fetchAll(
        db.cachedStatement(sql: "SELECT digest FROM arrival WHERE site = ? AND digest BETWEEN ? AND ? LIMIT 2"),
        arguments: [site, low, high])
    }
    return found?.count == 1 ? found?.first.flatMap { Digest($0) }?.hex : nil
  }

  // MARK: - For readers

  /// Notes that somebody looks at this: its site hears of it with its next answer. Costs nothing when everything is here.
  public func demand(_ demand: LinkDemand) {
    let sites = monitor.withLock { $0.studies[UID(rawValue: demand.study)].map { Array($0.keys) } }
    for site in sites ?? [] { board.add(demand, for: site) }
  }

  /// The wishes for a site since a cursor of before (nil: all that stand), oldest first, and the cursor for the next time.
  ///
  /// A wish stands for five minutes; of more than 64 the newest count.
  public func demands(for site: String, since cursor: Int?) -> (next: Int, demands: [LinkDemand]) {
    board.demands(for: site, since: cursor)
  }

  // MARK: - Parts of all

  func reached(_ step: Step) { steps.withLock { $0 }?(step) }

  /// Where the bytes lie until all are here.
  func path(_ digest: Digest) -> String { directory + "/\(digest.hex).part" }

  /// Runs a call unless the archive has failed or is closed.
  func counted<R>(_ body: () throws(ArrivalFailure) -> R) throws(ArrivalFailure) -> R {
    try checkLatch()
    let isClosed = monitor.withLock { state in
      if !state.isClosed { state.running += 1 }
      return state.isClosed
    }
    if isClosed { throw ArrivalFailure(.unavailable, "the archive is closed") }
    defer { monitor.change(waking: Wake.ended) { $0.running -= 1 } }
    return try body()
  }

  func checkLatch() throws(ArrivalFailure) {
    do { try latch.check() } catch { throw ArrivalFailure(.unavailable, error.detail) }
  }

  /// Runs a change of the index, and says what its failure means.
  func change<R>(_ body: () throws -> R) throws(ArrivalFailure) -> R {
    do {
      return try body()
    } catch let failure as ArrivalFailure {
      throw failure
    } catch {
      let failure = writer.failure(error)
      if case .outOfResources = failure.code { throw ArrivalFailure(.hubFull, failure.detail) }
      throw ArrivalFailure(.unavailable, failure.detail)
    }
  }

  /// Runs `body`, alone, with an open arrival of the site; nil when there is none.
  func withArrival<R>(
    _ digest: Digest, _ site: String, _ body: (inout ArrivalState, OpenArrival) -> R
  ) throws(ArrivalFailure) -> R? {
    func lookUp(_ state: inout ArrivalState) -> R?? {
      guard let arrival = state.find(digest) else { return nil }
      return .some(arrival.site == site && !arrival.isClosed ? body(&state, arrival) : nil)
    }
    while true {
      let (known, endings) = monitor.withLock { (lookUp(&$0), $0.endings) }
      if let known { return known }
      let found = try change {
        try index.pool.read { try ArrivalRows.fetch($0, where: "arrival.digest = ?", [Data(digest.bytes)]) }
      }.first
      guard let found else { return nil }
      let result = monitor.withLock { state -> R?? in
        // It may have ended since it was read.
        guard state.endings == endings else { return nil }
        if state.known[digest] == nil { state.remember(OpenArrival(found, digest)) }
        return lookUp(&state)
      }
      if let result { return result }
    }
  }

  func noteGauges() {
    let (open, wanting) = monitor.withLock { ($0.counts.values.reduce(0, +), $0.wanting) }
    metrics.open.record(open)
    metrics.wanting.record(wanting)
    let isTime = monitor.withLock { state in
      let now = ContinuousClock.now
      if let last = state.lastLook, now - last < .seconds(3600) { return false }
      state.lastLook = now
      return true
    }
    if isTime, let count = try? abandonedCount() { metrics.abandoned.record(count) }
  }
}
