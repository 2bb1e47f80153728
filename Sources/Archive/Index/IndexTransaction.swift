import DICOM
import Foundation
import GRDB

/// Adds objects to the index inside one transaction.
///
/// Study and series rows come from the object that arrived first. Later ones fill in attributes that had no value; they
/// never change one. So the order of arrival decides, and the same order gives the same rows.
struct IndexTransaction {
  let db: Database
  var recent: RecentRows
  /// Objects that name another patient than their study's first object.
  private(set) var patientConflicts = 0
  private(set) var intake: StudyIntake

  private var newStudies = 0
  private var newSeries = 0
  private var newInstances = 0
  private var newBytes = 0
  private var studyCounts: [Int64: (series: Int, instances: Int)] = [:]
  private var seriesCounts: [Int64: Int] = [:]
  private var studyModalities: [Int64: String] = [:]

  init(_ db: Database, recent: RecentRows, rules: StoreRules) {
    self.db = db
    intake = StudyIntake(db, rules)
    self.recent = recent
  }

  /// Gives the number of the instance's row.
  @discardableResult
  mutating func add(_ entry: IndexEntry) throws -> Int64 {
    let study = try studyID(entry)
    let series = try seriesID(entry, study: study)
    let source = try sourceID(entry.receipt)
    let insert = try db.cachedStatement(
      sql: """
        INSERT INTO instance (series_id, uid, digest, size, sop_class, transfer_syntax, data_set_offset, rows, columns,
          frames, number, received_at, source_id, pixel_data, received_digest, preparation)
          VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)
        """)
    try insert.execute(arguments: [
      series, entry.identity.sopInstanceUID.rawValue, Data(entry.digest.bytes), entry.size,
      entry.identity.sopClassUID.rawValue, entry.transferSyntax.rawValue, entry.dataSetOffset, entry.rows,
      entry.columns, entry.frameCount, entry.instanceNumber.map(Int64.init) ?? IndexSchema.noNumber,
      entry.receipt.receivedAt.timeIntervalSince1970, source, Data(entry.pixelData),
      Data(entry.receivedDigest.bytes), entry.preparation.rawValue,
    ])
    let id = db.lastInsertedRowID
    try db.cachedStatement(sql: "INSERT INTO metadata VALUES (?,?)").execute(arguments: [id, Data(entry.json)])
    if let prepared = entry.prepared { try IndexReplacement.insert(prepared, instance: id, db) }
    try intake.note(entry, instance: id, study: study, &recent.places[study])
    studyCounts[study, default: (0, 0)].instances += 1
    seriesCounts[series, default: 0] += 1
    if entry.preparation != .arriving {
      newInstances += 1
      newBytes += entry.size
    }
    return id
  }

  /// Writes the counts of everything that was added.
  mutating func finish() throws {
    for (id, modalities) in studyModalities {
      try db.cachedStatement(sql: "UPDATE study SET modalities = ? WHERE id = ?").execute(arguments: [modalities, id])
    }
    let study = try db.cachedStatement(
      sql: "UPDATE study SET series_count = series_count + ?, instance_count = instance_count + ? WHERE id = ?")
    for (id, count) in studyCounts { try study.execute(arguments: [count.series, count.instances, id]) }
    let series = try db.cachedStatement(sql: "UPDATE series SET instance_count = instance_count + ? WHERE id = ?")
    for (id, count) in seriesCounts { try series.execute(arguments: [count, id]) }
    try db.cachedStatement(
      sql: """
        UPDATE totals SET studies = studies + ?, series = series + ?, instances = instances + ?, bytes = bytes + ?
        """
    ).execute(arguments: [newStudies, newSeries, newInstances, newBytes])
    recent.trim()
  }

  // MARK: - Rows above the instance

