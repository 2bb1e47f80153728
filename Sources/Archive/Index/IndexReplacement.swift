import DICOM
import Foundation
import GRDB
import Imaging

/// What the index keeps of a prepared file besides what it keeps of every file.
struct PreparedFacts: Sendable {
  let layers: LayerTable?
  let receivedSize: Int
  let receivedTransferSyntax: UID?
  let receivedFile: ReceivedFile
  let preparedAt: Date
  /// The profile, its version and the rule that decided.
  let rule: String
  /// Made from the prepared file.
  var thumbnail: KeptThumbnail?
  /// Why the object got the site's name and no ladder, when that is a fault: somebody should look.
  var refusal: Refusal?

  struct Refusal: Sendable, Hashable {
    /// Short and stable, as ``PreparationStatus/Reason/code``.
    var code: String
    var detail: String
  }
}

/// Turns a row from the received file to the prepared one, and back, and from an object that comes to one that is here.
enum IndexReplacement {
  /// Makes a prepared file the one that is kept.
  ///
  /// False, and nothing is changed, when the row is no longer the one of the received file that waits.
  ///
  /// - Parameter setsIssuer: whether the file may have another Issuer of Patient ID than the received one, which is the study's then.
  static func prepare(
    _ id: Int64, _ entry: IndexEntry, _ facts: PreparedFacts, setsIssuer: Bool = false, _ db: Database
  ) throws -> Bool {
    let kept = try KeptFile.fetch(db, where: "id = ? AND preparation = 0", [id])
    guard let kept, kept.name == ObjectName(entry.receivedDigest) else { return false }
    try set(kept, to: entry, facts.refusal == nil ? .prepared : .refused, db)
    try insert(facts, instance: id, db)
    if let refusal = facts.refusal {
      try PreparationNote.put(instance: id, code: refusal.code, detail: refusal.detail, db)
    }
    if let thumbnail = facts.thumbnail { try IndexThumbnail.insert(thumbnail, instance: id, db) }
    if setsIssuer { try setIssuer(of: id, from: entry, db) }
    return true
  }

  private static func setIssuer(of id: Int64, from entry: IndexEntry, _ db: Database) throws {
    let row = try Row.fetchOne(
      db.cachedStatement(
        sql: """
          SELECT study_members.study_id, mask, members FROM instance CROSS JOIN series ON series.id = series_id
          CROSS JOIN study_members ON study_members.study_id = series.study_id WHERE instance.id = ?
          """), arguments: [id])
    guard let row, let bit = StoredAttributes.study.index(of: .issuerOfPatientID) else { return }
    let old = MemberList(encoded: Array(row[2] as Data))
    let new = old.filled(from: entry.studyMembers()) { $0 == .issuerOfPatientID }
    guard new.encoded != old.encoded else { return }
    try db.cachedStatement(sql: "UPDATE study_members SET mask = mask | ?, members = ? WHERE study_id = ?")
      .execute(arguments: [
        Int64(bitPattern: entry.studyMask & 1 << UInt64(bit)), Data(new.encoded), row[0] as Int64,
      ])
  }

  /// Makes the received file the one that is kept, and lets it wait again.
  static func restore(_ kept: KeptFile, _ entry: IndexEntry, _ db: Database) throws {
    try set(kept, to: entry, entry.preparation, db)
    for table in ["prepared_file", "thumbnail"] {
      try db.execute(sql: "DELETE FROM \(table) WHERE instance_id = ?", arguments: [kept.id])
    }
  }

  /// Makes the file of an object that was still coming the one that is kept.
  static func complete(_ kept: KeptFile, _ entry: IndexEntry, _ db: Database) throws {
    try set(kept, to: entry, entry.preparation, db)
    if let facts = entry.prepared { try insert(facts, instance: kept.id, db) }
  }

  static func insert(_ facts: PreparedFacts, instance id: Int64, _ db: Database) throws {
    try db.execute(
      sql: "INSERT OR REPLACE INTO prepared_file VALUES (?,?,?,?,?,?,?)",
      arguments: [
        id, Data(facts.layers?.encoded() ?? []), facts.receivedSize, facts.receivedTransferSyntax?.rawValue ?? "",
        facts.receivedFile.rawValue, facts.preparedAt.timeIntervalSince1970, facts.rule,
      ])
  }

  /// Notes what became of received files.
  static func note(_ state: ReceivedFile, instances ids: [Int64], _ db: Database) throws {
    let update = try db.cachedStatement(sql: "UPDATE prepared_file SET received_file = ? WHERE instance_id = ?")
    for id in ids { try update.execute(arguments: [state.rawValue, id]) }
  }

  private static func set(
    _ kept: KeptFile, to entry: IndexEntry, _ state: PreparationState, _ db: Database
  ) throws {
    try db.cachedStatement(
      sql: """
        UPDATE instance SET digest = ?, size = ?, transfer_syntax = ?, data_set_offset = ?, rows = ?, columns = ?,
          frames = ?, pixel_data = ?, preparation = ? WHERE id = ?
        """
    ).execute(arguments: [
      Data(entry.digest.bytes), entry.size, entry.transferSyntax.rawValue, entry.dataSetOffset, entry.rows,
      entry.columns, entry.frameCount, Data(entry.pixelData), state.rawValue, kept.id,
    ])
    try db.cachedStatement(sql: "UPDATE metadata SET json = ? WHERE instance_id = ?")
      .execute(arguments: [Data(entry.json), kept.id])
    try db.cachedStatement(sql: "DELETE FROM preparation_note WHERE instance_id = ?").execute(arguments: [kept.id])
    // What was still coming was not counted; now it is here.
    try db.cachedStatement(sql: "UPDATE totals SET instances = instances + ?, bytes = bytes + ?")
      .execute(arguments: [kept.isArriving ? 1 : 0, entry.size - (kept.isArriving ? 0 : kept.size)])
    if kept.isArriving { try ArrivalRows.remove(instance: kept.id, db) }
  }
}
