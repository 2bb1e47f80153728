import DICOM
import Foundation
import Logging

/// Immutable objects and their index: everything that was ever acknowledged, and how to find it.
///
/// One process opens an archive at a time. All methods may be called from any thread.
public final class Archive: Sendable {
  public let options: ArchiveOptions
  /// Opens or makes the archive: migrates the index and replays the journal.
  public init(options: ArchiveOptions, logger: Logger) throws { self.options = options }
  /// A place for the bytes of an arriving object.
  ///
  /// Fails with `outOfResources` when the disk has no more than its reserve.
  public func makeSpool() throws(StoreFailure) -> Spool { throw StoreFailure(.cannotStore, "") }
  /// Keeps an arrived object. Blocks until it is on the disk and in the index; call it on a thread of your own.
  public func store(_ spool: Spool, receipt: Receipt) throws(StoreFailure) -> StoreOutcome {
    throw StoreFailure(.cannotStore, "")
  }
  /// Keeps an arrived object on the archive's own threads: ``store(_:receipt:)`` for callers that must not block.
  public func store(_ spool: Spool, receipt: Receipt) async throws(StoreFailure) -> StoreOutcome {
    throw StoreFailure(.cannotStore, "")
  }
  /// Keeps bytes aside that never became an object, on the disk when this returns.
  public func quarantine(_ spool: Spool, receipt: Receipt, reason: QuarantineReason, detail: String)
    throws(StoreFailure) -> QuarantineID
  { throw StoreFailure(.cannotStore, "") }
  /// The entries of the quarantine, newest first.
  public func quarantined(limit: Int = 100, offset: Int = 0) throws -> [QuarantineEntry] { [] }
  /// Copies the bytes of an entry to a new file at `path`.
  public func exportQuarantined(_ id: QuarantineID, to path: String) throws {}
  /// Removes an entry and its bytes for ever.
  public func deleteQuarantined(_ id: QuarantineID) throws {}
  /// Ends the archive: waits for running stores, flushes everything and leaves an empty journal.
  public func close() throws {}

  /// Searches. Blocks for the time of a query (typically under 1 ms).
  public func search(_ query: SearchQuery) throws -> SearchResult { SearchResult(rows: [], warnings: []) }
  /// Searches without blocking the caller's thread.
  public func searchAsync(_ query: SearchQuery) async throws -> SearchResult { SearchResult(rows: [], warnings: []) }
  /// The instances of a study, of a series, or one, ordered by series number and instance number.
  public func instances(study: UID, series: UID? = nil, instance: UID? = nil) async throws -> [InstanceRecord] { [] }
  /// The metadata of the same instances, in the same order.
  public func metadata(study: UID, series: UID? = nil, instance: UID? = nil) async throws -> [MetadataRecord] { [] }
  /// The file of an instance: a complete DICOM file (PS3.10) that never changes.
  public func path(of record: InstanceRecord) -> String { "" }
  public func statistics() throws -> ArchiveStatistics { fatalError() }
  /// Reads every object and compares it with its digest and the index, and mends the index. Blocks until done.
  public func verify(progress: (VerifyProgress) -> Void = { _ in }) throws -> VerifyReport { VerifyReport() }
}
