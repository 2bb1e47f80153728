import DICOM
import Foundation
import Testing

@testable import Archive

@Suite struct ReleaseTests {
  let folder: TestFolder
  let archive: Archive

  init() throws {
    folder = try TestFolder()
    archive = try Archive.makeSite(in: folder)
    for number in 1...3 {
      try archive.receive(instance: UID(rawValue: "1.2.3.1.\(number)"), number: number, accession: "A7")
    }
  }

  private func digests(_ study: String = "1.2.3") throws -> [String] {
    try archive.outbox.objects(study: study).map(\.object.digest)
  }

  private func seal(_ study: String = "1.2.3") throws -> String {
    let made = try archive.cases.create(.make())
    _ = try archive.cases.assign(study: study, to: made.number)
    _ = try archive.cases.seal(made.number, by: .staff)
    return made.number
  }

  @Test func `Nothing goes before the hub has all of a sealed study`() throws {
    let digests = try digests()
    #expect(try archive.outbox.release(olderThan: .zero, freeing: .max) == 0)
    try archive.outbox.acknowledge(Array(digests.dropLast()))
    #expect(try archive.outboxStudy()?.acknowledged == 2)
    _ = try seal()
    #expect(try archive.outbox.release(olderThan: .zero, freeing: .max) == 0)
    try archive.outbox.acknowledge([digests[2]])
    #expect(try archive.outbox.objects(study: "1.2.3").isEmpty)
    // One more image opens the study again.
    try archive.receive(instance: "1.2.3.1.4", number: 4)
    #expect(try archive.outbox.release(olderThan: .zero, freeing: .max) == 0)
    #expect(try archive.statistics().instances == 4)
    #expect(try archive.verify().isClean)
  }

  @Test func `A complete study that is not sealed stays`() throws {
    try archive.outbox.acknowledge(try digests())
    #expect(try archive.outbox.release(olderThan: .zero, freeing: .max) == 0)
    #expect(try archive.outboxStudy()?.isAcknowledged == true)
  }

