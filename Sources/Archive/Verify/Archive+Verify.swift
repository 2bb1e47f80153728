import DICOM
import Foundation
import GRDB
import Imaging

extension Archive {
  /// Reads every object and compares it with its digest and the index, and mends the index. Blocks until done: about a second for
  /// a quarter of a gigabyte.
  ///
  /// Objects may arrive and be prepared meanwhile. Nothing is deleted but files for which others stand that are proven equal; what is
  /// corrupt goes to the quarantine, as it may be the only copy. A lost `index.sqlite` is made again this way; receipts are then the
  /// files' times.
  public func verify(progress: (VerifyProgress) -> Void = { _ in }) throws -> VerifyReport {
    var report = VerifyReport()
    let expected = try index.totals().instances
    try placer.placeAll()
    try objects.forEachFile { path, name in
      guard let name else {
        report.strangers += 1
        return
      }
      // A file that went since the folder was listed was replaced.
      guard let size = Folder.fileSize(path), let actual = try ObjectCheck.digest(of: path) else { return }
      report.objectsRead += 1
      report.bytesRead += size
      if actual == name.digest {
        try checkRow(of: name, path, size, &report)
      } else {
        try setAsideCorrupt(name, actual, size, &report)
      }
      progress(
        VerifyProgress(
          objectsRead: report.objectsRead, bytesRead: report.bytesRead,
          objectsExpected: max(expected, report.objectsRead)))
    }
    try checkFiles(&report)
    try objects.flush()
    return report
  }

  /// Sees to it that a good file is the one that the index has for its object, or is not there.
  private func checkRow(of name: ObjectName, _ path: String, _ size: Int, _ report: inout VerifyReport) throws {
    if try index.kept(received: name.received)?.name == name { return }
    let receivedAt = Self.modificationTime(of: path)
    let object: ParsedObject
    do {
      object = try ParsedObject.parse(ObjectBytes.mapped(path: path))
    } catch  where Folder.fileSize(path) == nil {
      // It was replaced meanwhile.
      return
    } catch let failure as ParseFailure {
      report.conflicting += 1
      return try setAside(name, size, .unparsable(failure.code.rawValue), failure.reason)
    }
    let entry = IndexEntry(
      object, digest: name.digest, received: name.received, size: size,
      receipt: Receipt(channel: .found, receivedAt: receivedAt),
      prepared: name.isPrepared ? try facts(ofPrepared: path, receivedAt) : nil, preparesAll: replacement.preparesAll)
    let uid = entry.identity.sopInstanceUID
    // An object that was just arriving, or being prepared, has its row by now.
    try flights.alone(uid) { () throws in
      guard Folder.fileSize(path) != nil else { return }
      if let kept = try index.kept(received: name.received) {
        try settle(name, beside: kept, &report)
      } else if let kept = try index.kept(uid) {
        // The one for the other, under a name that lacks or has too much: only its own name serves.
        if kept.name.digest == name.digest, Folder.fileSize(objects.path(kept.name)) == nil {
          return try Folder.rename(path, to: objects.path(kept.name))
        }
        report.conflicting += 1
        try setAside(name, size, .conflict, "SOP Instance UID \(uid) is kept with other bytes")
      } else {
        try writer.add(entry)
        report.rowsAdded += 1
      }
    }
  }

  /// Two good files of one object, proven equal when the prepared one was made: one is enough, unless the profile wants both.
  private func settle(_ name: ObjectName, beside kept: KeptFile, _ report: inout VerifyReport) throws {
    if kept.name == name { return }
    if kept.name.isPrepared, !name.isPrepared {
      let state = try index.pool.read { db in
        try Int64.fetchOne(
          db, sql: "SELECT received_file FROM prepared_file WHERE instance_id = ?", arguments: [kept.id])
      }.flatMap { ReceivedFile(rawValue: $0) }
      // The preparation removes what it has to, once nobody reads it.
      guard state == .gone || state == nil else { return }
    }
    guard try ObjectCheck.digest(of: objects.path(kept.name)) == kept.name.digest else { return }
    try objects.remove(name)
    report.leftovers += 1
  }

  /// What can be told from a prepared file alone, if it is of ours: the received digest is in its name, and nothing else writes there.
  private func facts(ofPrepared path: String, _ time: Date) throws -> PreparedFacts {
    PreparedFacts(
      layers: LayerTable(ofPreparedFile: path), receivedSize: 0, receivedTransferSyntax: nil,
      // A received file beside it, if there is one, was not told to go.
      receivedFile: .kept, preparedAt: time, rule: "")
  }

  private func setAside(
    _ name: ObjectName, _ size: Int, _ reason: QuarantineReason, _ detail: String, actual: Digest? = nil
  ) throws {
    try quarantineStore.keep(
      file: actual ?? name.digest, size: size, reason: reason, detail: detail,
      receivedAt: Self.modificationTime(of: objects.path(name))
    ) { try objects.moveAway(name, to: $0) }
  }

  /// Moves a corrupt file aside. The received file stands for a prepared one, if it is there; else the row goes, so that the sender
  /// may send the object again.
  private func setAsideCorrupt(_ name: ObjectName, _ actual: Digest, _ size: Int, _ report: inout VerifyReport) throws {
    try setAside(
      name, size, .corrupt, "the bytes of object \(name.digest) have changed: their digest is \(actual)",
      actual: actual)
    report.corrupt += 1
    if let kept = try index.kept(received: name.received), kept.name == name, !kept.isArriving {
      try dropOrRestore(kept, &report)
    }
    logger.error("A kept object is corrupt; it is in the quarantine.", metadata: ["digest": "\(name)"])
  }

  private func dropOrRestore(_ kept: KeptFile, _ report: inout VerifyReport) throws {
    if try replacement.restore(kept) {
      report.restored += 1
    } else {
      try writer.change { try IndexRemoval.remove(instance: kept.id, $0) }
    }
  }

  /// Looks for the file of every row.
  private func checkFiles(_ report: inout VerifyReport) throws {
    var last: Int64 = 0
    while true {
      let rows = try index.pool.read { db in
        try Row.fetchAll(
          db,
          sql: """
            SELECT id, digest, received_digest, size, preparation, received_file FROM instance
            LEFT JOIN prepared_file ON instance_id = id WHERE id > ? ORDER BY id LIMIT 1000
            """, arguments: [last])
      }
      if rows.isEmpty { return }
      for row in rows {
        last = row[0]
        // What is still coming has no file yet.
        guard let kept = KeptFile(row), !kept.isArriving else { continue }
        let received = ReceivedFile(rawValue: row[5] ?? ReceivedFile.gone.rawValue)
        if received == .kept, Folder.fileSize(objects.path(ObjectName(kept.name.received))) == nil {
          try writer.change(keepsRows: true) { try IndexReplacement.note(.gone, instances: [kept.id], $0) }
        }
        guard !placer.holds(kept.name.digest), Folder.fileSize(objects.path(kept.name)) == nil,
          // Not if it was replaced since the rows were read.
          try index.kept(received: kept.name.received)?.name == kept.name
        else { continue }
        let before = report.restored
        try dropOrRestore(kept, &report)
        if report.restored > before { continue }
        report.missing += 1
        logger.error("An object of the index is nowhere; it can be sent again.", metadata: ["digest": "\(kept.name)"])
      }
    }
  }

  private static func modificationTime(of path: String) -> Date {
    let attributes = try? FileManager.default.attributesOfItem(atPath: path)
    return attributes?[.modificationDate] as? Date ?? Date()
  }
}