  private mutating func studyID(_ entry: IndexEntry) throws -> Int64 {
    let uid = entry.identity.studyInstanceUID
    guard var study = try recent.studies[uid] ?? storedStudy(uid) else { return try insertStudy(entry) }
    if let patient = entry.dataSet.string(.patientID), !patient.isEmpty, !study.patientID.isEmpty,
      patient != study.patientID
    {
      patientConflicts += 1
    }
    let news = entry.studyMask & ~study.mask
    if news != 0 {
      let old = try MemberList(
        encoded: Array(
          Data.fetchOne(db, sql: "SELECT members FROM study_members WHERE study_id = ?", arguments: [study.id])
            ?? Data()))
      let members = old.filled(from: entry.studyMembers()) { tag in
        StoredAttributes.study.index(of: tag).map { news & 1 << UInt64($0) != 0 } ?? false
      }
      study.mask |= news
      try db.execute(
        sql: "UPDATE study_members SET mask = ?, members = ? WHERE study_id = ?",
        arguments: [Int64(bitPattern: study.mask), Data(members.encoded), study.id])
      try fillColumns(entry, study: study.id)
    }
    recent.studies[uid] = study
    return study.id
  }

  private func storedStudy(_ uid: UID) throws -> RecentRows.Study? {
    try Row.fetchOne(
      db.cachedStatement(
        sql: """
          SELECT id, mask, modalities, patient_id FROM study JOIN study_members ON study_id = id WHERE uid = ?
          """), arguments: [uid.rawValue]
    ).map { row in
      RecentRows.Study(
        id: row[0], mask: UInt64(bitPattern: row[1]),
        modalities: Set((row[2] as String).split(separator: "\\").map(String.init)),
        patientID: row[3])
    }
  }

  private mutating func insertStudy(_ entry: IndexEntry) throws -> Int64 {
    let columns = StudyColumns(entry.dataSet)
    try db.cachedStatement(
      sql: """
        INSERT INTO study (uid, patient_id, name_key, birth_date, study_date, study_time, accession_number,
          description_key, referring_key, modalities, series_count, instance_count, first_received_at)
        VALUES (?,?,?,?,?,?,?,?,?,'',0,0,?)
        """
    ).execute(arguments: [
      entry.identity.studyInstanceUID.rawValue, columns.patientID, columns.name.key, columns.birthDate,
      columns.studyDate, columns.studyTime, columns.accessionNumber, columns.description, columns.referring.key,
      entry.receipt.receivedAt.timeIntervalSince1970,
    ])
    let id = db.lastInsertedRowID
    try db.cachedStatement(sql: "INSERT INTO study_members VALUES (?,?,?)").execute(arguments: [
      id, Int64(bitPattern: entry.studyMask), Data(entry.studyMembers().encoded),
    ])
    try insertNames(columns.name, study: id)
    newStudies += 1
    recent.studies[entry.identity.studyInstanceUID] = RecentRows.Study(
      id: id, mask: entry.studyMask, modalities: [], patientID: columns.patientID)
    return id
  }

  private func insertNames(_ name: FoldedName, study: Int64) throws {
    let insert = try db.cachedStatement(sql: "INSERT OR IGNORE INTO study_name VALUES (?,?)")
    for key in name.searchKeys { try insert.execute(arguments: [key, study]) }
  }

  /// Gives the searched columns of a study the values that it lacked so far.
  private mutating func fillColumns(_ entry: IndexEntry, study: Int64) throws {
    let columns = StudyColumns(entry.dataSet)
    let hadName = try String.fetchOne(db, sql: "SELECT name_key FROM study WHERE id = ?", arguments: [study]) ?? ""
    try db.execute(
      sql: """
        UPDATE study SET patient_id = iif(patient_id = '', ?, patient_id), name_key = iif(name_key = '', ?, name_key),
          birth_date = iif(birth_date = '', ?, birth_date), study_date = iif(study_date = '', ?, study_date),
          study_time = iif(study_time = '', ?, study_time),
          accession_number = iif(accession_number = '', ?, accession_number),
          description_key = iif(description_key = '', ?, description_key),
          referring_key = iif(referring_key = '', ?, referring_key) WHERE id = ?
        """,
      arguments: [
        columns.patientID, columns.name.key, columns.birthDate, columns.studyDate, columns.studyTime,
        columns.accessionNumber, columns.description, columns.referring.key, study,
      ])
    if hadName.isEmpty { try insertNames(columns.name, study: study) }
  }

