import Logging

/// Makes the files of a journal, and opens those that are there.
struct JournalSegmentMaker: Sendable {
  let directory: String
  /// Bytes of a segment, a multiple of 4096.
  let size: Int
  private let reserve: DiskReserve
  private let logger: Logger

  init(directory: String, size: Int, reserve: DiskReserve, logger: Logger) {
    self.directory = directory
    self.size = max(size, JournalSegment.minimumSize) & ~4095
    self.reserve = reserve
    self.logger = logger
  }

  /// Bytes of the first two segments, which are made while a new archive starts: at most what takes about 50 ms each.
  var firstSize: Int { min(size, 64 << 20) }

  /// Every segment; a new archive gets its first ones.
  func openAll(isDirect: Bool) throws -> [JournalSegment] {
    if try JournalReplay.segmentPaths(directory).isEmpty {
      // Two at once, before the first image: making one while images come in costs each of them its share of the disk.
      for number in 0...1 { try JournalSegment.make(directory + "/\(number).log", capacity: firstSize) }
      try Folder.flush(directory)
    }
    return try JournalReplay.segmentPaths(directory).map { try JournalSegment(opening: $0, isDirect: isDirect) }
      .filter { $0.capacity >= JournalSegment.minimumSize }
  }

  /// A path that no segment has.
  func freePath(besides segments: [JournalSegment]) -> String {
    let used = Set(segments.map(\.path))
    return (0...segments.count).lazy.map { "\(directory)/\($0).log" }.first { !used.contains($0) }!
  }

  /// Makes one more; nil when there is no room for it.
  func make(_ path: String, epoch: UInt64, isDirect: Bool) -> JournalSegment? {
    do {
      try reserve.require(size)
      try JournalSegment.make(path, capacity: size)
      try Folder.flush(directory)
      let segment = try JournalSegment(opening: path, isDirect: isDirect)
      try segment.markEmpty(epoch: epoch)
      return segment
    } catch {
      logger.warning("The journal cannot grow; it goes on with what it has.", metadata: ["error": "\(error)"])
      return nil
    }
  }
}
