import DICOM
import Foundation
import GRDB
import Testing

@testable import Archive

@Suite struct MigrationTests {
  @Test func `An index from before preparation gains received digests, and its native images wait`() async throws {
    let folder = try TestFolder()
    let archive = try Archive.make(in: folder)
    try archive.store(TestObject.make(instance: "1.1"))
    try archive.store(TestObject.make(instance: "1.2", number: 2))
    try archive.close()
    // As the version before left it: one native image, one compressed.
    let (path, old) = (folder.path + "/index.sqlite", folder.path + "/old.sqlite")
    let database = try DatabaseQueue(path: old)
    try IndexSchema.migrator.migrate(database, upTo: "quarantine")
    try await database.writeWithoutTransaction { db in
      try db.execute(sql: "ATTACH ? AS new", arguments: [path])
      for table in [
        "study", "study_members", "study_name", "series", "series_members", "source", "instance", "metadata",
      ] {
        let columns = try db.columns(in: table).map(\.name).joined(separator: ", ")
        try db.execute(sql: "INSERT INTO \(table) (\(columns)) SELECT \(columns) FROM new.\(table)")
      }
      try db.execute(
        sql: """
          DELETE FROM totals; INSERT INTO totals SELECT * FROM new.totals; DETACH new;
          UPDATE instance SET transfer_syntax = '1.2.840.10008.1.2.4.50' WHERE uid = '1.2';
          """)
    }
    try database.close()
    for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + suffix) }
    try FileManager.default.moveItem(atPath: old, toPath: path)
    let again = try Archive.make(in: folder)
    let records = try await again.instances(study: "1.2.3")
    #expect(records.map(\.receivedDigest) == records.map(\.digest))
    #expect(records.allSatisfy { $0.layers == nil })
    let states = try await again.index.pool.read { db in
      try Int64.fetchAll(db, sql: "SELECT preparation FROM instance ORDER BY uid")
    }
    #expect(states == [PreparationState.waiting.rawValue, PreparationState.untouched.rawValue])
    try again.store(TestObject.make(instance: "1.3", number: 3))
    #expect(try again.verify().isClean)
  }
}
