import DICOM
import Foundation
import GRDB

/// What the index keeps of studies that come over thin links.
enum ArrivalStudies {
  /// Takes note of a study with the first announcement of one of its objects.
  static func open(_ study: String, from site: String, _ db: Database) throws {
    try db.cachedStatement(sql: "INSERT OR IGNORE INTO link_study VALUES (?,?,'',0,0,0,'','',NULL)")
      .execute(arguments: [study, site])
  }

  /// False, and nothing is changed, for a manifest that a newer one has overtaken, and for a study of another site.
  static func note(_ manifest: StudyManifest, from site: String, _ db: Database) throws -> Bool {
    try open(manifest.study, from: site, db)
    try db.cachedStatement(
      sql: """
        UPDATE link_study SET case_number = ?, objects = ?, bytes = ?, sealed = ?, sealed_by = ?, digests = ?
        WHERE study = ? AND site = ? AND (? OR objects < ? OR objects = ? AND NOT sealed)
        """
    ).execute(arguments: [
      manifest.caseNumber ?? "", manifest.objects, manifest.bytes, manifest.sealed, manifest.sealedBy?.rawValue ?? "",
      manifest.digests ?? "", manifest.study, site, manifest.sealed, manifest.objects, manifest.objects,
    ])
    return db.changesCount == 1
  }

  static func touch(_ studies: Set<String>, at now: Date, _ db: Database) throws {
    let update = try db.cachedStatement(sql: "UPDATE link_study SET last_at = ? WHERE study = ?")
    for study in studies { try update.execute(arguments: [now.timeIntervalSince1970, study]) }
  }
}

extension Arrivals {
  /// How far a study is; nil when no site has spoken of it. Takes about a millisecond for a study of a thousand images.
  public func progress(study: UID) throws -> StudyProgress? {
    try index.pool.read { db in
      guard
        let manifest = try Row.fetchOne(
          db.cachedStatement(
            sql: """
              SELECT site, case_number, objects, bytes, sealed, sealed_by, digests, last_at FROM link_study WHERE study = ?
              """), arguments: [study.rawValue]),
        let open = try Row.fetchOne(
          db.cachedStatement(
            sql: """
              SELECT count(*), count(instance_id), total(stage >= 1), total(stage >= 3), total(size),
                total(arrival_state.bytes), total(stage >= 2)
              FROM arrival CROSS JOIN arrival_state ON arrival_id = arrival.id WHERE study = ?
              """), arguments: [study.rawValue]),
        let kept = try Row.fetchOne(
          db.cachedStatement(sql: "SELECT count(*), total(size) FROM \(Self.wholeOfStudy)"),
          arguments: [study.rawValue])
      else { return nil }
      func number(_ row: Row, _ column: Int) -> Int { Int(row[column] as Double) }
      let whole: Int = kept[0]
      let (wholeBytes, openBytes) = (number(kept, 1), number(open, 4))
      let (objects, isSealed): (Int, Bool) = (manifest[2], manifest[4])
      let (digests, caseNumber): (String, String) = (manifest[6], manifest[1])
      var isComplete = isSealed && (open[0] as Int) == 0 && whole >= objects
      if isComplete, !digests.isEmpty {
        let all = try Data.fetchAll(
          db.cachedStatement(sql: "SELECT link_instance.digest FROM \(Self.wholeOfStudy)"), arguments: [study.rawValue])
        isComplete = StudyManifest.digest(of: all.compactMap { Digest($0)?.hex }) == digests
      }
      return StudyProgress(
        study: study, site: manifest[0], caseNumber: caseNumber.isEmpty ? nil : caseNumber,
        expected: max(objects, whole + (open[0] as Int)), visible: whole + (open[1] as Int),
        withThumbnail: whole + number(open, 2), withDraft: whole + number(open, 6),
        withPreview: whole + number(open, 3), whole: whole,
        bytesExpected: max(manifest[3], wholeBytes + openBytes), bytesHere: wholeBytes + number(open, 5),
        sealed: isSealed, sealedBy: StudyManifest.Sealer(rawValue: manifest[5]), isComplete: isComplete,
        lastArrivalAt: (manifest[7] as Double?).map { Date(timeIntervalSince1970: $0) })
    }
  }

  private static let wholeOfStudy = """
    study CROSS JOIN series ON study_id = study.id CROSS JOIN instance ON series_id = series.id
    CROSS JOIN link_instance ON instance_id = instance.id WHERE study.uid = ?
    """

  /// What was not taken, newest first.
  public func refusals(limit: Int = 100, offset: Int = 0) throws -> [ArrivalRefusal] {
    try index.pool.read { try ArrivalRows.refusals(limit: limit, offset: offset, $0) }
  }

  /// Takes an object off the list of ``refusals(limit:offset:)``; when it is refused once more, it is there again. Gives how many went.
  @discardableResult
  public func forgetRefusals(of digest: String) throws -> Int {
    guard let name = Digest(hex: digest) else { return 0 }
    return try writer.change(keepsRows: true) { db in
      try db.execute(sql: "DELETE FROM arrival_refusal WHERE digest = ?", arguments: [Data(name.bytes)])
      return db.changesCount
    }
  }

  /// How long an object may rest before it counts as abandoned: longer than any dead link that a site outlives.
  public static let patience = Duration.seconds(45 * 86_400)

  func abandonedCount() throws -> Int {
    let before = Date(timeIntervalSinceNow: -(Self.patience / .seconds(1))).timeIntervalSince1970
    return try index.pool.read { db in
      try Int.fetchOne(db, sql: "SELECT count(*) FROM arrival_state WHERE last_at <= ?", arguments: [before]) ?? 0
    }
  }

  /// Objects of which no byte came for so long, oldest first. They are never given up by themselves: see ``discard(_:)``.
  public func abandoned(for age: Duration = patience, limit: Int = 1000) throws -> [AbandonedArrival] {
    let before = Date(timeIntervalSinceNow: -(age / .seconds(1))).timeIntervalSince1970
    return try index.pool.read { db in
      try ArrivalRows.fetch(db, where: "last_at <= ? ORDER BY last_at LIMIT ?", [before, max(0, limit)])
    }.map {
      AbandonedArrival(
        digest: $0.object.digest, site: $0.site, study: $0.object.study, instance: $0.object.instance,
        size: $0.object.size, bytesHere: $0.have.count, lastArrivalAt: $0.lastAt)
    }
  }
}

/// An object of which nothing comes any more, for the administrator. Holds no patient data.
public struct AbandonedArrival: Sendable, Hashable, Codable {
  public let digest: String
  public let site: String
  public let study: String
  public let instance: String
  public let size: Int
  public let bytesHere: Int
  /// When bytes came last, or it was announced.
  public let lastArrivalAt: Date
}
