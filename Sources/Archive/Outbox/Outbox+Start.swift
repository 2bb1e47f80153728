import Foundation
import GRDB

extension Outbox {
  /// Before the archive takes its first object: nothing is here that is not queued, whatever it was stored by.
  func prepareStart() throws {
    try removeFiles()
    guard isUsed else { return }
    let isComplete = try index.pool.read { db in
      try Bool.fetchOne(
        db, sql: "SELECT (SELECT count(*) FROM outbox) = (SELECT instances FROM totals)") ?? false
    }
    if isComplete { return }
    try writer.change { db in
      let missing = """
        FROM instance JOIN series ON series.id = series_id
        WHERE NOT EXISTS (SELECT 1 FROM outbox WHERE instance_id = instance.id)
        """
      try db.execute(
        sql: """
          INSERT OR IGNORE INTO outbox_study (study_id, urgency, last_at)
            SELECT series.study_id, ?, max(received_at) \(missing) GROUP BY series.study_id
          """, arguments: [Urgency.routine.rank])
      try db.execute(
        sql: """
          INSERT INTO outbox (instance_id, study_id, queued_at, size, waits)
            SELECT instance.id, series.study_id, received_at, size, preparation = 0 \(missing) ORDER BY instance.id
          """)
    }
  }
}
