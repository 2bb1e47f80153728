import Archive
import Foundation

/// Writes what the hub does not have onto a carrier, such as a USB stick, encrypted with the site's key.
///
/// Cases and manifests first, then the objects of the most urgent studies, until everything is there or the carrier is full. Several
/// sites may use the same carrier. What an earlier export of this site left there is replaced, after its receipts were taken.
public struct CourierExport: Sendable {
  /// What was written.
  public struct Report: Sendable, Equatable, Codable {
    public var cases = 0
    public var objects = 0
    /// Of the objects.
    public var bytes = 0
    public var files = 0
    /// Objects for which there was no room.
    public var left = 0
    /// Objects that are still to be prepared; an archive that is opened without preparation has none.
    public var waiting = 0
    /// Objects that could not be read.
    public var unreadable = 0
    /// Objects that the hub was found to have, by receipts on the carrier.
    public var acknowledged = 0
  }

  private let archive: Archive
  private let key: SiteKey
  private let folder: CourierFolder
  private let carrier: String
  private let chunkSize: Int
  private let room: Int?

  /// - Parameters:
  ///   - carrier: an existing folder.
  ///   - room: bytes that may be written; nil: what is free.
  public init(archive: Archive, key: SiteKey, carrier: String, room: Int? = nil) {
    self.init(archive: archive, key: key, carrier: carrier, room: room, chunkSize: Courier.chunkSize)
  }

  /// - Parameter chunkSize: tests make small ones.
  init(archive: Archive, key: SiteKey, carrier: String, room: Int?, chunkSize: Int) {
    self.archive = archive
    self.key = key
    self.carrier = carrier
    self.room = room
    self.chunkSize = chunkSize
    folder = CourierFolder(of: key, on: carrier)
  }

  /// Writes everything. Blocks, for as long as the carrier takes.
  ///
  /// - Parameter progress: called with the bytes of objects so far and in all.
  /// - Throws: ``CourierFailure``, or what the archive says.
  public func run(progress: (Int, Int) -> Void = { _, _ in }) throws -> Report {
    var report = Report()
    try folder.make()
    do {
      report.acknowledged = try CourierReceipts(archive: archive, key: key, carrier: carrier).run().objects
    } catch is CourierFailure {
      // None yet, or damaged ones: what they would have said is exported once more.
    }
    // The manifest goes first: what is left without it is known as unfinished.
    try folder.remove([CourierFolder.manifestName])
    try folder.remove(folder.files())
    try write(&report, progress)
    return report
  }

  private func write(_ report: inout Report, _ progress: (Int, Int) -> Void) throws {
    let export = CourierFile.random(16)
    var left = room ?? max(0, (folder.room() ?? .max) - Self.spare)
    var chunks: [String] = []
    func put(_ writer: BatchWriter) throws -> Bool {
      let content = writer.finish()
      let file = CourierFile(kind: .chunk, number: UInt32(chunks.count), export: export, content: content)
      let bytes = try file.sealed(for: key)
      guard bytes.count <= left else { return false }
      left -= bytes.count
      let name = CourierFolder.chunkName(chunks.count, of: export)
      try folder.write(bytes, as: name)
      chunks.append(name)
      return true
    }

    let studies = try archive.outbox.studies().filter { !$0.isAcknowledged }
    var head = BatchWriter()
    for form in try archive.cases.pending() {
      try head.append(.form(form))
      report.cases += 1
    }
    for study in studies {
      if let manifest = try archive.outbox.manifest(of: study.study) { try head.append(.manifest(manifest)) }
    }
    guard try put(head) else { throw CourierFailure.noRoom(carrier) }

    report.waiting = studies.reduce(0) { $0 + $1.objects - $1.settled }
    var objects = try studies.flatMap { try archive.outbox.objects(study: $0.study) }[...]
    let total = objects.reduce(0) { $0 + $1.object.size }
    var position = 0
    while !objects.isEmpty {
      let plan = ChunkPlan(objects, from: position, size: min(chunkSize, left - Self.overhead(objects.count)))
      guard let last = plan.pieces.last else { break }
      let writer = try fill(plan, &report)
      guard try put(writer) else { break }
      // Where the next chunk goes on: in the middle of an object, or with the next.
      let isWhole = last.range.upperBound == last.object.object.size
      objects = objects.dropFirst(plan.finished)
      position = isWhole ? 0 : last.range.upperBound
      report.objects += plan.finished
      report.bytes += plan.pieces.reduce(0) { $0 + $1.range.count }
      progress(report.bytes, total)
    }
    report.left = objects.count
    report.objects -= report.unreadable
    report.files = chunks.count + 1
    let manifest = CourierManifest(
      site: key.site, chunks: chunks, objects: report.objects, bytes: report.bytes, cases: report.cases,
      isEverything: objects.isEmpty && report.waiting == 0)
    let content = [UInt8](try JSONEncoder().encode(manifest))
    try folder.write(
      CourierFile(kind: .manifest, export: export, content: content).sealed(for: key), as: CourierFolder.manifestName)
  }

  /// The batch of a chunk: its objects are announced, those too that began in the chunk before, as that may be damaged.
  private func fill(_ plan: ChunkPlan, _ report: inout Report) throws -> BatchWriter {
    var writer = BatchWriter()
    try writer.append(.announce(plan.objects.map(\.object)))
    for piece in plan.pieces {
      guard let name = piece.object.object.shortName, let found = try archive.outbox.path(of: piece.object),
        let bytes = Self.read(found.path, piece.range)
      else {
        if piece.range.upperBound == piece.object.object.size { report.unreadable += 1 }
        continue
      }
      bytes.withUnsafeBytes { _ = writer.append(segmentOf: name, at: piece.range.lowerBound, $0) }
      withExtendedLifetime(found.lease) {}
    }
    return writer
  }

  private static func read(_ path: String, _ range: Range<Int>) -> Data? {
    guard let file = FileHandle(forReadingAtPath: path) else { return nil }
    defer { try? file.close() }
    do {
      try file.seek(toOffset: UInt64(range.lowerBound))
      let data = try file.read(upToCount: range.count)
      return data?.count == range.count ? data : nil
    } catch { return nil }
  }

  /// Bytes that stay free on a carrier, for the manifest and the receipts of the hub.
  private static let spare = 4 << 20

  /// Bytes of a chunk beside what it carries, about.
  private static func overhead(_ objects: Int) -> Int { 4096 + min(objects, 4096) * 512 }
}

/// Which ranges of which objects the next chunk holds.
private struct ChunkPlan {
  struct Piece {
    var object: OutboxObject
    var range: Range<Int>
  }

  private(set) var pieces: [Piece] = []
  private(set) var objects: [OutboxObject] = []
  /// Objects whose last byte is in this chunk.
  private(set) var finished = 0

  /// - Parameter position: where the first object goes on.
  init(_ objects: ArraySlice<OutboxObject>, from position: Int, size: Int) {
    var left = size
    var position = position
    for object in objects where self.objects.count < BatchLimits().objects {
      guard left > 0 else { break }
      self.objects.append(object)
      while left > 0, position < object.object.size {
        let end = min(position + min(left, Courier.pieceSize), object.object.size)
        pieces.append(Piece(object: object, range: position..<end))
        left -= end - position
        position = end
      }
      guard position == object.object.size else { break }
      finished += 1
      position = 0
    }
  }
}
