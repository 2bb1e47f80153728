import DICOM
import Foundation
import GRDB
import Imaging
import Synchronization
import Testing

@testable import Archive

@Suite struct PreparationTests {
  let folder: TestFolder

  init() throws { folder = try TestFolder() }

  private func make(
    in folder: TestFolder? = nil, threads: Int = 1, configure: (inout PreparationOptions) -> Void = { _ in }
  ) throws -> Archive {
    try Archive.make(in: folder ?? self.folder) { options in
      var preparation = PreparationOptions.eager(threads: threads)
      configure(&preparation)
      options.preparation = preparation
    }
  }

  private func state(_ archive: Archive) throws -> [String] {
    try archive.index.pool.read { db in
      try String.fetchAll(
        db,
        sql: """
          SELECT preparation || ' ' || coalesce(code, '') FROM instance LEFT JOIN preparation_note ON instance_id = id
          ORDER BY id
          """)
    }
  }

  @Test func `An idle preparer hears of a new image, and does not wait for its next look`() async throws {
    let archive = try make { $0.lookout = .seconds(3600) }
    // It has looked, and found nothing.
    try await Task.sleep(for: .milliseconds(300))
    try archive.store(try ImagePreparationSample.slice().bytes)
    try await archive.waitUntilPrepared()
    #expect(try state(archive) == ["1 "])
    try await Task.sleep(for: .milliseconds(300))
    try archive.store(try ImagePreparationSample.slice(1).bytes)
    try await archive.waitUntilPrepared()
    #expect(try state(archive) == ["1 ", "1 "])
    try archive.close()
  }

