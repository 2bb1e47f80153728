import DICOM
import Foundation
import GRDB
import Testing

@testable import Archive

/// Received files stay beside prepared ones for a while.
@Suite struct RetentionTests {
  let folder: TestFolder
  let sample: ImagePreparationSample

  init() throws {
    folder = try TestFolder()
    sample = try .slice()
  }

  private func open(keeping time: Duration, prepares: Bool = true) throws -> Archive {
    try Archive.make(in: folder) { options in
      var preparation = PreparationOptions.eager()
      preparation.keepReceivedFor = time
      preparation.prepares = prepares
      options.preparation = preparation
    }
  }

  private func waitUntilNothingWaits(_ archive: Archive) async throws {
    for _ in 0..<3000 where try archive.preparationStatus().waiting > 0 { try await Task.sleep(for: .milliseconds(10)) }
    #expect(try archive.preparationStatus().waiting == 0)
  }

  private func clerk(of archive: Archive, keeping time: Duration, reserve: Int = 0) -> PreparationClerk {
    var options = PreparationOptions.eager()
    options.keepReceivedFor = time
    return PreparationClerk(
      plan: PreparationPlan(lookout: .seconds(1)), options: options, replacement: archive.replacement,
      reserve: DiskReserve(directory: folder.path, reserve: reserve), metrics: PreparationMetrics(),
      logger: archive.logger)
  }

  /// An archive of objects that are prepared one after the other, and who removes the received files.
  private func prepared(
    _ count: Int, keeping time: Duration, reserve: Int = 0
  ) async throws -> (Archive, PreparationClerk, received: [String]) {
    let archive = try Archive.make(in: folder)
    var clerk = self.clerk(of: archive, keeping: time, reserve: reserve)
    _ = try clerk.removeSuperseded()
    var received: [String] = []
    for number in 0..<count {
      try archive.store(ImagePreparationSample.slice(number).bytes)
      let (job, made, entry, facts) = try archive.work()
      received.append(archive.objects.path(job.received))
      clerk.end(job, .made(path: made, entry: entry, facts: facts, encoding: .zero, proof: .zero), .zero)
    }
    return (archive, clerk, received)
  }

  private func exist(_ paths: [String]) -> [Bool] { paths.map { FileManager.default.fileExists(atPath: $0) } }

  @Test func `A received file stays for its time, serves, and goes when its time has come`() async throws {
    var (archive, clerk, received) = try await prepared(1, keeping: .seconds(3600))
    _ = try clerk.removeSuperseded()
    let record = try await archive.onlyRecord()
    #expect(record.hasReceivedFile && record.layers != nil && archive.receivedPath(of: record) == received[0])
    #expect(try Data(contentsOf: URL(filePath: received[0])) == Data(sample.bytes))
    #expect(archive.path(of: record) != received[0])
    #expect(try archive.statistics().bytes == record.size)
    #expect(stored(try archive.store(sample.bytes)) == nil)
    let report = try archive.verify()
    #expect(report.isClean && report.leftovers == 0, "\(report)")
    // The end of a process is not the end of its time.
    _ = try clerk.removeSuperseded(isLast: true)
    #expect(exist(received) == [true])
    for seconds in [3500.0, 200] {
      #expect(exist(received) == [true])
      try await archive.index.pool.write { db in
        try db.execute(sql: "UPDATE prepared_file SET prepared_at = prepared_at - ?", arguments: [seconds])
      }
      // One that knows it from the index.
      var later = self.clerk(of: archive, keeping: .seconds(3600))
      _ = try later.removeSuperseded()
    }
    #expect(exist(received) == [false])
    let later = try await archive.onlyRecord()
    #expect(!later.hasReceivedFile && archive.receivedPath(of: later) == nil && later.digest == record.digest)
    #expect(try archive.verify().isClean)
    try archive.close()
  }

  @Test func `Where the disk is short received files go early`() async throws {
    var facts = statvfs()
    #expect(statvfs(folder.path, &facts) == 0)
    let available = Int(facts.f_bavail) * Int(facts.f_frsize)
    var (archive, enough, received) = try await prepared(6, keeping: .seconds(3600), reserve: available / 4)
    _ = try enough.removeSuperseded()
    #expect(exist(received) == [Bool](repeating: true, count: 6))
    #expect(DiskReserve(directory: folder.path, reserve: .max).shortage() == .max)
    // One that knows them from the index.
    var short = clerk(of: archive, keeping: .seconds(3600), reserve: available)
    _ = try short.removeSuperseded()
    #expect(exist(received) == [Bool](repeating: false, count: 6))
    #expect(try archive.verify().isClean)
    try archive.close()
  }

