import DICOM
import Foundation
import GRDB
import Glibc

/// Bytes kept aside: `quarantine/<sha256>.dcm` and a row each, both on the disk before a caller hears of them.
///
/// The same bytes again, from a device that keeps trying, are counted and not kept twice.
final class QuarantineStore: Sendable {
  private let directory: String
  private let index: ArchiveIndex
  private let writer: IndexWriter
  private let metrics: ArchiveMetrics

  init(directory: String, index: ArchiveIndex, writer: IndexWriter, metrics: ArchiveMetrics) throws {
    self.directory = directory
    self.index = index
    self.writer = writer
    self.metrics = metrics
    try Folder.make(directory)
  }

  /// Keeps the bytes of a spool.
  func keep(
    _ spool: Spool, receipt: Receipt, reason: QuarantineReason, detail: String
  ) throws(StoreFailure) -> QuarantineID {
    do {
      let digest = Digest(try spool.finish())!  // a spool gives 32 bytes
      let path = path(digest)
      if Folder.fileSize(path) != spool.count {
        if spool.isInMemory {
          let temporary = path + ".new"
          let file = try SystemFile(temporary, O_WRONLY | O_CREAT | O_TRUNC, mode: 0o640)
          try spool.withUnsafeBytes { try file.write($0, at: 0) }
          try file.flush()
          try Folder.rename(temporary, to: path)
        } else {
          try Folder.rename(try spool.takeSpillFile(), to: path)
        }
        try Folder.flush(directory)
      }
      return try note(digest, size: spool.count, receipt: receipt, reason: reason, detail: detail)
    } catch {
      throw StoreFailure(.outOfResources, "refused bytes could not be kept aside: \(error)")
    }
  }

  /// Keeps a file of the object store that turned out to be no good object. `move` takes it to the path it gets.
  func keep(
    file digest: Digest, size: Int, reason: QuarantineReason, detail: String, receivedAt: Date,
    move: (String) throws -> Void
  ) throws {
    if Folder.fileSize(path(digest)) != size {
      try move(path(digest))
      try Folder.flush(directory)
    }
    let receipt = Receipt(channel: .found, receivedAt: receivedAt)
    _ = try note(digest, size: size, receipt: receipt, reason: reason, detail: detail)
  }

  func entries(limit: Int, offset: Int) throws -> [QuarantineEntry] {
    try index.pool.read { db in
      try Row.fetchAll(
        db, sql: "SELECT * FROM quarantine ORDER BY last_received_at DESC, id DESC LIMIT ? OFFSET ?",
        arguments: [max(0, limit), max(0, offset)]
      ).map(Self.entry)
    }
  }

  func export(_ id: QuarantineID, to target: String) throws {
    try FileManager.default.copyItem(atPath: path(try digest(id)), toPath: target)
  }

  func delete(_ id: QuarantineID) throws {
    let digest = try digest(id)
    try Folder.remove(path(digest))
    _ = try writer.change { try $0.execute(sql: "DELETE FROM quarantine WHERE id = ?", arguments: [id.rawValue]) }
  }

  /// Makes entries for files that have none, after the index was lost or a crash came between file and row.
  func adoptStrangers() throws {
    let known = try index.pool.read { try Set(Data.fetchAll($0, sql: "SELECT digest FROM quarantine")) }
    for name in try Folder.names(directory) {
      if name.hasSuffix(".new") { try Folder.remove(directory + "/" + name) }
      guard name.hasSuffix(".dcm"), let digest = Digest(hex: name.dropLast(4)), !known.contains(Data(digest.bytes))
      else { continue }
      _ = try note(
        digest, size: Folder.fileSize(path(digest)) ?? 0, receipt: Receipt(channel: .found), reason: .entryLost,
        detail: "found without an entry: the index was lost, or the machine stopped while it was put aside")
    }
  }

  private func path(_ digest: Digest) -> String { directory + "/" + digest.hex + ".dcm" }

  private func digest(_ id: QuarantineID) throws -> Digest {
    let digest = try index.pool.read { db in
      try Data.fetchOne(db, sql: "SELECT digest FROM quarantine WHERE id = ?", arguments: [id.rawValue])
    }
    guard let digest = digest.flatMap({ Digest($0) }) else { throw ArchiveError("The quarantine has no entry \(id).") }
    return digest
  }

  private func note(
    _ digest: Digest, size: Int, receipt: Receipt, reason: QuarantineReason, detail: String
  ) throws -> QuarantineID {
    let time = receipt.receivedAt.timeIntervalSince1970
    let id = try writer.change { db in
      try Int64.fetchOne(
        db,
        sql: """
          INSERT INTO quarantine (digest, reason, detail, size, times, received_at, last_received_at, channel,
            calling_ae_title, called_ae_title, peer_address, expected_sop_class, expected_sop_instance, expected_study)
          VALUES (?,?,?,?,1,?,?,?,?,?,?,?,?,?)
          ON CONFLICT (digest) DO UPDATE SET times = times + 1, last_received_at = excluded.last_received_at
          RETURNING id
          """,
        arguments: [
          Data(digest.bytes), reason.rawValue, detail, size, time, time, receipt.channel.rawValue,
          receipt.callingAETitle ?? "", receipt.calledAETitle ?? "", receipt.peerAddress ?? "",
          receipt.expectedSOPClassUID?.rawValue ?? "", receipt.expectedSOPInstanceUID?.rawValue ?? "",
          receipt.expectedStudyInstanceUID?.rawValue ?? "",
        ])!
    }
    try index.flush()
    metrics.quarantined(reason).increment()
    return QuarantineID(rawValue: id)
  }

  private static func entry(_ row: Row) -> QuarantineEntry {
    func known(_ column: String) -> String? {
      let text: String = row[column]
      return text.isEmpty ? nil : text
    }
    let receipt = Receipt(
      channel: Receipt.Channel(rawValue: row["channel"]) ?? .found,
      receivedAt: Date(timeIntervalSince1970: row["received_at"]), callingAETitle: known("calling_ae_title"),
      calledAETitle: known("called_ae_title"), peerAddress: known("peer_address"),
      expectedSOPClassUID: known("expected_sop_class").map { UID(rawValue: $0) },
      expectedSOPInstanceUID: known("expected_sop_instance").map { UID(rawValue: $0) },
      expectedStudyInstanceUID: known("expected_study").map { UID(rawValue: $0) })
    return QuarantineEntry(
      id: QuarantineID(rawValue: row["id"]), reason: QuarantineReason(rawValue: row["reason"]), detail: row["detail"],
      receipt: receipt, lastReceivedAt: Date(timeIntervalSince1970: row["last_received_at"]), times: row["times"],
      size: row["size"], digest: Digest(row["digest"] as Data)?.hex ?? "")
  }
}