  private mutating func seriesID(_ entry: IndexEntry, study: Int64) throws -> Int64 {
    let key = RecentRows.SeriesKey(study: study, uid: entry.identity.seriesInstanceUID)
    guard var series = try recent.series[key] ?? storedSeries(key) else { return try insertSeries(entry, key) }
    let news = entry.seriesMask & ~series.mask
    if news != 0 {
      let old = try MemberList(
        encoded: Array(
          Data.fetchOne(db, sql: "SELECT members FROM series_members WHERE series_id = ?", arguments: [series.id])
            ?? Data()))
      let members = old.filled(from: entry.seriesMembers()) { tag in
        StoredAttributes.series.index(of: tag).map { news & 1 << UInt64($0) != 0 } ?? false
      }
      series.mask |= news
      try db.execute(
        sql: "UPDATE series_members SET mask = ?, members = ? WHERE series_id = ?",
        arguments: [Int64(bitPattern: series.mask), Data(members.encoded), series.id])
      let columns = SeriesColumns(entry.dataSet)
      try db.execute(
        sql: """
          UPDATE series SET modality = iif(modality = '', ?, modality), number = iif(number = \(IndexSchema.noNumber), ?, number),
            description_key = iif(description_key = '', ?, description_key) WHERE id = ?
          """, arguments: [columns.modality, columns.number, columns.description, series.id])
      try addModality(columns.modality, study: entry.identity.studyInstanceUID)
    }
    recent.series[key] = series
    return series.id
  }

  private func storedSeries(_ key: RecentRows.SeriesKey) throws -> RecentRows.Series? {
    try Row.fetchOne(
      db.cachedStatement(
        sql: "SELECT id, mask FROM series JOIN series_members ON series_id = id WHERE uid = ? AND study_id = ?"),
      arguments: [key.uid.rawValue, key.study]
    ).map { RecentRows.Series(id: $0[0], mask: UInt64(bitPattern: $0[1])) }
  }

  private mutating func insertSeries(_ entry: IndexEntry, _ key: RecentRows.SeriesKey) throws -> Int64 {
    let columns = SeriesColumns(entry.dataSet)
    try db.cachedStatement(
      sql: """
        INSERT INTO series (study_id, uid, modality, number, description_key, instance_count) VALUES (?,?,?,?,?,0)
        """
    ).execute(arguments: [key.study, key.uid.rawValue, columns.modality, columns.number, columns.description])
    let id = db.lastInsertedRowID
    try db.cachedStatement(sql: "INSERT INTO series_members VALUES (?,?,?)").execute(arguments: [
      id, Int64(bitPattern: entry.seriesMask), Data(entry.seriesMembers().encoded),
    ])
    newSeries += 1
    studyCounts[key.study, default: (0, 0)].series += 1
    recent.series[key] = RecentRows.Series(id: id, mask: entry.seriesMask)
    try addModality(columns.modality, study: entry.identity.studyInstanceUID)
    return id
  }

  private mutating func addModality(_ modality: String, study uid: UID) throws {
    guard !modality.isEmpty, var study = recent.studies[uid], study.modalities.insert(modality).inserted else { return }
    recent.studies[uid] = study
    studyModalities[study.id] = study.modalities.sorted().joined(separator: "\\")
  }

  private mutating func sourceID(_ receipt: Receipt) throws -> Int64 {
    let source = RecentRows.Source(
      channel: receipt.channel.rawValue, calling: receipt.callingAETitle ?? "", called: receipt.calledAETitle ?? "",
      peer: receipt.peerAddress ?? "")
    if let id = recent.sources[source] { return id }
    let arguments: StatementArguments = [source.channel, source.calling, source.called, source.peer]
    try db.execute(
      sql: """
        INSERT OR IGNORE INTO source (channel, calling_ae_title, called_ae_title, peer_address) VALUES (?,?,?,?)
        """, arguments: arguments)
    let id = try Int64.fetchOne(
      db,
      sql: """
        SELECT id FROM source WHERE channel = ? AND calling_ae_title = ? AND called_ae_title = ? AND peer_address = ?
        """, arguments: arguments)!
    recent.sources[source] = id
    return id
  }
}
