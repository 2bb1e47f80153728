import DICOM
import Foundation
import Imaging
import Logging

/// Immutable objects and their index: everything that was ever acknowledged, and how to find it.
///
/// One process opens an archive at a time. All methods may be called from any thread; those that are not `async` block.
public final class Archive: Sendable {
  public let options: ArchiveOptions

  let logger: Logger
  let lock: ArchiveLock
  let latch: FailureLatch
  let metrics: ArchiveMetrics
  let reserve: DiskReserve
  let objects: ObjectStore
  let index: ArchiveIndex
  let writer: IndexWriter
  let quarantineStore: QuarantineStore
  let flights: Flights
  let leases: ReadLeases
  let replacement: Replacement
  /// nil when nothing is prepared.
  let preparation: Preparation?
  let threads: StoreThreads
  let journal: Journal
  let commits: GroupCommit
  /// Only in an archive that does not flush before it answers.
  let laterFlushes: LaterFlushes?
  let placer: Placer
  /// The cases: at a site its own, in the centre those of all sites.
  public let cases: Cases
  /// What is to be sent to the hub; empty unless ``ArchiveOptions/queuesForLink``.
  public let outbox: Outbox
  /// Objects that come in pieces over thin links.
  public let arrivals: Arrivals
  /// Only with an outbox.
  private let outboxClerk: OutboxClerk?
  /// Bytes of an arriving object that may be in memory: more than this would not fit the journal.
  let spoolMemoryLimit: Int

  /// Opens or makes the archive: migrates the index and replays the journal.
  ///
  /// Fails when another process has it open, or when the disk refuses.
  public init(options: ArchiveOptions, logger: Logger) throws {
    var options = options
    while options.directory.count > 1, options.directory.hasSuffix("/") { options.directory.removeLast() }
    self.options = options
    self.logger = logger
    try FileManager.default.createDirectory(atPath: options.directory, withIntermediateDirectories: true)
    lock = try ArchiveLock(directory: options.directory)
    latch = FailureLatch(logger: logger)
    let metrics = ArchiveMetrics()
    self.metrics = metrics
    reserve = DiskReserve(directory: options.directory, reserve: options.diskReserve)
    let objects = try ObjectStore(directory: options.directory)
    self.objects = objects
    let index = try ArchiveIndex(directory: options.directory)
    self.index = index
    let rules = try StoreRules(options)
    writer = IndexWriter(index: index, rules: rules, latch: latch, metrics: metrics, logger: logger)
    quarantineStore = try QuarantineStore(
      directory: options.directory + "/quarantine", index: index, writer: writer, metrics: metrics)
    flights = Flights(metrics: metrics)
    threads = StoreThreads(limit: options.asyncStoreThreads)
    let leases = ReadLeases()
    self.leases = leases
    let issuer = options.preparation?.issuerOfPatientID
    if let issuer, !IssuerCoercion.isValid(issuer) {
      throw ArchiveError("a site's name must be printable ASCII of at most 64 characters")
    }
    let replacement = Replacement(
      objects: objects, index: index, writer: writer, flights: flights, leases: leases, latch: latch,
      preparesAll: issuer != nil)
    self.replacement = replacement

    let recovery = Recovery(
      directory: options.directory, objects: objects, index: index, writer: writer, replacement: replacement,
      quarantine: quarantineStore, logger: logger)
    let lastEpoch = try recovery.run()
    // One flush of the file system covers the objects, their names, and the log of the index.
    let checkpoint: @Sendable () throws -> Void = { try objects.flush() }
    let maker = JournalSegmentMaker(
      directory: options.directory + "/journal", size: options.journalSegmentSize, reserve: reserve, logger: logger)
    spoolMemoryLimit = min(options.spoolMemoryLimit, maker.firstSize / 4)
    let journal = try Journal(
      maker: maker, segmentCount: options.journalSegments, isDurable: options.durable, lastEpoch: lastEpoch,
      latch: latch, metrics: metrics, checkpoint: checkpoint)
    self.journal = journal
    commits = GroupCommit(journal: journal, writer: writer, isDurable: options.durable, flights: flights)
    placer = Placer(
      pause: options.pauseBeforeFiles, journal: journal, objects: objects, reserve: reserve, latch: latch,
      metrics: metrics, logger: logger)
    laterFlushes =
      options.durable
      ? nil
      : try LaterFlushes(
        index: index, writer: writer, journal: journal, bytes: maker.size, latch: latch, checkpoint: checkpoint)
    cases = Cases(site: rules.site, code: rules.code, isSender: rules.queues, index: index, writer: writer)
    outbox = Outbox(
      isUsed: rules.queues, prepares: options.preparation?.prepares ?? false, index: index, writer: writer,
      objects: objects, leases: leases, flights: flights, reserve: reserve, placer: placer)
    arrivals = try Arrivals(
      directory: options.directory + "/arrivals", objects: objects, index: index, writer: writer, flights: flights,
      latch: latch, reserve: reserve, quarantine: quarantineStore, placer: placer, logger: logger)
    try outbox.prepareStart()
    outboxClerk =
      rules.queues
      ? OutboxClerk(
        outbox: outbox, cases: cases, sealAfter: options.sealAfter, keepSentFor: options.keepSentFor, latch: latch,
        logger: logger) : nil
    preparation = options.preparation.map { [placer, reserve, latch] preparation in
      Preparation(
        options: preparation, replacement: replacement, placer: placer, reserve: reserve, latch: latch,
        logger: logger)
    }
  }

  deinit { try? close() }

  /// Ends the archive: waits for running stores, brings everything to the disk and leaves an empty journal.
  ///
  /// Closing again does nothing. After a failure of the disk the journal is left as it is, for the next start.
  public func close() throws {
    preparation?.stop()
    arrivals.close()
    outboxClerk?.stop()
    guard flights.close() else { return }
    threads.close()
    placer.close()
    journal.close()
    laterFlushes?.close()
    if !latch.hasFailed { try objects.flush() }
    try index.close()
    lock.release()
  }

  // MARK: - Reading

  /// Says whenever something in the index has changed.
  public var changes: ArchiveChanges { index.changes }

  /// The file of an instance: a complete DICOM file (PS3.10) that never changes.
  ///
  /// An object of the last moments may not have a file yet; it gets one first, which takes less than a millisecond.
  ///
  /// It is there as long as the record, or the ``Reading`` in which it was read, lives; later a prepared file may have taken its
  /// place: see ``withFile(of:_:)``.
  public func path(of record: InstanceRecord) -> String {
    guard let digest = Digest(hex: record.digest), let received = Digest(hex: record.receivedDigest) else {
      return objects.directory + "/none"
    }
    do {
      try placer.place(digest)
    } catch {
      // The object is safe in the journal, but for this reader it is not there now: opening the path will say so.
      logger.error("An object could not get its file.", metadata: ["digest": "\(digest)", "error": "\(error)"])
    }
    return objects.path(ObjectName(digest, received: received))
  }

  /// How much the archive holds; takes microseconds.
  public func statistics() throws -> ArchiveStatistics {
    let totals = try index.totals()
    let left = max(0, reserve.left())
    metrics.reserveLeft.record(left)
    metrics.oldestStore.record((flights.oldestAge() ?? .zero) / .seconds(1))
    return ArchiveStatistics(
      studies: totals.studies, series: totals.series, instances: totals.instances, bytes: totals.bytes,
      quarantined: totals.quarantined, reserveLeft: left)
  }
}
