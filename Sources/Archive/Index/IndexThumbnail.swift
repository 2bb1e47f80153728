import DICOM
import Foundation
import GRDB
import Imaging

/// Thumbnails that were made together with prepared files: a few thousand bytes each.
enum IndexThumbnail {
  static func insert(_ thumbnail: KeptThumbnail, instance id: Int64, _ db: Database) throws {
    try db.cachedStatement(sql: "INSERT OR REPLACE INTO thumbnail VALUES (?,?,?,?,?,?,?,?)").execute(arguments: [
      id, thumbnail.frame, thumbnail.side, thumbnail.width, thumbnail.height, thumbnail.isHidden,
      thumbnail.profileFingerprint, Data(thumbnail.jpeg),
    ])
  }
}

extension Archive {
  /// The thumbnail that was made when the file was prepared that this record names; nil when there is none, or another file by now.
  public func thumbnail(of record: InstanceRecord) async throws -> KeptThumbnail? {
    guard record.layers != nil, record.decodedIn == .process, let digest = Digest(hex: record.digest) else {
      return nil
    }
    return try await index.pool.read { db in
      let statement = try db.cachedStatement(
        sql: """
          SELECT frame, side, width, height, hidden, profile, jpeg FROM instance
          CROSS JOIN thumbnail ON instance_id = instance.id WHERE digest = ?
          """)
      return try Row.fetchOne(statement, arguments: [Data(digest.bytes)]).map { row in
        KeptThumbnail(
          frame: row[0], side: row[1], width: row[2], height: row[3], isHidden: row[4], profileFingerprint: row[5],
          jpeg: Array(row[6] as Data))
      }
    }
  }
}
