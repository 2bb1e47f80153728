import DICOM
import Foundation
import Testing

@testable import Archive

/// Records of single instances are remembered as long as the index stays as it is.
@Suite struct RecentRecordsTests {
  let folder: TestFolder
  let archive: Archive
  let study: UID
  let series: UID
  let instance: UID

  init() throws {
    folder = try TestFolder()
    archive = try Archive.make(in: folder)
    try archive.store(TestObject.make())
    (study, series, instance) = ("1.2.3", "1.2.3.1", "1.2.3.1.1")
  }

  private var key: RecentRecords.Key { .init(study: study, series: series, instance: instance) }

  private func remembered() -> InstanceRecord? {
    archive.index.recent.record(
      key, version: archive.changes.version, lease: archive.leases.lease(study))
  }

  @Test func `a record is remembered until anything in the index changes`() async throws {
    #expect(remembered() == nil)
    let read = try #require(try await archive.instances(study: study, series: series, instance: instance).first)
    #expect(remembered()?.digest == read.digest)
    let again = try #require(try await archive.instances(study: study, series: series, instance: instance).first)
    #expect(again.digest == read.digest && again.lease != nil && again.lease !== read.lease)
    try archive.store(TestObject.make(instance: "1.2.3.1.2", number: 2))
    #expect(remembered() == nil)
    // Series and studies are not: only single instances are asked for by the hundred.
    #expect(try await archive.instances(study: study, series: series).count == 2)
    #expect(remembered() == nil)
  }

  @Test func `a prepared file is seen at once, and a remembered record keeps no file there`() async throws {
    let folder = try TestFolder()
    let archive = try Archive.make(in: folder)
    let sample = try ImagePreparationSample.slice()
    try archive.store(sample.bytes)
    let before = try await archive.onlyRecord()
    func current() async throws -> InstanceRecord? { try await archive.current(before) }
    #expect(try await current()?.layers == nil)
    #expect(try await current()?.layers == nil)
    let (job, path, entry, facts) = try archive.work()
    _ = try archive.replacement.replace(job.id, with: path, entry, facts)
    #expect(try await current()?.layers != nil)
    #expect(try await current()?.layers != nil)
    // Only `before` still has a lease.
    withExtendedLifetime(before) { #expect(!archive.leases.isFree(before.studyInstanceUID, upTo: .max)) }
  }

  @Test func `no lease outlives the records that were given out`() async throws {
    for _ in 0..<3 { _ = try await archive.instances(study: study, series: series, instance: instance) }
    #expect(remembered() != nil)
    #expect(archive.leases.isFree(study, upTo: .max))
  }

  @Test func `a record of an older version is not remembered`() async throws {
    let recent = RecentRecords()
    let record = try #require(try await archive.instances(study: study).first)
    recent.note(record, for: key, version: 7)
    recent.note(record, for: .init(study: study, series: nil, instance: instance), version: 6)
    let lease = archive.leases.lease(study)
    #expect(recent.record(key, version: 7, lease: lease) != nil)
    #expect(recent.record(key, version: 8, lease: lease) == nil)
    for version in [6, 7] {
      #expect(
        recent.record(.init(study: study, series: nil, instance: instance), version: version, lease: lease) == nil)
    }
    recent.note(record, for: .init(study: study, series: nil, instance: instance), version: 8)
    #expect(recent.record(key, version: 7, lease: lease) == nil)
  }
}
