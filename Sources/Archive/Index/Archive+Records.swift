import DICOM
import Foundation
import GRDB
import Glibc
import Imaging

extension Archive {
  /// The instances of a study, of a series, or one, ordered by series number and instance number.
  public func instances(study: UID, series: UID? = nil, instance: UID? = nil) async throws -> [InstanceRecord] {
    // Before the rows: see ReadLeases.
    let lease = leases.lease(study)
    Reading.current?.keep(lease)
    let version = index.changes.version
    let key = instance.map { RecentRecords.Key(study: study, series: series, instance: $0) }
    if let key, let known = index.recent.record(key, version: version, lease: lease) { return [known] }
    let records = try await read(study, series, instance, lease)
    if let key, let record = records.first, records.count == 1 { index.recent.note(record, for: key, version: version) }
    return records
  }

  private func read(_ study: UID, _ series: UID?, _ instance: UID?, _ lease: ReadLease) async throws -> [InstanceRecord]
  {
    try await index.pool.read { db in
      try Self.rows(
        db,
        columns: """
          study.uid, series.uid, instance.uid, instance.sop_class, instance.transfer_syntax, instance.digest, instance.size,
          data_set_offset, rows, columns,
          instance.frames, instance.number, received_at, pixel_data, instance.received_digest, layers, received_file,
          have, site, header, arrival.frames, is_ladder, rule
          """,
        join: """
          LEFT JOIN prepared_file ON prepared_file.instance_id = instance.id
          LEFT JOIN arrival_state ON preparation = 4 AND arrival_state.instance_id = instance.id
          LEFT JOIN arrival ON arrival.id = arrival_id
          """, study: study, series: series, instance: instance
      ).compactMap { InstanceRecord($0, lease) }
    }
  }

  /// The same instance as the index has it now; nil when it is gone.
  public func current(_ record: InstanceRecord) async throws -> InstanceRecord? {
    try await instances(
      study: record.studyInstanceUID, series: record.seriesInstanceUID, instance: record.sopInstanceUID
    ).first
  }

  /// Runs `body` with an instance and the path of its file, which stays there meanwhile.
  ///
  /// When a prepared file has taken the place of the one that the record names, the record is read once more, and `body` gets
  /// that one: its syntax, digest and frames are others. Only for the start of an answer; see ``Reading`` for its whole length.
  public func withFile<R>(
    of record: InstanceRecord, _ body: (InstanceRecord, String) async throws -> R
  ) async throws -> R {
    var record = record
    if access(path(of: record), F_OK) != 0, let current = try await current(record) { record = current }
    let result = try await body(record, path(of: record))
    withExtendedLifetime(record.lease) {}
    return result
  }

  /// The received file beside the prepared one; nil when it is gone. It may go even while the record lives: who does not find it
  /// takes the prepared one.
  public func receivedPath(of record: InstanceRecord) -> String? {
    guard record.hasReceivedFile, let received = Digest(hex: record.receivedDigest) else { return nil }
    return objects.path(ObjectName(received))
  }

  /// The metadata of the same instances, in the same order.
  public func metadata(study: UID, series: UID? = nil, instance: UID? = nil) async throws -> [MetadataRecord] {
    try await index.pool.read { db in
      try Self.rows(
        db, columns: "study.uid, series.uid, instance.uid, digest, json, preparation",
        join: "JOIN metadata ON instance_id = instance.id", study: study, series: series, instance: instance
      ).map { row in
        MetadataRecord(
          studyInstanceUID: UID(rawValue: row[0]), seriesInstanceUID: UID(rawValue: row[1]),
          sopInstanceUID: UID(rawValue: row[2]), digest: Digest(row[3] as Data)?.hex ?? "", json: Array(row[4] as Data),
          isArriving: row[5] == PreparationState.arriving.rawValue)
      }
    }
  }

  private static func rows(
    _ db: Database, columns: String, join: String = "", study: UID, series: UID?, instance: UID?
  ) throws -> [Row] {
    var sql = """
      SELECT \(columns) FROM study CROSS JOIN series ON series.study_id = study.id
      CROSS JOIN instance ON instance.series_id = series.id \(join) WHERE study.uid = ?
      """
    var arguments: StatementArguments = [study.rawValue]
    if let instance {
      // From the one row upwards.
      sql = """
        SELECT \(columns) FROM instance CROSS JOIN series ON series.id = instance.series_id
        CROSS JOIN study ON study.id = series.study_id \(join) WHERE study.uid = ? AND instance.uid = ?
        """
      arguments += [instance.rawValue]
    }
    if let series {
      sql += " AND series.uid = ?"
      arguments += [series.rawValue]
    }
    sql += " ORDER BY series.number, series.id, instance.number, instance.id"
    return try Row.fetchAll(db.cachedStatement(sql: sql), arguments: arguments)
  }
}

extension InstanceRecord {
  fileprivate init?(_ row: Row, _ lease: ReadLease) {
    guard let syntax = TransferSyntax(uid: UID(rawValue: row[4])), let digest = Digest(row[5] as Data),
      let received = Digest(row[14] as Data)
    else { return nil }
    let number: Int64 = row[11]
    self.init(
      studyInstanceUID: UID(rawValue: row[0]), seriesInstanceUID: UID(rawValue: row[1]),
      sopInstanceUID: UID(rawValue: row[2]), sopClassUID: UID(rawValue: row[3]), transferSyntax: syntax,
      digest: digest.hex, receivedDigest: received.hex, size: row[6], dataSetOffset: row[7], rows: row[8],
      columns: row[9], frameCount: row[10],
      instanceNumber: number == IndexSchema.noNumber ? nil : Int(number),
      pixelData: PixelDataLocation(encoded: Array(row[13] as Data)),
      layers: (row[15] as Data?).flatMap { LayerTable(encoded: Array($0)) },
      // Our own preparation always names the rule that decided.
      decodedIn: (row[22] as String?)?.isEmpty == false ? .process : .worker,
      hasReceivedFile: (row[16] as Int64?).map { $0 != ReceivedFile.gone.rawValue } ?? false,
      arrival: ArrivalProgress(row, size: row[6]), receivedAt: Date(timeIntervalSince1970: row[12]), lease: lease)
  }
}

extension ArrivalProgress {
  /// nil when all is here.
  fileprivate init?(_ row: Row, size: Int) {
    guard let have = row[17] as Data?, let frames = row[20] as Data? else { return nil }
    self.init(
      site: row[18], size: size, have: FrameExtents.ranges(Array(have)) ?? ByteRanges(), header: row[19],
      frames: FrameExtents.decoded(Array(frames)) ?? [], isLadder: row[21])
  }
}

extension ArchiveIndex {
  /// How many rows there are, and how many bytes they stand for.
  func totals() throws -> (studies: Int, series: Int, instances: Int, bytes: Int, quarantined: Int) {
    try pool.read { db in
      let row = try Row.fetchOne(
        db,
        sql: "SELECT studies, series, instances, bytes, (SELECT count(*) FROM quarantine) FROM totals")!
      return (row[0], row[1], row[2], row[3], row[4])
    }
  }
}
