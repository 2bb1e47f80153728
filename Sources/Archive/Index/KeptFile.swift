import Foundation
import GRDB

/// Which file the index has for an object.
struct KeptFile: Sendable {
  /// The row.
  let id: Int64
  let name: ObjectName
  /// Bytes of the file.
  let size: Int
  /// The object comes over a thin link, and not all of it is here: there is no such file yet.
  let isArriving: Bool

  static func fetch(_ db: Database, where condition: String, _ arguments: StatementArguments) throws -> KeptFile? {
    let statement = try db.cachedStatement(
      sql: "SELECT id, digest, received_digest, size, preparation FROM instance WHERE \(condition)")
    return try Row.fetchOne(statement, arguments: arguments).flatMap { KeptFile($0) }
  }

  /// From a row that begins with id, digest, received_digest, size and preparation.
  init?(_ row: Row) {
    guard let digest = Digest(row[1] as Data), let received = Digest(row[2] as Data) else { return nil }
    id = row[0]
    name = ObjectName(digest, received: received)
    size = row[3]
    isArriving = row[4] == PreparationState.arriving.rawValue
  }
}
