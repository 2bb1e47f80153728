import DICOM
import Foundation
import GRDB

extension Arrivals {
  /// Puts right what an end without goodbye left, and counts what is under way. Reads the rows of open arrivals, and of files only those
  /// that had just got their names.
  func recover() throws {
    var files = Set(try Folder.names(directory).filter { $0.hasSuffix(".part") })
    var named: [ProvenArrival] = []
    var lost = 0
    var last: Int64 = 0
    while true {
      let batch = try index.pool.read { try ArrivalRows.fetch($0, where: "id > ? ORDER BY id LIMIT 1000", [last]) }
      guard let end = batch.last else { break }
      last = end.id
      for found in batch {
        guard let digest = Digest(hex: found.object.digest) else { continue }
        let path = path(digest)
        let size = Folder.fileSize(path)
        files.remove("\(digest.hex).part")
        monitor.withLock { $0.count(found.object, from: found.site, have: found.have.count) }
        if found.have.isEmpty {
          // Thrown away, or never flushed.
          if size != nil { try Folder.remove(path) }
        } else if size ?? 0 < found.have.end {
          let arrival = monitor.withLock { state in
            let arrival = OpenArrival(found, digest)
            state.remember(arrival)
            return arrival
          }
          if let entry = try entry(ofNamed: arrival) {
            named.append(ProvenArrival(arrival: arrival, entry: entry))
          } else {
            // The index speaks of bytes that are not there: they are asked for again.
            lost += 1
            try Folder.remove(path)
            try writer.change(keepsRows: true) {
              try ArrivalRows.set(
                found.id, have: ByteRanges(), stage: .nothing, instance: found.instance, at: found.lastAt, $0)
            }
            monitor.withLock { state in
              state.wanting += arrival.have.count
              arrival.have = ByteRanges()
              arrival.written = ByteRanges()
            }
          }
        }
      }
    }
    for file in files { try Folder.remove(directory + "/" + file) }
    // Rows that nothing stands behind: of arrivals that this program did not write.
    let strays = try index.pool.read { db in
      try Int64.fetchAll(
        db,
        sql: """
          SELECT id FROM instance INDEXED BY instance_arriving WHERE preparation = 4
            AND id NOT IN (SELECT instance_id FROM arrival_state WHERE instance_id IS NOT NULL)
          """)
    }
    for id in strays { try writer.change { try IndexRemoval.remove(instance: id, $0) } }
    _ = try adopt(named, areNamed: true)
    noteGauges()
    if lost > 0 {
      logger.error("Bytes of arriving objects are lost; they are asked for again.", metadata: ["objects": "\(lost)"])
    }
  }

  /// The entry of an object that had its name in the store when the end came, and its row had not changed yet.
  private func entry(ofNamed arrival: OpenArrival) throws -> IndexEntry? {
    let path = objects.path(arrival.name)
    guard arrival.isWhole, try ObjectCheck.digest(of: path) == arrival.digest else { return nil }
    return try Self.entry(ofWhole: arrival, path: path)
  }
}
