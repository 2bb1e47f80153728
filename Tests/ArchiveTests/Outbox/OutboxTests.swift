import DICOM
import Foundation
import Imaging
import Testing

@testable import Archive

@Suite struct OutboxTests {
  let folder: TestFolder
  let archive: Archive

  init() throws {
    folder = try TestFolder()
    archive = try Archive.makeSite(in: folder)
  }

  @Test func `Everything that is stored is queued, and without preparation handed out at once`() throws {
    try archive.receive()
    try archive.receive(instance: "1.2.3.1.2", number: 2)
    try archive.receive()
    let study = try #require(try archive.outboxStudy())
    #expect(study.objects == 2 && study.settled == 2 && study.acknowledged == 0 && study.modalities == ["CT"])
    let objects = try archive.outbox.objects(study: "1.2.3")
    #expect(objects.map(\.instanceNumber) == [1, 2] && objects.map(\.seriesNumber) == [1, 1])
    #expect(study.bytes == objects.reduce(0) { $0 + $1.object.size })
    #expect(objects.allSatisfy { $0.object.problem == nil && $0.object.digest == $0.object.receivedDigest })
    let file = try #require(try archive.outbox.path(of: objects[0]))
    #expect(FileManager.default.contents(atPath: file.path)?.count == objects[0].object.size)
    #expect(try archive.outbox.totals().objects == 2)
    #expect(archive.outbox.oldest == objects.map(\.storedAt).min())
  }

  @Test func `A site's archive is known as one, whatever it is opened as`() throws {
    #expect(try !archive.outbox.isOfSite())
    try archive.receive()
    #expect(try archive.outbox.isOfSite())
    let again = try Archive.make(in: folder.crashed())
    #expect(try again.outbox.isOfSite())
    let hub = try Archive.make(in: TestFolder())
    try hub.receive()
    #expect(try !hub.outbox.isOfSite())
  }

  @Test func `What the journal gives back after a crash is queued with its row`() throws {
    for number in 1...4 { try archive.receive(instance: UID(rawValue: "1.2.3.1.\(number)"), number: number) }
    let crashed = try folder.crashed()
    // The power went after the journal was flushed and before the index was.
    for suffix in ["", "-wal", "-shm"] {
      try FileManager.default.removeItem(atPath: crashed.path + "/index.sqlite" + suffix)
    }
    let again = try Archive.makeSite(in: crashed)
    #expect(try again.statistics().instances == 4)
    #expect(try again.outboxStudy()?.objects == 4)
    let twice = try Archive.makeSite(in: try folder.crashed())
    #expect(try twice.outboxStudy()?.objects == 4)
  }

  @Test func `An archive that had no link queues what it has when it gets one`() throws {
    let folder = try TestFolder()
    let before = try Archive.make(in: folder)
    try before.receive()
    #expect(try before.outbox.studies().isEmpty)
    try before.close()
    let now = try Archive.makeSite(in: folder)
    #expect(try now.outboxStudy()?.objects == 1)
    #expect(try now.outbox.objects(study: "1.2.3").count == 1)
  }

  @Test func `An image is handed out when it is prepared, with the ends of its layers`() async throws {
    let folder = try TestFolder()
    let archive = try Archive.makeSite(in: folder) { options in
      options.preparation = .eager()
      options.preparation?.quiet = .seconds(1)
      options.preparation?.longestPause = .seconds(1)
    }
    let sample = try ImagePreparationSample.slice()
    try archive.store(sample.bytes)
    let study = try #require(try archive.outbox.studies().first)
    #expect(study.objects == 1 && study.settled == 0)
    #expect(try archive.outbox.objects(study: study.study).isEmpty)
    try await archive.waitUntilPrepared()
    let object = try #require(try archive.outbox.objects(study: study.study).first?.object)
    #expect(object.isLadder && object.problem == nil && object.digest != object.receivedDigest)
    let record = try await archive.onlyRecord()
    let frame = try #require(record.layers?.frames.first)
    #expect(object.frames == [[frame.offset] + frame.layerEnds] && object.header == frame.offset)
    #expect(object.size < sample.bytes.count && object.size == record.size)
    let settled = try #require(try archive.outbox.studies().first)
    #expect(settled.settled == 1 && settled.bytes == object.size)
    try archive.close()
  }

