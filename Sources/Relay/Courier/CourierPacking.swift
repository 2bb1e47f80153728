import Archive
import Foundation

/// An export under way: makes its files one behind the other, as the carrier has room. Nothing of it is on the site's disk.
///
/// First a chunk of cases and manifests, then chunks of objects, the most urgent studies first, then the manifest.
struct CourierPacking {
  /// A file as it is to be written.
  struct Made {
    var name: String
    var bytes: [UInt8]
    /// The manifest: nothing comes after it.
    var isLast: Bool
  }

  let export = CourierFile.random(16)
  private(set) var report = CourierExport.Report()
  /// Bytes of all objects that wait.
  private(set) var total = 0
  private let archive: Archive
  private let key: SiteKey
  private let chunkSize: Int
  private var objects: ArraySlice<OutboxObject>
  /// Where the first of the objects goes on.
  private var position = 0
  private var chunks: [String] = []
  private var isFull = false

  /// Blocks.
  init(archive: Archive, key: SiteKey, chunkSize: Int) throws {
    self.archive = archive
    self.key = key
    self.chunkSize = chunkSize
    let studies = try archive.outbox.studies().filter { !$0.isAcknowledged }
    report.waiting = studies.reduce(0) { $0 + $1.objects - $1.settled }
    objects = try studies.flatMap { try archive.outbox.objects(study: $0.study) }[...]
    total = objects.reduce(0) { $0 + $1.object.size }
  }

  /// The number of the next file.
  var number: Int { chunks.count }

  /// The next file, in at most so many bytes; the manifest when nothing is left, or nothing fits. Blocks.
  ///
  /// - Throws: ``CourierFailure/noRoom(_:)``, or what the archive says.
  mutating func next(room: Int) throws -> Made {
    if chunks.isEmpty {
      guard let made = try seal(head(), room) else { throw CourierFailure.noRoom("the carrier") }
      return made
    }
    while !objects.isEmpty, !isFull {
      let plan = ChunkPlan(objects, from: position, size: min(chunkSize, room - Self.overhead(objects.count)))
      guard let last = plan.pieces.last else { break }
      let (writer, lost) = try fill(plan)
      guard let made = try seal(writer, room) else { break }
      // Where the next chunk goes on: in the middle of an object, or with the next.
      position = last.range.upperBound == last.object.object.size ? 0 : last.range.upperBound
      objects = objects.dropFirst(plan.finished)
      report.objects += plan.finished - lost
      report.bytes += plan.pieces.reduce(0) { $0 + $1.range.count }
      return made
    }
    isFull = !objects.isEmpty
    return try manifest()
  }

  private mutating func seal(_ writer: BatchWriter, _ room: Int) throws -> Made? {
    let file = CourierFile(kind: .chunk, number: UInt32(chunks.count), export: export, content: writer.finish())
    guard file.content.count + CourierFile.overhead <= room else { return nil }
    let name = CourierFolder.chunkName(chunks.count, of: export)
    let made = Made(name: name, bytes: try file.sealed(for: key), isLast: false)
    chunks.append(name)
    report.files = chunks.count
    return made
  }

  private mutating func manifest() throws -> Made {
    report.left = objects.count
    report.files = chunks.count + 1
    let manifest = CourierManifest(
      site: key.site, chunks: chunks, objects: report.objects, bytes: report.bytes, cases: report.cases,
      isEverything: objects.isEmpty && report.waiting == 0 && report.unreadable == 0)
    let content = [UInt8](try JSONEncoder().encode(manifest))
    return Made(
      name: CourierFolder.manifestName,
      bytes: try CourierFile(kind: .manifest, export: export, content: content).sealed(for: key), isLast: true)
  }

  private mutating func head() throws -> BatchWriter {
    var head = BatchWriter()
    for form in try archive.cases.pending() {
      try head.append(.form(form))
      report.cases += 1
    }
    for study in try archive.outbox.studies() where !study.isAcknowledged {
      if let manifest = try archive.outbox.manifest(of: study.study) { try head.append(.manifest(manifest)) }
    }
    return head
  }

  /// The batch of a chunk: its objects are announced, those too that began in the chunk before, as that may be damaged. Gives how many
  /// objects that should end in it do not.
  private mutating func fill(_ plan: ChunkPlan) throws -> (writer: BatchWriter, lost: Int) {
    var writer = BatchWriter()
    var rest = plan.objects.map(\.object)[...]
    while !rest.isEmpty {
      // No record may unpack to more than the hub takes.
      var size = 0
      let part = rest.prefix { object in
        size += 640 + object.frames.reduce(0) { $0 + 12 * $1.count }
        return size <= Courier.announcementSize
      }
      let count = max(1, part.count)
      try writer.append(.announce(Array(rest.prefix(count))))
      rest = rest.dropFirst(count)
    }
    var lost = 0
    for piece in plan.pieces {
      let isEnd = piece.range.upperBound == piece.object.object.size
      guard let name = piece.object.object.shortName, let found = try archive.outbox.path(of: piece.object) else {
        // It went over the link meanwhile, or it was prepared anew and stays for the next time.
        if isEnd {
          report.waiting += 1
          lost += 1
        }
        continue
      }
      if let bytes = Self.read(found.path, piece.range) {
        bytes.withUnsafeBytes { _ = writer.append(segmentOf: name, at: piece.range.lowerBound, $0) }
      } else if isEnd {
        report.unreadable += 1
        lost += 1
      }
      withExtendedLifetime(found.lease) {}
    }
    return (writer, lost)
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
