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
    let database = try DatabaseQueue(path: folder.path + "/index.sqlite")
    try await database.write { db in
      try db.execute(
        sql: """
          DROP TRIGGER outbox_prepared; DROP TABLE outbox; DROP TABLE outbox_study;
          DROP TABLE sent_study; DROP TABLE sent_file; DROP TABLE sent_object;
          DROP TABLE prepared_file; DROP TABLE preparation_note;
          DROP INDEX instance_waiting; DROP INDEX instance_by_received_digest;
          ALTER TABLE instance DROP COLUMN preparation; ALTER TABLE instance DROP COLUMN received_digest;
          DELETE FROM grdb_migrations WHERE identifier IN ('preparation', 'outbox');
          UPDATE instance SET transfer_syntax = '1.2.840.10008.1.2.4.50' WHERE uid = '1.2';
          """)
    }
    try database.close()
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
