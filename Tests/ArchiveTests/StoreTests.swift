import DICOM
import Foundation
import Synchronization
import Testing

@testable import Archive

@Suite struct StoreTests {
  let folder: TestFolder
  let archive: Archive

  init() throws {
    folder = try TestFolder()
    archive = try Archive.make(in: folder)
  }

  @Test func `The age of the oldest store under way is known while it lasts`() throws {
    let flights = Flights(metrics: ArchiveMetrics())
    #expect(flights.oldestAge() == nil)
    let begun = ContinuousClock.now
    try flights.counted {
      #expect(flights.oldestAge(at: begun + .seconds(70)).map { $0 <= .seconds(70) && $0 > .seconds(60) } == true)
    }
    #expect(flights.oldestAge() == nil)
  }

  @Test func `A stored object lies under its digest, byte for byte, and is found`() async throws {
    let bytes = TestObject.make()
    let identity = try #require(try stored(archive.store(bytes)))
    let record = try #require(try await archive.instances(study: "1.2.3").first)
    #expect(record.digest == identity.digest)
    #expect(record.size == bytes.count)
    #expect(record.rows == 8 && record.columns == 8 && record.frameCount == 1)
    #expect(record.pixelData?.fragments(of: 0) == [bytes.count - 64..<bytes.count])
    let path = archive.path(of: record)
    #expect(path == folder.path + "/objects/\(identity.digest.prefix(2))/\(identity.digest).dcm")
    #expect(try Data(contentsOf: URL(filePath: path)) == Data(bytes))
    #expect(try archive.found(SearchQuery(.studies)) == ["1.2.3"])
  }

  @Test func `The same bytes again are success and no work`() throws {
    let bytes = TestObject.make()
    let first = try #require(try stored(archive.store(bytes)))
    #expect(try archive.store(bytes) == .duplicate(first))
    #expect(try archive.statistics().instances == 1)
    try archive.placer.placeAll()
    #expect(folder.objectFiles().count == 1)
  }

  @Test func `The same bytes again put back an object that someone removed`() throws {
    let bytes = TestObject.make()
    try archive.store(bytes)
    try archive.placer.placeAll()
    let path = try #require(folder.objectFiles().first)
    try FileManager.default.removeItem(atPath: path)
    #expect(stored(try archive.store(bytes)) == nil)
    try archive.placer.placeAll()
    #expect(try Data(contentsOf: URL(filePath: path)) == Data(bytes))
    #expect(try archive.statistics().instances == 1)
  }