  @Test func `Age counts by the hub's clock, whatever the site's own is set to`() throws {
    func milliseconds(_ text: String) throws -> Int {
      Int(try #require(ISO8601DateFormatter().date(from: text)).timeIntervalSince1970 * 1000)
    }
    _ = try seal()
    // By this machine's clock the hub has had it for years.
    archive.outbox.heard(hubClock: try milliseconds("2020-02-01T10:00:00Z"))
    try archive.outbox.acknowledge(try digests())
    #expect(try archive.outbox.release(byRule: .seconds(3600)) == 0)
    archive.outbox.heard(hubClock: try milliseconds("2020-02-01T10:59:00Z"))
    #expect(try archive.outbox.release(byRule: .seconds(3600)) == 0)
    archive.outbox.heard(hubClock: try milliseconds("2020-02-01T11:01:00Z"))
    #expect(try archive.outbox.release(byRule: .seconds(3600)) == 3)
  }

  @Test func `Nothing goes for its age before the hub was heard since the start`() throws {
    _ = try seal()
    try archive.outbox.acknowledge(try digests())
    #expect(try archive.outbox.release(byRule: .zero) == 0)
    archive.outbox.heard(hubClock: Int(Date().timeIntervalSince1970 * 1000) + 1000)
    #expect(try archive.outbox.release(byRule: .zero) == 3)
  }

  @Test func `What the hub has goes when its time has come, and is remembered as sent`() throws {
    let number = try seal()
    try archive.outbox.acknowledge(try digests())
    #expect(try archive.outbox.release(olderThan: .seconds(3600)) == 0)
    #expect(try archive.outbox.release(olderThan: .zero) == 3)
    #expect(folder.objectFiles().isEmpty)
    #expect(try archive.statistics().instances == 0 && archive.statistics().studies == 0)
    #expect(try archive.outbox.studies().isEmpty && archive.outbox.totals().bytes == 0)
    let sent = try #require(try archive.outbox.sent(study: "1.2.3"))
    #expect(sent.objects == 3 && sent.caseNumber == number && sent.modalities == ["CT"])
    #expect(try archive.outbox.sent() == [sent])
    #expect(try archive.cases.get(number)?.studies == ["1.2.3"])
    #expect(try archive.verify().isClean)
  }

  @Test func `The journal does not bring back what was sent, and a device may send it again`() throws {
    _ = try seal()
    let bytes = try digests()
    try archive.outbox.acknowledge(bytes)
    #expect(try archive.outbox.release(olderThan: .zero) == 3)
    let again = try Archive.makeSite(in: try folder.crashed())
    #expect(try again.statistics().instances == 0)
    try archive.receive(instance: "1.2.3.1.1", number: 1, accession: "A7")
    #expect(try archive.outboxStudy()?.objects == 1)
    // What went before counts for the hub, which has it.
    #expect(try archive.outbox.manifest(of: "1.2.3")?.objects == 4)
    #expect(try archive.verify().isClean)
  }

  @Test func `A short disk lets the oldest go, and no more than is wanted`() throws {
    for (place, study) in ["1.2.3", "1.2.4", "1.2.5"].enumerated() {
      if place > 0 { try archive.receive(study: UID(rawValue: study), instance: UID(rawValue: study + ".1.1")) }
      _ = try seal(study)
      try archive.outbox.acknowledge(try digests(study))
    }
    #expect(try archive.outbox.release(olderThan: nil) == 0)
    #expect(try archive.outbox.release(olderThan: nil, freeing: 1) == 3)
    #expect(try archive.outbox.studies().map(\.study) == ["1.2.4", "1.2.5"])
  }

  @Test func `A file that is being read stays until it was read`() throws {
    _ = try seal()
    let object = try archive.outbox.objects(study: "1.2.3")[0]
    var file = try archive.outbox.path(of: object)
    let path = try #require(file?.path)
    try archive.outbox.acknowledge(try digests())
    #expect(try archive.outbox.release(olderThan: .zero) == 3)
    #expect(FileManager.default.fileExists(atPath: path))
    #expect(try archive.outbox.path(of: object) != nil)
    file = nil
    try archive.outbox.removeFiles()
    #expect(!FileManager.default.fileExists(atPath: path))
    #expect(try archive.outbox.path(of: object) == nil)
  }

  @Test func `Files that a crash left behind go at the next start`() throws {
    _ = try seal()
    let file = try archive.outbox.path(of: try archive.outbox.objects(study: "1.2.3")[0])
    try archive.outbox.acknowledge(try digests())
    #expect(try archive.outbox.release(olderThan: .zero) == 3)
    let crashed = try folder.crashed()
    withExtendedLifetime(file) {}
    #expect(!crashed.objectFiles().isEmpty)
    let again = try Archive.makeSite(in: crashed)
    #expect(crashed.objectFiles().isEmpty)
    #expect(try again.outbox.sent().count == 1)
  }

  @Test func `A receipt by the received digest counts for a prepared file, both of whose files go`() async throws {
    let folder = try TestFolder()
    let archive = try Archive.makeSite(in: folder) { options in
      options.preparation = .eager()
      options.preparation?.keepReceivedFor = .seconds(3600)
    }
    try archive.store(ImagePreparationSample.slice().bytes)
    for _ in 0..<1000 where try archive.outbox.studies().first?.settled != 1 {
      try await Task.sleep(for: .milliseconds(10))
    }
    let study = try #require(try archive.outbox.studies().first)
    let object = try #require(try archive.outbox.objects(study: study.study).first)
    #expect(folder.objectFiles().count == 2)
    try archive.outbox.acknowledge([object.object.receivedDigest])
    #expect(try archive.outbox.studies().first?.isAcknowledged == true)
    let made = try archive.cases.create(.make())
    _ = try archive.cases.assign(study: study.study, to: made.number)
    _ = try archive.cases.seal(made.number, by: .staff)
    #expect(try archive.outbox.release(olderThan: .zero) == 1)
    #expect(folder.objectFiles().isEmpty)
    try archive.close()
  }

  @Test func `The manifest of a sealed study carries the digest of all its files`() throws {
    #expect(try archive.outbox.manifest(of: "1.2.3")?.digests == nil)
    let number = try seal()
    let manifest = try #require(try archive.outbox.manifest(of: "1.2.3"))
    #expect(manifest.digests == StudyManifest.digest(of: try digests()))
    #expect(manifest.objects == 3 && manifest.sealedBy == .staff && manifest.caseNumber == number)
    // What the hub already has is part of it.
    try archive.outbox.acknowledge([try digests()[0]])
    #expect(try archive.outbox.manifest(of: "1.2.3") == manifest)
  }
}
