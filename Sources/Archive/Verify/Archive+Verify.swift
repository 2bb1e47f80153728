import DICOM
import Foundation
import GRDB

extension Archive {
  /// Reads every object and compares it with its digest and the index, and mends the index. Blocks until done: about a second for
  /// a quarter of a gigabyte.
  ///
  /// Objects may arrive meanwhile. Nothing is deleted: what is corrupt goes to the quarantine, as it is the only copy.
  /// A lost `index.sqlite` is made again this way; receipts are then the files' times.
  public func verify(progress: (VerifyProgress) -> Void = { _ in }) throws -> VerifyReport {
    var report = VerifyReport()
    let expected = try index.totals().instances
    try placer?.placeAll()
    try objects.forEachFile { path, digest in
      guard let digest else {
        report.strangers += 1
        return
      }
      guard let size = Folder.fileSize(path) else { return }
      let actual = try ObjectCheck.digest(of: path)
      report.objectsRead += 1
      report.bytesRead += size
      if actual == digest {
        try checkRow(of: digest, path, size, &report)
      } else if let actual {
        try setAsideCorrupt(digest, actual, size)
        report.corrupt += 1
      }
      progress(
        VerifyProgress(
          objectsRead: report.objectsRead, bytesRead: report.bytesRead,
          objectsExpected: max(expected, report.objectsRead)))
    }
    report.missing = try removeRowsWithoutObject()
    try objects.flush()
    return report
  }

  /// Sees to it that a good object has its row.
  private func checkRow(of digest: Digest, _ path: String, _ size: Int, _ report: inout VerifyReport) throws {
    if try index.instanceID(of: digest) != nil { return }
    let receivedAt = Self.modificationTime(of: path)
    func setAside(_ reason: QuarantineReason, _ detail: String) throws {
      try quarantineStore.keep(
        file: digest, size: size, reason: reason, detail: detail, receivedAt: receivedAt
      ) { try objects.moveAway(digest, to: $0) }
      report.conflicting += 1
    }
    let object: ParsedObject
    do {
      object = try ParsedObject.parse(ObjectBytes.mapped(path: path))
    } catch let failure as ParseFailure {
      return try setAside(.unparsable(failure.code.rawValue), failure.reason)
    }
    let entry = IndexEntry(
      object, digest: digest, size: size, receipt: Receipt(channel: .found, receivedAt: receivedAt))
    let uid = entry.identity.sopInstanceUID
    let isConflict = try flights.alone(uid) { () throws(StoreFailure) in
      // An object that was just arriving has its row by now.
      do {
        switch try index.digest(of: uid) {
        case .some(digest): return false
        case .some: return true
        case .none: break
        }
      } catch {
        throw StoreFailure(.cannotStore, "the index could not be read: \(error)")
      }
      try writer.add(entry)
      report.rowsAdded += 1
      return false
    }
    if isConflict { try setAside(.conflict, "SOP Instance UID \(uid) is kept with other bytes") }
  }

  /// Moves a corrupt object aside and takes its row out, so that its sender may send it again.
  private func setAsideCorrupt(_ digest: Digest, _ actual: Digest, _ size: Int) throws {
    let detail = "the bytes of object \(digest) have changed: their digest is \(actual)"
    try quarantineStore.keep(
      file: actual, size: size, reason: .corrupt, detail: detail,
      receivedAt: Self.modificationTime(of: objects.path(digest))
    ) { try objects.moveAway(digest, to: $0) }
    if let id = try index.instanceID(of: digest) {
      try writer.change { try IndexRemoval.remove(instance: id, $0) }
    }
    logger.error("A kept object is corrupt; it is in the quarantine.", metadata: ["digest": "\(digest)"])
  }

  private func removeRowsWithoutObject() throws -> Int {
    var last: Int64 = 0
    var missing = 0
    while true {
      let rows = try index.pool.read { db in
        try Row.fetchAll(
          db, sql: "SELECT id, digest FROM instance WHERE id > ? ORDER BY id LIMIT 1000", arguments: [last])
      }
      if rows.isEmpty { return missing }
      for row in rows {
        last = row[0]
        guard let digest = Digest(row[1] as Data), placer?.holds(digest) != true,
          Folder.fileSize(objects.path(digest)) == nil
        else { continue }
        try writer.change { try IndexRemoval.remove(instance: last, $0) }
        missing += 1
        logger.error("An object of the index is nowhere; it can be sent again.", metadata: ["digest": "\(digest)"])
      }
    }
  }

  private static func modificationTime(of path: String) -> Date {
    let attributes = try? FileManager.default.attributesOfItem(atPath: path)
    return attributes?[.modificationDate] as? Date ?? Date()
  }
}