  @Test func `Compressed frames are announced one by one, and what has no frames in one piece`() throws {
    try archive.store(
      TestObject.make(modality: "US") { writer in
        writer = DataSetWriter()
        writer.uid(.sopClassUID, "1.2.840.10008.5.1.4.1.1.3.1")
        writer.uid(.sopInstanceUID, "1.5.1")
        writer.uid(.studyInstanceUID, "1.5")
        writer.uid(.seriesInstanceUID, "1.5.0")
        writer.string(.modality, .cs, "US")
        writer.string(.numberOfFrames, .is, "3")
        writer.uint16(.rows, [8])
        writer.uint16(.columns, [8])
        writer.uint16(.bitsAllocated, [8])
        writer.uint16(.samplesPerPixel, [1])
      })
    let whole = try #require(try archive.outbox.objects(study: "1.5").first?.object)
    #expect(whole.frames.isEmpty && whole.header == whole.size && whole.problem == nil)

    var writer = DataSetWriter()
    writer.uid(.sopClassUID, "1.2.840.10008.5.1.4.1.1.3.1")
    writer.uid(.sopInstanceUID, "1.6.1")
    writer.uid(.studyInstanceUID, "1.6")
    writer.uid(.seriesInstanceUID, "1.6.0")
    writer.string(.numberOfFrames, .is, "3")
    writer.uint16(.samplesPerPixel, [1])
    writer.uint16(.rows, [8])
    writer.uint16(.columns, [8])
    writer.uint16(.bitsAllocated, [8])
    let frames = (1...3).map { [0xFF, 0xD8, 0xFF] + [UInt8](repeating: UInt8($0), count: 60 + 2 * $0 + 1) }
    writer.encapsulatedPixelData(frames: frames)
    let bytes = writer.file(transferSyntax: TransferSyntax(uid: "1.2.840.10008.1.2.4.50")!)
    try archive.store(bytes)
    let object = try #require(try archive.outbox.objects(study: "1.6").first?.object)
    #expect(object.problem == nil && !object.isLadder && object.frames.map(\.count) == [2, 2, 2])
    for (announced, frame) in zip(object.frames, frames) {
      #expect(Array(bytes[announced[0]..<announced[0] + frame.count]) == frame)
    }
    #expect(object.header == object.frames[0][0])
  }

  @Test func `Images that a key object selection names are told`() throws {
    for number in 1...3 { try archive.receive(instance: UID(rawValue: "1.2.3.1.\(number)"), number: number) }
    try archive.store(
      TestObject.make(series: "1.2.3.2", instance: "1.2.3.2.1", number: 1, modality: "KO") { writer in
        writer = DataSetWriter()
        writer.uid(.sopClassUID, SOPClass.keyObjectSelectionDocumentStorage)
        writer.uid(.sopInstanceUID, "1.2.3.2.1")
        writer.uid(.studyInstanceUID, "1.2.3")
        writer.uid(.seriesInstanceUID, "1.2.3.2")
        writer.string(.modality, .cs, "KO")
        var item = DataSetWriter()
        item.uid(.referencedSOPClassUID, "1.2.840.10008.5.1.4.1.1.2")
        item.uid(.referencedSOPInstanceUID, "1.2.3.1.2")
        var outer = DataSetWriter()
        outer.sequence(Tag(0x0008, 0x1199), items: [item])
        writer.sequence(Tag(0x0040, 0xA730), items: [outer])
      })
    let keys = try archive.outbox.objects(study: "1.2.3").filter(\.isKeyImage).map(\.object.instance)
    #expect(keys == ["1.2.3.1.2"])
  }

  @Test func `After three failures an object steps aside, and the others go on`() throws {
    try archive.receive()
    try archive.receive(instance: "1.2.3.1.2", number: 2)
    let poison = try archive.outbox.objects(study: "1.2.3")[0]
    #expect(try !archive.outbox.noteFailure(poison.id, reason: "refused"))
    #expect(try !archive.outbox.noteFailure(poison.id, reason: "refused"))
    #expect(try archive.outbox.objects(study: "1.2.3").first?.failures == 2)
    #expect(try archive.outbox.noteFailure(poison.id, reason: "conflict"))
    #expect(try archive.outbox.objects(study: "1.2.3").map(\.instanceNumber) == [2])
    #expect(try archive.outbox.aside().map(\.reason) == ["conflict"])
    #expect(try archive.outboxStudy()?.aside == 1)
    #expect(try archive.outbox.totals().objects == 1)
    #expect(try archive.outbox.retryAside() == 1)
    #expect(try archive.outbox.objects(study: "1.2.3").map(\.failures) == [0, 0])
  }

  @Test func `Whoever waits is woken by an image, a case and a receipt`() async throws {
    var version = archive.outbox.version
    try archive.receive()
    version = await archive.outbox.waitForChange(after: version)
    for change in 0..<2 {
      async let next = archive.outbox.waitForChange(after: version, for: .seconds(30))
      try await Task.sleep(for: .milliseconds(20))
      if change == 0 { _ = try archive.cases.create(.make()) }
      if change == 1 {
        try archive.outbox.acknowledge([try archive.outbox.objects(study: "1.2.3")[0].object.digest])
      }
      let news = await next
      #expect(news > version)
      version = news
    }
    let began = ContinuousClock.now
    #expect(await archive.outbox.waitForChange(after: version, for: .milliseconds(50)) == version)
    #expect(ContinuousClock.now - began < .seconds(5))
    let waiting = Task { await archive.outbox.waitForChange(after: archive.outbox.version) }
    waiting.cancel()
    _ = await waiting.value
  }
}