  @Test func `The queue gives the oldest first and nothing before its time`() {
    let start = ContinuousClock.now
    var files = SupersededFiles()
    for number in 0..<10 {
      files.append(.init(instance: Int64(number), preparedAt: 0, since: start + .seconds(number)))
    }
    #expect(files.take(3, replacedBy: start + .seconds(7)).map(\.instance) == [0, 1, 2])
    #expect(files.take(100, replacedBy: start + .seconds(7)).map(\.instance) == [3, 4, 5, 6, 7])
    #expect(files.take(100, replacedBy: start + .seconds(7)).isEmpty && files.count == 2)
    files.hold([.init(instance: 3, preparedAt: 0, since: start)])
    #expect(files.count == 3 && files.takeHeld().map(\.instance) == [3] && files.takeHeld().isEmpty)
    #expect(files.oldest?.instance == 8)
    #expect(files.take(100, replacedBy: start + .seconds(9)).map(\.instance) == [8, 9] && files.oldest == nil)
  }

  @Test func `It stays over a restart, and goes later`() async throws {
    let archive = try open(keeping: .seconds(3600))
    try archive.store(sample.bytes)
    try await waitUntilNothingWaits(archive)
    try archive.close()
    #expect(folder.objectFiles().count == 2)
    for prepares in [true, false] {
      let again = try open(keeping: .seconds(3600), prepares: prepares)
      try await Task.sleep(for: .milliseconds(50))
      #expect(try await again.onlyRecord().hasReceivedFile)
      #expect(stored(try again.store(sample.bytes)) == nil)
      #expect(try again.verify().isClean)
      try again.close()
      #expect(folder.objectFiles().count == 2)
    }
    // Who only looks removes nothing.
    try Archive.make(in: folder).close()
    #expect(folder.objectFiles().count == 2)
    let last = try open(keeping: .zero, prepares: false)
    try await last.waitUntilRemoved()
    #expect(folder.objectFiles().count == 1)
    #expect(try await last.onlyRecord().layers != nil)
    try last.close()
  }

  @Test func `A crash between removing and noting it, and one before, harm nothing`() async throws {
    let archive = try open(keeping: .seconds(3600))
    try archive.store(sample.bytes)
    try await waitUntilNothingWaits(archive)
    let record = try await archive.onlyRecord()
    let received = try #require(archive.receivedPath(of: record))
    let relative = received.dropFirst(folder.path.count)
    for isRemoved in [false, true] {
      let crashed = try folder.crashed()
      if isRemoved { try FileManager.default.removeItem(atPath: crashed.path + relative) }
      let again = try Archive.make(in: crashed) { $0.preparation = .removing() }
      try await again.waitUntilRemoved()
      let later = try await again.onlyRecord()
      #expect(later.digest == record.digest && !later.hasReceivedFile)
      #expect(try again.verify().isClean)
      #expect(crashed.objectFiles().count == 1)
      try again.close()
    }
    try archive.close()
  }

  @Test func `A prepared file that did not survive is found before the received one goes`() async throws {
    let archive = try open(keeping: .seconds(3600))
    try archive.store(sample.bytes)
    try await waitUntilNothingWaits(archive)
    let path = archive.path(of: try await archive.onlyRecord())
    try archive.close()
    var bytes = try Data(contentsOf: URL(filePath: path))
    bytes[bytes.count - 20] ^= 1
    try FileManager.default.removeItem(atPath: path)
    try bytes.write(to: URL(filePath: path))
    let again = try open(keeping: .zero, prepares: false)
    try await again.waitUntilRemoved()
    let record = try await again.onlyRecord()
    #expect(record.layers == nil && record.digest == record.receivedDigest && !record.hasReceivedFile)
    #expect(try Data(contentsOf: URL(filePath: again.path(of: record))) == Data(sample.bytes))
    try again.close()
  }
}
