import DICOM
import Foundation
import GRDB

/// An object that is all here and is what its digest says.
struct ProvenArrival {
  let arrival: OpenArrival
  let entry: IndexEntry
}

extension Arrivals {
  /// Lets proven objects join the archive: the names first, then the index that speaks of them.
  ///
  /// - Parameter areNamed: after a crash, when the files have their names already.
  func adopt(_ proven: [ProvenArrival], areNamed: Bool = false) throws(ArrivalFailure) -> [ArrivalAnswer] {
    if proven.isEmpty { return [] }
    // Neither a sender nor a check of the archive sees a file without its row.
    let conflicts = try flights.alone(Set(proven.map(\.arrival.uid))) { () throws(ArrivalFailure) in
      try change { try join(proven, areNamed: areNamed) }
    }
    var answers: [ArrivalAnswer] = []
    for object in proven {
      guard let other = conflicts[object.arrival.digest] else {
        let isClosed = monitor.withLock { state in
          defer { state.close(object.arrival) }
          return object.arrival.isClosed
        }
        if isClosed { continue }
        metrics.whole.increment()
        answers.append(ArrivalAnswer(digest: object.arrival.digest.hex, state: .whole))
        continue
      }
      answers.append(
        try setAside(
          object.arrival, .conflict, .conflict,
          "SOP Instance UID \(object.arrival.uid) is kept with other bytes (\(other.name))"))
    }
    noteGauges()
    reached(.settled)
    return answers
  }

  /// Gives files their names and rows. What another object is in the way of is left as it is, and named in the result.
  private func join(_ proven: [ProvenArrival], areNamed: Bool) throws -> [Digest: KeptFile] {
    var conflicts: [Digest: KeptFile] = [:]
    // What was given up, or came whole by another door while it was proven, has ended.
    let proven = monitor.withLock { _ in proven.filter { !$0.arrival.isClosed } }
    for object in proven { conflicts[object.arrival.digest] = try conflict(of: object) }
    let joining = proven.filter { conflicts[$0.arrival.digest] == nil }
    for object in joining { try removeUnlessAsShown(object) }
    if !areNamed {
      for object in joining { try name(object.arrival) }
      try flushNames()
    }
    reached(.named)
    try writer.transaction { transaction in
      for object in joining { try keep(object, &transaction) }
    }
    reached(.switched)
    try flushIndex()
    return conflicts
  }

  /// The object that is in the way of another: under its SOP Instance UID, or with its bytes under another one.
  private func conflict(of object: ProvenArrival) throws -> KeptFile? {
    let digests = [Data(object.arrival.digest.bytes), Data(object.arrival.name.received.bytes)]
    let other = try index.pool.read { db in
      try KeptFile.fetch(
        db, where: "uid != ? AND (digest IN (?,?) OR received_digest IN (?,?))",
        [object.arrival.object.instance] + StatementArguments(digests + digests))
    }
    if let other { return other }
    guard let kept = try index.kept(object.arrival.uid), !kept.isArriving else { return nil }
    let known = [kept.name.digest, kept.name.received]
    return known.contains(object.arrival.digest) || known.contains(object.arrival.name.received) ? nil : kept
  }

  private func name(_ arrival: OpenArrival) throws {
    let path = path(arrival.digest)
    chmod(path, 0o440)
    try Folder.rename(path, to: objects.path(arrival.name))
  }

  private func flushNames() throws {
    do {
      try objects.flush()
    } catch {
      latch.fail(error)
      throw error
    }
  }

  private func keep(_ object: ProvenArrival, _ transaction: inout IndexTransaction) throws {
    let (arrival, entry, db) = (object.arrival, object.entry, transaction.db)
    try ArrivalRows.forgetRefusal(of: arrival.digest, from: arrival.site, db)
    guard let kept = try KeptFile.fetch(db, where: "uid = ?", [arrival.object.instance]) else {
      let id = try transaction.add(entry)
      try ArrivalRows.noteWhole(instance: id, from: arrival.site, arrival.digest, db)
      return try ArrivalRows.remove(arrival.id, db)
    }
    if !kept.isArriving {
      // The same object came whole by another door.
      try ArrivalRows.noteWhole(instance: kept.id, from: arrival.site, arrival.digest, db)
      return try ArrivalRows.remove(arrival.id, db)
    }
    try IndexReplacement.complete(kept, entry, db)
  }

  /// Takes the row of an arriving object out when it does not say what the object says: what came of the header first was damaged, and
  /// a study may have been named after it. Its arrival goes on without a row.
  private func removeUnlessAsShown(_ object: ProvenArrival) throws {
    guard let kept = try index.kept(object.arrival.uid), kept.isArriving else { return }
    let shown = try index.pool.read { db in
      try Data.fetchOne(
        db.cachedStatement(sql: "SELECT json FROM metadata WHERE instance_id = ?"), arguments: [kept.id])
    }
    guard let shown, !Self.says(object.entry.json, Array(shown)) else { return }
    try writer.change { try IndexRemoval.remove(instance: kept.id, $0) }
    monitor.withLock { _ in object.arrival.instance = nil }
  }

  /// Whether both say the same of everything that stands before the pixels.
  private static func says(_ json: [UInt8], _ shown: [UInt8]) -> Bool {
    func members(_ json: [UInt8]) -> [Tag: [UInt8]] {
      json.withUnsafeBytes { bytes in
        Dictionary(
          JSONMembers(bytes).members.filter { $0.tag < .extendedOffsetTable }.map { ($0.tag, Array(bytes[$0.range])) },
          uniquingKeysWith: { first, _ in first })
      }
    }
    return members(shown) == members(json)
  }

  // MARK: - By another door

  /// Switches an arriving row to the object's file, which was stored whole. Alone under its UID.
  func complete(_ kept: KeptFile, with entry: IndexEntry) throws {
    let found = try writer.transaction { transaction in
      let found = try ArrivalRows.fetch(transaction.db, where: "instance_id = ?", [kept.id]).first
      if try KeptFile.fetch(transaction.db, where: "id = ? AND preparation = 4", [kept.id]) != nil {
        try IndexReplacement.complete(kept, entry, transaction.db)
      } else {
        // It was given up while the object was stored.
        try transaction.add(entry)
      }
      return found
    }
    if let found, let digest = Digest(hex: found.object.digest) { forget(found, digest) }
  }

  // MARK: - By hand

  /// Gives up an object that does not come any more: what of it is here, and its row, go. False when it is not under way.
  public func discard(_ digest: String) throws(ArrivalFailure) -> Bool {
    try counted { () throws(ArrivalFailure) in
      guard let name = Digest(hex: digest) else { return false }
      let found = try change { try writer.change { try remove(name, $0) } }
      guard let found else { return false }
      try flushIndex()
      forget(found, name)
      return true
    }
  }

  private func remove(_ name: Digest, _ db: Database) throws -> ArrivalRows.Found? {
    guard let found = try ArrivalRows.fetch(db, where: "arrival.digest = ?", [Data(name.bytes)]).first else {
      return nil
    }
    if let row = found.instance { try IndexRemoval.remove(instance: row, db) }
    try ArrivalRows.remove(found.id, db)
    return found
  }

  /// Ends what has ended in the index.
  private func forget(_ found: ArrivalRows.Found, _ name: Digest) {
    monitor.withLock { state in
      if let arrival = state.known[name] {
        state.close(arrival)
      } else {
        state.discount(found.object, from: found.site, have: found.have.count)
      }
    }
    unlink(path(name))
    noteGauges()
  }
}
