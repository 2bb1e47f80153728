import Foundation
import GRDB

/// Which file the index has for an object.
struct KeptFile: Sendable {
  /// The row.
  let id: Int64
  let name: ObjectName
  /// Bytes of the file.
  let size: Int

  static func fetch(_ db: Database, where condition: String, _ arguments: StatementArguments) throws -> KeptFile? {
    let statement = try db.cachedStatement(
      sql: "SELECT id, digest, received_digest, size FROM instance WHERE \(condition)")
    return try Row.fetchOne(statement, arguments: arguments).flatMap { KeptFile($0) }
  }

  init(id: Int64, name: ObjectName, size: Int) {
    self.id = id
    self.name = name
    self.size = size
  }

  /// From a row that begins with id, digest, received_digest and size.
  init?(_ row: Row) {
    guard let digest = Digest(row[1] as Data), let received = Digest(row[2] as Data) else { return nil }
    id = row[0]
    name = ObjectName(digest, received: received)
    size = row[3]
  }
}
