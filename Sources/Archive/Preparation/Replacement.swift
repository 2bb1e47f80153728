import DICOM
import Foundation
import GRDB
import Imaging

/// Puts prepared files in the place of received ones, so that a crash at any point leaves the one or the other.
///
/// In this order: the prepared file's bytes are flushed, then its name; then one transaction of the index switches the row; the
/// index is flushed; only then, after its time and when nobody reads it any more, the received file goes. See <doc:ReplacingObjects>.
struct Replacement: Sendable {
  /// A point between two steps, for tests that stop there.
  enum Step: String, Sendable, CaseIterable {
    case made, flushed, named, switched, indexFlushed
  }

  let objects: ObjectStore
  let index: ArchiveIndex
  let writer: IndexWriter
  let flights: Flights
  let leases: ReadLeases
  let latch: FailureLatch
  /// At a site every object waits for its preparation, which gives it the site's name.
  var preparesAll = false
  var reached: @Sendable (Step) -> Void = { _ in }

  /// What came of a replacement.
  enum Outcome: Sendable {
    /// nil when the received file is kept.
    case replaced(SupersededFiles.File?)
    /// The row is no longer that of the received file: the prepared one is gone again.
    case obsolete
  }

  /// Switches an object to its prepared file. Blocks: three flushes.
  ///
  /// - Parameters:
  ///   - path: the prepared file, in the folder of arriving files; it is taken over.
  ///   - id: the row.
  func replace(_ id: Int64, with path: String, _ entry: IndexEntry, _ facts: PreparedFacts) throws -> Outcome {
    let name = ObjectName(entry.digest, received: entry.receivedDigest)
    reached(.made)
    do {
      try SystemFile(path, O_RDWR).flushAll()
    } catch {
      unlink(path)
      throw error
    }
    reached(.flushed)
    // Alone under its UID: neither a sender nor a check of the archive sees the file without its row.
    let isSwitched = try flights.alone(entry.identity.sopInstanceUID) { () throws -> Bool in
      do {
        try objects.adopt(path, as: name)
      } catch {
        unlink(path)
        throw error
      }
      reached(.named)
      do {
        let isSwitched = try writer.change(keepsRows: true) {
          try IndexReplacement.prepare(id, entry, facts, setsIssuer: preparesAll, $0)
        }
        if !isSwitched { try? objects.remove(name) }
        return isSwitched
      } catch {
        // Whether it was committed is not known: a file too many harms nobody.
        throw error
      }
    }
    guard isSwitched else { return .obsolete }
    let lease = leases.newest
    reached(.switched)
    do {
      try index.flush()
    } catch {
      // What the index has written since its last flush may be lost now, whatever later flushes say.
      latch.fail(error)
      throw error
    }
    reached(.indexFlushed)
    guard facts.receivedFile == .toRemove else { return .replaced(nil) }
    return .replaced(
      SupersededFiles.File(
        instance: id, preparedAt: facts.preparedAt.timeIntervalSince1970, since: .now, lease: lease, isProven: true))
  }

  /// Lets the received file take its place again, if it is there and good. False when it is not.
  func restore(_ kept: KeptFile) throws -> Bool {
    let path = objects.path(ObjectName(kept.name.received))
    guard kept.name.isPrepared, try ObjectCheck.digest(of: path) == kept.name.received else { return false }
    let object = try ParsedObject.parse(ObjectBytes.mapped(path: path))
    // Only what the file says is taken from the entry: the receipt stays.
    let entry = IndexEntry(
      object, digest: kept.name.received, size: Folder.fileSize(path) ?? 0, receipt: Receipt(channel: .found),
      preparesAll: preparesAll)
    try writer.change(keepsRows: true) { try IndexReplacement.restore(kept, entry, $0) }
    return true
  }
}
