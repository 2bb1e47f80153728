import DICOM
import Foundation
import GRDB
import Glibc
import Imaging

extension Outbox {
  /// Whether an object is held back until it is prepared, or is not to be.
  ///
  /// Not while the disk is too short for that: then only sending makes room.
  var waitsForPreparation: Bool { prepares && reserve.left() > Self.roomToPrepare }

  /// Free bytes above the reserve from which on the preparation can be waited for.
  private static let roomToPrepare = 64 << 20

  /// What of a study is to be sent now: settled, not acknowledged, not stepped aside. By series and number.
  public func objects(study: String) throws -> [OutboxObject] {
    guard isUsed else { return [] }
    let waits = waitsForPreparation
    return try index.pool.read { db in
      let keys = try keyImages(of: study, db)
      return try Row.fetchAll(
        db.cachedStatement(
          sql: """
            SELECT outbox.id, queued_at, failures, digest, received_digest, instance.size, study.uid, series.uid, instance.uid,
              sop_class, transfer_syntax, pixel_data, layers, series.number, instance.number, series.modality
            FROM study CROSS JOIN outbox INDEXED BY outbox_to_send ON outbox.study_id = study.id
            CROSS JOIN instance ON instance.id = outbox.instance_id CROSS JOIN series ON series.id = series_id
            LEFT JOIN prepared_file ON prepared_file.instance_id = instance.id
            WHERE study.uid = ? AND acknowledged_at = 0 AND aside = '' AND (waits = 0 OR NOT ?)
            ORDER BY series.number, series.id, instance.number, instance.id
            """), arguments: [study, waits]
      ).compactMap { OutboxObject($0, keys) }
    }
  }

  /// The SOP Instance UIDs that key object selections of the study name.
  private func keyImages(of study: String, _ db: Database) throws -> Set<String> {
    let documents = try Data.fetchAll(
      db.cachedStatement(
        sql: """
          SELECT json FROM study CROSS JOIN series ON series.study_id = study.id
          CROSS JOIN instance ON instance.series_id = series.id CROSS JOIN metadata ON metadata.instance_id = instance.id
          WHERE study.uid = ? AND series.modality = 'KO' AND sop_class = ?
          """), arguments: [study, SOPClass.keyObjectSelectionDocumentStorage.rawValue])
    var named: Set<String> = []
    for document in documents {
      guard let json = try? JSONSerialization.jsonObject(with: document) else { continue }
      Self.collect(json, into: &named)
    }
    return named
  }

  /// Every Referenced SOP Instance UID (0008,1155), at whatever depth.
  private static func collect(_ json: Any, into named: inout Set<String>) {
    if let items = json as? [Any] { for item in items { collect(item, into: &named) } }
    guard let members = json as? [String: Any] else { return }
    for (name, value) in members {
      if name == Tag.referencedSOPInstanceUID.hex, let values = (value as? [String: Any])?["Value"] as? [String] {
        named.formUnion(values)
      } else {
        collect(value, into: &named)
      }
    }
  }

  /// The file of an object, which stays there as long as the lease lives: see ``path(of:)-(ArrivingObject)``.
  public func path(of object: OutboxObject) throws -> (path: String, lease: OutboxLease)? {
    try path(of: object.object)
  }

  /// The file of an object, which stays there as long as the lease lives.
  ///
  /// nil when the object has another file by now, or has gone: ask for the study's objects again.
  public func path(of object: ArrivingObject) throws -> (path: String, lease: OutboxLease)? {
    guard let digest = Digest(hex: object.digest), let received = Digest(hex: object.receivedDigest)
    else {
      return nil
    }
    // Before the look at the file: see ReadLeases.
    let lease = leases.lease(UID(rawValue: object.study))
    try placer.place(digest)
    let path = objects.path(ObjectName(digest, received: received))
    guard Folder.fileSize(path) == object.size else { return nil }
    return (path, OutboxLease(lease: lease))
  }
}

/// Keeps the file of an object there, for an hour at most.
public final class OutboxLease: Sendable {
  private let lease: ReadLease

  init(lease: ReadLease) { self.lease = lease }
}

extension OutboxObject {
  fileprivate init?(_ row: Row, _ keys: Set<String>) {
    guard let digest = Digest(row[3] as Data), let received = Digest(row[4] as Data) else { return nil }
    let number = { (value: Int64) in value == IndexSchema.noNumber ? nil : Int(value) }
    let instance: String = row[8]
    let layers = (row[12] as Data?).flatMap { LayerTable(encoded: Array($0)) }
    let pixels = PixelDataLocation(encoded: Array(row[11] as Data))
    id = row[0]
    storedAt = Date(timeIntervalSince1970: row[1])
    failures = row[2]
    object = ArrivingObject(
      digest: digest.hex, receivedDigest: received.hex, size: row[5], study: row[6], series: row[7],
      instance: instance, sopClass: row[9], transferSyntax: row[10],
      frames: layers?.arriving ?? pixels?.arriving ?? [], isLadder: layers != nil)
    seriesNumber = number(row[13])
    instanceNumber = number(row[14])
    isKeyImage = keys.contains(instance)
    modality = row[15]
  }
}

extension ArrivingObject {
  /// An object whose header reaches to its first frame.
  fileprivate init(
    digest: String, receivedDigest: String, size: Int, study: String, series: String, instance: String,
    sopClass: String, transferSyntax: String, frames: [[Int]], isLadder: Bool
  ) {
    // What no frame can be said to be is one piece.
    let ends = frames.map { $0[0] + $0[$0.count - 1] }
    let isInOrder = zip(frames.dropFirst(), ends).allSatisfy { $0[0] >= $1 } && (ends.last ?? 0) <= size
    let frames = isInOrder && frames.count <= Self.mostFrames ? frames : []
    self.init(
      digest: digest, receivedDigest: receivedDigest, size: size, study: study, series: series, instance: instance,
      sopClass: sopClass, transferSyntax: transferSyntax, header: frames.first?[0] ?? size, frames: frames,
      isLadder: isLadder && !frames.isEmpty)
  }
}

extension LayerTable {
  /// As announced: each frame's offset, then where its layers end.
  fileprivate var arriving: [[Int]] { frames.map { [$0.offset] + $0.layerEnds } }
}

extension PixelDataLocation {
  /// As announced: each frame's offset and length, with what lies between its fragments. nil for what is no range of the file.
  fileprivate var arriving: [[Int]]? {
    if isInInflatedDataSet { return nil }
    var frames: [[Int]] = []
    frames.reserveCapacity(frameCount)
    for frame in 0..<frameCount {
      let fragments = fragments(of: frame)
      guard let first = fragments.first, let last = fragments.last, last.upperBound > first.lowerBound else {
        return nil
      }
      frames.append([first.lowerBound, last.upperBound - first.lowerBound])
    }
    return frames
  }
}
