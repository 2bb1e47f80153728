import DICOM
import Foundation
import GRDB
import Glibc
import Logging

/// What happens before an archive takes its first object: put right whatever an end without goodbye left behind.
///
/// Looks only at what the journal holds (and, in an archive that does not flush, at the rows since the last one), never at the whole
/// archive.
struct Recovery {
  let directory: String
  let objects: ObjectStore
  let index: ArchiveIndex
  let writer: IndexWriter
  let replacement: Replacement
  let quarantine: QuarantineStore
  let logger: Logger

  /// Recovers, and gives the newest epoch of the journal.
  func run() throws -> UInt64 {
    let journalDirectory = directory + "/journal"
    try Folder.make(journalDirectory)
    // Before anything is put back, which needs these names.
    try objects.clearIncoming(keepsArrived: true)
    if try index.isNew && !objects.isEmpty() {
      logger.error("The index was lost; the objects are there. Make it again with: rekkas verify")
    }
    let replay = try JournalReplay(directory: journalDirectory)
    if !replay.segments.isEmpty { try self.replay(replay) }
    // Whatever still lies here was never acknowledged: an acknowledged object has a record in the journal.
    try objects.clearIncoming(keepsArrived: false)
    try checkUnflushed()
    // The journal begins anew: what has gone from here cannot come back from it.
    try writer.change(keepsRows: true) { try $0.execute(sql: "DELETE FROM sent_object") }
    try quarantine.adoptStrangers()
    return replay.lastEpoch
  }

  // MARK: - Journal

  private func replay(_ replay: JournalReplay) throws {
    var records = 0
    var restored = 0
    var added = 0
    try replay.forEachRecord { record, appendObject in
      guard let digest = Digest(record.digest) else { return false }
      let receipt = Receipt(encoded: record.receipt) ?? Receipt(channel: .found)
      switch record.kind {
      case .empty: return false
      case .inline:
        let spool = try Spool(directory: objects.incoming, memoryLimit: record.objectSize + 4096)
        try appendObject(spool)
        guard try spool.finish() == record.digest else { return false }
        records += 1
        let kept = try kept(digest)
        if try kept == nil && index.wasSent(digest) { return true }
        if let kept, try isReplaced(kept, digest) {
          // The received file may still lie beside the prepared one, and serves: it must be whole.
          if kept.name.received == digest, Folder.fileSize(objects.path(digest)) != nil {
            if try putBack(spool, ObjectName(digest)) { restored += 1 }
          }
          return true
        }
        let name = kept?.name.digest == digest ? kept?.name : nil
        if try putBack(spool, name ?? ObjectName(digest)) { restored += 1 }
        if try addRow(spool.bytes(), digest, size: record.objectSize, receipt, kept) { added += 1 }
      case .file:
        records += 1
        let kept = try kept(digest)
        if try kept == nil && index.wasSent(digest) { return true }
        if let kept, try isReplaced(kept, digest) { return true }
        let name = kept?.name.digest == digest ? kept?.name : nil
        let path = objects.path(name ?? ObjectName(digest))
        // The record is flushed, and so is the file; its new name perhaps is not.
        let isThere =
          try Folder.fileSize(path) == record.objectSize
          || objects.adoptArrived(digest, size: record.objectSize, as: name ?? ObjectName(digest))
        guard isThere else {
          logger.error("An object of the journal has no file.", metadata: ["digest": "\(digest)"])
          return true
        }
        let bytes = try ObjectBytes.mapped(path: path)
        if try addRow(bytes, digest, size: record.objectSize, receipt, kept) { added += 1 }
      }
      return true
    }
    try objects.flush()
    logger.notice(
      "The journal was replayed.",
      metadata: ["records": "\(records)", "objects restored": "\(restored)", "rows added": "\(added)"])
  }

  /// The row of an object that was received with these bytes, or that has these bytes now.
  private func kept(_ digest: Digest) throws -> KeptFile? {
    try index.kept(received: digest) ?? index.kept(digest: digest)
  }

  /// Whether a prepared file stands for the object of a record, which therefore must not come back.
  ///
  /// That file was flushed before its row was switched, so its length is enough here.
  private func isReplaced(_ kept: KeptFile, _ digest: Digest) throws -> Bool {
    kept.name.digest != digest && Folder.fileSize(objects.path(kept.name)) == kept.size
  }