  @Test func `What is stored is prepared in the background, and reads as before`() async throws {
    let archive = try make(threads: 2)
    var samples: [ImagePreparationSample] = []
    for number in 0..<6 { samples.append(try .slice(number)) }
    for sample in samples { try archive.store(sample.bytes) }
    try await archive.waitUntilPrepared()
    let study = try #require(try archive.search(SearchQuery(.studies)).rows.first).studyInstanceUID
    let records = try await archive.instances(study: study)
    #expect(records.count == 6)
    for (record, sample) in zip(records, samples) {
      let layers = try #require(record.layers)
      #expect(record.transferSyntax == .jpeg2000Lossless && record.digest != record.receivedDigest)
      #expect(layers.frames[0].offset == record.pixelData?.fragments(of: 0).first?.lowerBound)
      #expect(try archive.frames(of: record).map { $0.withUnsafeBytes { Array($0) } } == sample.frames())
      #expect(record.size < sample.bytes.count)
    }
    #expect(folder.objectFiles().count == 6)
    #expect(try archive.statistics().bytes == records.reduce(0) { $0 + $1.size })
    let row = try #require(try archive.rows(SearchQuery(.instances, include: .all)).first)
    #expect(
      (row["00083002"] as? [String: Any])?["Value"] as? [String] == [TransferSyntax.jpeg2000Lossless.uid.rawValue])
    #expect(try archive.verify().isClean)
    let status = try archive.preparationStatus()
    #expect(status == PreparationStatus(waiting: 0, oldestWaitingSince: nil, reasons: []))
    try archive.close()
  }

  @Test func `Metadata describe the prepared file, and everything else stays`() async throws {
    let archive = try make()
    let study = try PhantomStudy(kind: .smear, size: PhantomSize(columns: 96, rows: 64), seed: 3)
    let bytes = study.file(0).bytes
    let other = try TestFolder()
    let reference = try Archive.make(in: other)
    try reference.store(bytes)
    try archive.store(bytes)
    try await archive.waitUntilPrepared()
    func metadata(_ archive: Archive) async throws -> [String: Data] {
      let record = try await archive.onlyRecord()
      let json = try #require(try await archive.metadata(study: record.studyInstanceUID).first).json
      let object = try #require(try JSONSerialization.jsonObject(with: Data(json)) as? [String: Any])
      return try object.mapValues { try JSONSerialization.data(withJSONObject: $0, options: .sortedKeys) }
    }
    let (before, after) = (try await metadata(reference), try await metadata(archive))
    let changed = Set(before.keys).union(after.keys).filter { before[$0] != after[$0] }
    // Photometric Interpretation, and the VR of Pixel Data where the received one was OW.
    #expect(changed.isSubset(of: ["00280004", "7FE00010"]), "\(changed)")
    #expect(try await archive.onlyRecord().layers?.format.photometricInterpretation == .rgb)
    try archive.close()
  }

  @Test func `What is not prepared says why`() async throws {
    let archive = try make()
    try archive.store(TestObject.make(instance: "1.1", side: 4))
    try archive.store(TestObject.make(instance: "1.2", modality: "SR", side: 64))
    try archive.store(
      TestObject.make(instance: "1.3", side: 64) { writer in
        writer.uint16(.bitsStored, [4])
        writer.uint16(.highBit, [3])
        writer.bytes(.pixelData, .ob, [UInt8](repeating: 0x91, count: 64 * 64))
      })
    try await archive.waitUntilPrepared()
    #expect(try state(archive) == ["2 not-smaller", "2 as-received", "2 unused-bits"])
    #expect(try archive.preparationStatus().reasons.map(\.code) == ["as-received", "not-smaller", "unused-bits"])
    #expect(try archive.retryPreparation(onlyRefused: true) == 0)
    #expect(try archive.retryPreparation(onlyRefused: false) == 3)
    try await archive.waitUntilPrepared()
    #expect(try archive.preparationStatus().reasons.count == 3)
    try archive.close()
  }

  @Test func `A study is readable the whole time, with the right pixels`() async throws {
    let archive = try make(threads: 2)
    var samples: [[[UInt8]]] = []
    for number in 0..<12 {
      let sample = try ImagePreparationSample.slice(number)
      samples.append(try sample.frames())
      try archive.store(sample.bytes)
    }
    let study = try #require(try archive.search(SearchQuery(.studies)).rows.first).studyInstanceUID
    var kinds: Set<Bool> = []
    var rounds = 0
    while rounds < 400 {
      rounds += 1
      let records = try await archive.instances(study: study)
      #expect(records.count == 12)
      let isDone = records.allSatisfy { $0.layers != nil }
      // The records are old when their files are opened.
      if rounds % 3 == 0 { try await Task.sleep(for: .milliseconds(20)) }
      for (record, sample) in zip(records, samples) {
        kinds.insert(record.layers != nil)
        #expect(try archive.frames(of: record).map { $0.withUnsafeBytes { Array($0) } } == sample)
      }
      if isDone { break }
    }
    #expect(kinds.contains(true))
    try await archive.waitUntilPrepared()
    try archive.close()
  }

  @Test func `A file stays while its record or a reading lives, and goes after them`() async throws {
    let archive = try Archive.make(in: folder)
    try archive.store(ImagePreparationSample.slice().bytes)
    var clerk = PreparationClerk(
      plan: PreparationPlan(lookout: .seconds(1)), options: .eager(), replacement: archive.replacement,
      reserve: archive.reserve, metrics: PreparationMetrics(), logger: archive.logger)
    _ = try clerk.removeSuperseded()
    var record: InstanceRecord? = try await archive.onlyRecord()
    let old = archive.path(of: try #require(record))
    var reading: Reading? = Reading()
    let path = try await Reading.$current.withValue(reading) { try await archive.path(of: archive.onlyRecord()) }
    #expect(path == old && reading?.isEmpty == false)
    let (job, made, entry, facts) = try archive.work()
    clerk.end(job, .made(path: made, entry: entry, facts: facts, encoding: .zero, proof: .zero), .zero)
    for reader in 0...2 {
      _ = try clerk.removeSuperseded()
      #expect(FileManager.default.fileExists(atPath: old) == (reader < 2))
      // Whoever comes now gets the new file, and does not hold the old one.
      let now = try await archive.onlyRecord()
      #expect(now.layers != nil && archive.path(of: now) != old)
      if reader == 0 { withExtendedLifetime(record) { record = nil } }
      if reader == 1 { withExtendedLifetime(reading) { reading = nil } }
    }
    #expect(folder.objectFiles().count == 1)
    try archive.close()
  }

  @Test func `Checks and duplicates come in between, and nothing is lost or put aside`() async throws {
    let archive = try make(threads: 2)
    let samples = try (0..<12).map { try ImagePreparationSample.slice($0) }
    for sample in samples { try archive.store(sample.bytes) }
    var rounds = 0
    repeat {
      rounds += 1
      let report = try archive.verify()
      #expect(report.isClean, "\(report)")
      for sample in samples { #expect(stored(try archive.store(sample.bytes)) == nil) }
    } while try rounds < 200 && archive.preparationStatus().waiting > 0
    try await archive.waitUntilPrepared()
    #expect(try archive.quarantined().isEmpty)
    #expect(try archive.statistics().instances == 12 && folder.objectFiles().count == 12)
    let final = try archive.verify()
    #expect(final.isClean && final.leftovers == 0, "\(final)")
    try archive.close()
  }

  @Test func `A record whose file was replaced is read once more`() async throws {
    let archive = try make { $0.longestReading = .zero }
    let gate = Mutex(0)
    try archive.store(ImagePreparationSample.slice().bytes)
    let stale = try await archive.onlyRecord()
    try await archive.waitUntilPrepared()
    let path = try await archive.withFile(of: stale) { record, path in
      gate.withLock { $0 += 1 }
      #expect(record.layers != nil || stale.layers != nil)
      return path
    }
    #expect(FileManager.default.fileExists(atPath: path))
    #expect(try await archive.current(stale)?.layers != nil)
    try archive.close()
  }

  @Test func `An object that ends the process twice is set aside, one that did once is tried alone`() async throws {
    let archive = try Archive.make(in: folder)
    for number in 0..<3 { try archive.store(ImagePreparationSample.slice(number).bytes) }
    try await archive.index.pool.write { db in
      try db.execute(sql: "INSERT INTO preparation_note VALUES (1, 2, '', '', 0), (2, 1, '', '', 0)")
    }
    try archive.close()
    let again = try make(threads: 2)
    try await again.waitUntilPrepared()
    #expect(try state(again) == ["3 process-ended", "1 ", "1 "])
    #expect(try again.preparationStatus().refused == 1)
    // Somebody has mended what it was.
    #expect(try again.retryPreparation() == 1)
    try await again.waitUntilPrepared()
    #expect(try state(again) == ["1 ", "1 ", "1 "])
    try again.close()
  }

  @Test func `Closing gives up what is under way, and the next start goes on`() async throws {
    for _ in 0..<4 {
      let archive = try make()
      for number in 0..<8 { _ = try? archive.store(ImagePreparationSample.slice(number).bytes) }
      try await Task.sleep(for: .milliseconds(15))
      try archive.close()
    }
    let archive = try make()
    try await archive.waitUntilPrepared()
    #expect(try state(archive) == [String](repeating: "1 ", count: 8))
    #expect(folder.objectFiles().count == 8)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path + "/incoming").isEmpty)
    #expect(try archive.verify().isClean)
    try archive.close()
  }

  @Test func `Nothing is prepared while stores are running, but a frame now and then`() async throws {
    let archive = try make { options in
      options.quiet = .seconds(3600)
      options.longestPause = .seconds(3600)
    }
    try archive.store(ImagePreparationSample.slice().bytes)
    try await Task.sleep(for: .milliseconds(300))
    #expect(try state(archive) == ["0 "])
    try archive.close()
    let patient = try make(in: folder) { options in
      options.quiet = .seconds(60)
      options.longestPause = .milliseconds(50)
    }
    try patient.store(ImagePreparationSample.slice(1).bytes)
    try await patient.waitUntilPrepared()
    try patient.close()
  }

  @Test func `A disk at its reserve prepares nothing, and nothing is lost`() async throws {
    let archive = try Archive.make(in: folder)
    try archive.store(ImagePreparationSample.slice().bytes)
    try archive.close()
    let full = try Archive.make(in: folder) { options in
      options.diskReserve = 1 << 60
      options.preparation = .eager()
    }
    try await Task.sleep(for: .milliseconds(100))
    #expect(try state(full) == ["0 "])
    try full.close()
  }
}
