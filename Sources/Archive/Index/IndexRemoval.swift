import GRDB

/// Takes rows out of the index, with all that counted them.
enum IndexRemoval {
  /// Removes an instance's row, and its series and study when it was their last.
  static func remove(instance id: Int64, _ db: Database) throws {
    guard
      let row = try Row.fetchOne(
        db,
        sql:
          "SELECT series_id, study_id, size, preparation FROM instance JOIN series ON series.id = series_id WHERE instance.id = ?",
        arguments: [id])
    else { return }
    let series: Int64 = row[0]
    let study: Int64 = row[1]
    // What is still coming is not counted.
    let isArriving = row[3] == PreparationState.arriving.rawValue
    let size: Int64 = isArriving ? 0 : row[2]
    try db.execute(sql: "DELETE FROM instance WHERE id = ?", arguments: [id])
    try db.execute(sql: "UPDATE series SET instance_count = instance_count - 1 WHERE id = ?", arguments: [series])
    try db.execute(sql: "DELETE FROM series WHERE id = ? AND instance_count = 0", arguments: [series])
    let removedSeries = db.changesCount
    try db.execute(
      sql: """
        UPDATE study SET instance_count = instance_count - 1, series_count = series_count - ?,
          modalities = (SELECT coalesce(group_concat(modality, '\\'), '') FROM (
            SELECT DISTINCT modality FROM series WHERE study_id = study.id AND modality != '' ORDER BY modality))
        WHERE id = ?
        """, arguments: [removedSeries, study])
    try db.execute(sql: "DELETE FROM study WHERE id = ? AND instance_count = 0", arguments: [study])
    try db.execute(
      sql: """
        UPDATE totals SET studies = studies - ?, series = series - ?, instances = instances - ?, bytes = bytes - ?
        """, arguments: [db.changesCount, removedSeries, isArriving ? 0 : 1, size])
  }
}