  @Test func `Other bytes under the same SOP Instance UID go to the quarantine, and the first stay`() throws {
    try archive.store(TestObject.make(fill: 1))
    let failure = try #require(throws: StoreFailure.self) { try archive.store(TestObject.make(fill: 2)) }
    guard case .conflict = failure.code else { return #expect(Bool(false), "\(failure)") }
    let entry = try #require(try archive.quarantined().first)
    #expect(entry.id == failure.quarantineID && entry.reason == .conflict)
    #expect(entry.receipt.callingAETitle == "CT1" && entry.receipt.peerAddress == "10.0.0.7")
    #expect(try archive.statistics().instances == 1)
    try archive.placer.placeAll()
    #expect(folder.objectFiles().count == 1)
  }

  @Test func `A data set that is not what the request announced goes to the quarantine`() throws {
    let receipts = [
      Receipt(channel: .dimse, expectedSOPInstanceUID: "9.9"), Receipt(channel: .dimse, expectedSOPClassUID: "9.9"),
      Receipt(channel: .stow, expectedStudyInstanceUID: "9.9"),
    ]
    for (number, receipt) in receipts.enumerated() {
      let bytes = TestObject.make(instance: UID(rawValue: "1.\(number)"))
      let failure = try #require(throws: StoreFailure.self) { try archive.store(bytes, receipt: receipt) }
      guard case .mismatch = failure.code else { return #expect(Bool(false), "\(failure)") }
      #expect(failure.quarantineID != nil)
    }
    #expect(try archive.statistics().instances == 0)
    #expect(try archive.statistics().quarantined == 3)
  }

  @Test func `Bytes that are no DICOM go to the quarantine with the parser's reason`() throws {
    let failure = try #require(throws: StoreFailure.self) { try archive.store(Array("no picture at all".utf8)) }
    guard case .unparsable = failure.code else { return #expect(Bool(false), "\(failure)") }
    let entry = try #require(try archive.quarantined().first)
    #expect(entry.reason.rawValue.hasPrefix("unparsable.") && entry.size == 17)
  }

  @Test func `A truncated object is never stored`() throws {
    let bytes = TestObject.make()
    #expect(throws: StoreFailure.self) { try archive.store(Array(bytes.dropLast(10))) }
    #expect(folder.objectFiles().isEmpty)
    #expect(try archive.statistics().quarantined == 1)
  }

  @Test func `One image sent by eight senders at once is stored once`() throws {
    let bytes = TestObject.make(side: 64)
    let outcomes = try atOnce(8) { _ in try archive.store(bytes) }
    #expect(outcomes.count { if case .stored = $0 { true } else { false } } == 1)
    #expect(outcomes.count { if case .duplicate = $0 { true } else { false } } == 7)
    #expect(try archive.statistics().instances == 1)
  }

  @Test func `Of two objects with one SOP Instance UID sent at once one is stored and one is a conflict`() throws {
    let failures = Mutex(0)
    let outcomes = try atOnce(2) { number -> StoreOutcome? in
      do {
        return try archive.store(TestObject.make(fill: UInt8(number)))
      } catch let failure as StoreFailure where failure.quarantineID != nil {
        failures.withLock { $0 += 1 }
        return nil
      }
    }
    #expect(outcomes.compactMap { $0 }.count == 1)
    #expect(failures.withLock { $0 } == 1)
  }

  @Test func `Many senders share flushes and lose nothing`() async throws {
    let archive = archive
    try storeMany(archive)
    #expect(try archive.statistics().instances == 320)
    #expect(try archive.statistics().series == 16)
    let records = try await archive.instances(study: "1.2.3")
    #expect(records.map { $0.sopInstanceUID.rawValue } == (0..<16).flatMap { s in (0..<20).map { "1.2.3.\(s).\($0)" } })
  }

  /// 16 series of 20 images, each series by a sender of its own.
  private func storeMany(_ archive: Archive) throws {
    _ = try atOnce(16) { sender in
      for number in 0..<20 {
        try archive.store(
          TestObject.make(
            series: UID(rawValue: "1.2.3.\(sender)"), instance: UID(rawValue: "1.2.3.\(sender).\(number)"),
            number: number, seriesNumber: sender))
      }
    }
  }

  @Test func `An object larger than memory allows is stored from its file`() async throws {
    let otherFolder = try TestFolder()
    let archive = try Archive.make(in: otherFolder) { $0.spoolMemoryLimit = 64 << 10 }
    let bytes = TestObject.make(side: 600)
    let spool = try archive.spool(bytes)
    #expect(!spool.isInMemory)
    #expect(stored(try await archive.store(spool, receipt: Receipt(channel: .stow))) != nil)
    let record = try #require(try await archive.instances(study: "1.2.3").first)
    #expect(try Data(contentsOf: URL(filePath: archive.path(of: record))) == Data(bytes))
    #expect(try FileManager.default.contentsOfDirectory(atPath: archive.options.directory + "/incoming").isEmpty)
    try archive.close()
  }

  @Test func `The asynchronous store does the same on threads of its own`() async throws {
    let archive = archive
    try await withThrowingTaskGroup(of: StoreOutcome.self) { group in
      for number in 0..<40 {
        let spool = try archive.spool(TestObject.make(instance: UID(rawValue: "1.\(number)"), number: number))
        group.addTask { try await archive.store(spool, receipt: Receipt(channel: .stow)) }
      }
      for try await outcome in group { #expect(stored(outcome) != nil) }
    }
    #expect(try archive.statistics().instances == 40)
  }

  @Test func `Below the disk's reserve nothing is taken`() throws {
    let otherFolder = try TestFolder()
    let archive = try Archive.make(in: otherFolder) { $0.diskReserve = Int.max / 4 }
    let failure = try #require(throws: StoreFailure.self) { _ = try archive.makeSpool() }
    guard case .outOfResources = failure.code else { return #expect(Bool(false), "\(failure)") }
    #expect(try archive.statistics().reserveLeft == 0)
  }

  @Test func `An object without UIDs gets stand-ins that are always the same`() async throws {
    let bytes = TestObject.make(study: "", series: "", instance: "1.2.3.4")
    let identity = try #require(try stored(archive.store(bytes)))
    #expect(identity.sopInstanceUID == "1.2.3.4")
    #expect(identity.studyInstanceUID.isWellFormed && identity.seriesInstanceUID.isWellFormed)
    #expect(identity.studyInstanceUID != identity.seriesInstanceUID)
    let metadata = try #require(try await archive.metadata(study: identity.studyInstanceUID).first)
    let json = try #require(
      try JSONSerialization.jsonObject(with: Data(metadata.json)) as? [String: [String: Any]])
    #expect(json["0020000D"]?["Value"] as? [String] == [identity.studyInstanceUID.rawValue])
    let otherFolder = try TestFolder()
    let other = try Archive.make(in: otherFolder)
    #expect(try other.store(bytes).identity == identity)
  }

  @Test func `A closed archive takes nothing and has an empty journal`() throws {
    try archive.store(TestObject.make())
    let spool = try archive.spool(TestObject.make(instance: "1.9"))
    try archive.close()
    try archive.close()
    #expect(throws: StoreFailure.self) { try archive.store(spool, receipt: Receipt(channel: .dimse)) }
    #expect(try JournalReplay(directory: folder.path + "/journal").segments.isEmpty)
    let again = try Archive.make(in: folder)
    #expect(try again.found(SearchQuery(.instances)) == ["1.2.3.1.1"])
  }

  @Test func `Two processes never open one archive, and the error names the way out`() throws {
    let error = try #require(throws: ArchiveError.self) { _ = try Archive.make(in: folder) }
    #expect(error.description.contains("--data") && error.description.contains(folder.path))
    try archive.close()
  }

  @Test func `What is stored is read-only and nothing stays in the place of arrival`() throws {
    try archive.store(TestObject.make())
    try archive.placer.placeAll()
    let path = try #require(folder.objectFiles().first)
    let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    #expect(mode == 0o440)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path + "/incoming").isEmpty)
  }
}

/// The identity of a newly stored object.
func stored(_ outcome: StoreOutcome) -> InstanceIdentity? {
  if case .stored(let identity) = outcome { identity } else { nil }
}

/// Runs `body` on `count` threads at the same time and gives the results in order.
func atOnce<R: Sendable>(_ count: Int, _ body: @escaping @Sendable (Int) throws -> R) throws -> [R] {
  let results = Mutex<[Int: Result<R, any Error>]>([:])
  let group = DispatchGroup()
  let collect: @Sendable (Int, Result<R, any Error>) -> Void = { number, result in
    results.withLock { $0[number] = result }
  }
  for number in 0..<count {
    group.enter()
    Thread.detachNewThread {
      collect(number, Result { try body(number) })
      group.leave()
    }
  }
  group.wait()
  return try (0..<count).map { number in try results.withLock { $0[number]! }.get() }
}