  /// Writes the object's file unless it is there with just these bytes.
  private func putBack(_ spool: Spool, _ name: ObjectName) throws -> Bool {
    let isThere = try spool.withUnsafeBytes { bytes in
      try Self.file(objects.path(name), holds: bytes)
    }
    if isThere { return false }
    try objects.put(name) { file in
      try spool.withUnsafeBytes { try file.write($0, at: 0) }
    }
    return true
  }

  /// Whether a file exists and is equal to these bytes.
  static func file(_ path: String, holds bytes: UnsafeRawBufferPointer) throws -> Bool {
    guard Folder.fileSize(path) == bytes.count, let file = try? SystemFile(path, O_RDONLY) else { return false }
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)
    defer { buffer.deallocate() }
    var offset = 0
    while offset < bytes.count {
      let count = try file.read(into: buffer, at: offset)
      let wanted = min(buffer.count, bytes.count - offset)
      guard count == wanted, memcmp(buffer.baseAddress!, bytes.baseAddress! + offset, wanted) == 0 else { return false }
      offset += wanted
    }
    return true
  }

  private func addRow(
    _ bytes: ObjectBytes, _ digest: Digest, size: Int, _ receipt: Receipt, _ kept: KeptFile?
  ) throws -> Bool {
    if let kept, kept.name.digest == digest, !kept.isArriving { return false }
    let object: ParsedObject
    do {
      object = try ParsedObject.parse(bytes)
    } catch {
      // It was parsed when it came. A stricter reader of today must not lose it: verify will speak of it.
      logger.error(
        "An object of the journal can no longer be read.",
        metadata: ["digest": "\(digest)", "reason": "\(error.reason)"])
      return false
    }
    let entry = IndexEntry(
      object, digest: digest, received: kept?.name.digest == digest ? kept?.name.received : nil, size: size,
      receipt: receipt, preparesAll: replacement.preparesAll)
    if let kept {
      // Its prepared file is lost, and the received bytes are back; or it was still coming over a link, and came whole.
      try writer.change { try IndexReplacement.restore(kept, entry, $0) }
      return true
    }
    switch try index.kept(entry.identity.sopInstanceUID) {
    case .some:
      logger.error(
        "An object of the journal is not what the index has under its name.", metadata: ["digest": "\(digest)"])
      return false
    case .none:
      try writer.add(entry)
      return true
    }
  }

  // MARK: - Without flushing

  /// After an archive that does not flush has ended badly: rows whose object did not reach the disk, neither as a file nor in the
  /// journal, are taken out.
  private func checkUnflushed() throws {
    let flushed = try index.pool.read { db in
      try Int64.fetchOne(db, sql: "SELECT value FROM state WHERE name = ?", arguments: [LaterFlushes.stateName])
    }
    guard let flushed else { return }
    let rows = try index.pool.read { db in
      try Row.fetchAll(
        db,
        sql: """
          SELECT id, digest, received_digest, size, preparation FROM instance WHERE id > ? AND preparation != 4
          """, arguments: [flushed])
    }
    for kept in rows.compactMap({ KeptFile($0) }) where kept.name.isPrepared {
      // Only pictures are drawn from the received one.
      let received = ObjectName(kept.name.received)
      if let digest = try ObjectCheck.digest(of: objects.path(kept.name)), digest == kept.name.digest,
        try ObjectCheck.digest(of: objects.path(received)) != kept.name.received
      {
        try objects.remove(received)
      }
    }
    var lost: [Int64] = []
    for kept in rows.compactMap({ KeptFile($0) })
    where try ObjectCheck.digest(of: objects.path(kept.name)) != kept.name.digest {
      if try !replacement.restore(kept) { lost.append(kept.id) }
    }
    for id in lost { try writer.change { try IndexRemoval.remove(instance: id, $0) } }
    try writer.change { try $0.execute(sql: "DELETE FROM state WHERE name = ?", arguments: [LaterFlushes.stateName]) }
    if !lost.isEmpty {
      logger.error(
        "Objects that were not flushed did not survive; they are out of the index and can be sent again.",
        metadata: ["objects": "\(lost.count)"])
    }
  }
}
