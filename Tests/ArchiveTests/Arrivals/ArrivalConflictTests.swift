import DICOM
import Foundation
import Testing

@testable import Archive

@Suite struct ArrivalConflictTests {
  let folder: TestFolder
  let archive: Archive
  let sample: ArrivalSample
  var arrivals: Arrivals { archive.arrivals }

  init() throws {
    folder = try TestFolder()
    archive = try Archive.make(in: folder)
    sample = try .slice(6)
  }

  private func expectWhole(_ bytes: [UInt8]) async throws {
    let record = try await archive.record(sample)
    #expect(record.arrival == nil)
    #expect(record.receivedDigest == sample.object.receivedDigest)
    #expect(try Array(Data(contentsOf: URL(filePath: archive.path(of: record)))) == bytes)
    #expect(try archive.statistics().instances == 1)
    #expect(try archive.statistics().bytes == bytes.count)
    #expect(try arrivals.announce([sample.object], from: "MIDELT").first?.state == .whole)
    #expect(arrivals.resolve(prefix: 0, site: "MIDELT") == nil)
    #expect(try archive.verify().isClean)
  }

  @Test func `Stored whole by another door, an object has arrived`() async throws {
    for bytes in [sample.received, sample.bytes] {
      let folder = try TestFolder()
      let archive = try Archive.make(in: folder)
      try archive.arrivals.take(sample, Array(sample.segments().prefix(3)))
      #expect(stored(try archive.store(bytes)) != nil)
      let tests = ArrivalConflictTests(folder, archive, sample)
      try await tests.expectWhole(bytes)
      #expect(stored(try archive.store(bytes)) == nil)
      // The site may still be sending.
      #expect(throws: ArrivalFailure.self) { try archive.arrivals.write(sample, 0..<10) }
      #expect(try archive.arrivals.flush([sample.digest], from: "MIDELT").map(\.state) == [.whole])
      #expect(try Folder.names(folder.path + "/arrivals") == ["previews"])
    }
  }

  private init(_ folder: TestFolder, _ archive: Archive, _ sample: ArrivalSample) {
    (self.folder, self.archive, self.sample) = (folder, archive, sample)
  }

  @Test func `Stored before its header is here, an object has arrived`() async throws {
    try arrivals.take(sample, [sample.object.header..<sample.object.header + 100])
    #expect(try await archive.instances(study: sample.study).isEmpty)
    try archive.store(sample.received)
    // The request was under way already: nothing is announced again.
    try arrivals.write(sample, 0..<sample.object.header)
    #expect(try arrivals.flush([sample.digest], from: "MIDELT").map(\.state) == [.whole])
    #expect(try Folder.names(folder.path + "/arrivals") == ["previews"])
    try await expectWhole(sample.received)
  }

  @Test func `Other bytes under the UID of an object that comes go to the quarantine, and it goes on coming`()
    async throws
  {
    try arrivals.take(sample, Array(sample.segments().prefix(2)))
    var other = sample.received
    other[other.count - 1] ^= 1
    let failure = try #require(throws: StoreFailure.self) { try archive.store(other) }
    guard case .conflict = failure.code else { return #expect(Bool(false), "\(failure)") }
    #expect(try archive.quarantined().count == 1)
    #expect(try arrivals.take(sample).state == .whole)
    try await expectWhole(sample.bytes)
  }

  @Test func `Of two sites with one UID the second is refused, and the administrator sees it`() async throws {
    try arrivals.take(sample, Array(sample.segments().prefix(2)))
    var bytes = sample.received
    bytes[bytes.count - 1] ^= 1
    let other = try ArrivalSample.prepared(bytes)
    #expect(other.object.instance == sample.object.instance && other.digest != sample.digest)
    for _ in 0..<2 {
      let answer = try arrivals.take(other, from: "AZILAL")
      #expect(answer.state == .refused && answer.reason == .conflict)
    }
    // The same bytes from another site are not mixed either.
    #expect(try arrivals.take(sample, from: "AZILAL").state == .refused)
    let refusals = try arrivals.refusals()
    #expect(refusals.count == 2 && refusals.allSatisfy { $0.site == "AZILAL" && $0.reason == .conflict })
    #expect(refusals.first { $0.digest == other.digest }?.times == 2)
    #expect(try arrivals.take(sample).state == .whole)
    try await expectWhole(sample.bytes)
    // Whole, it conflicts still; and the same bytes are known.
    #expect(try arrivals.announce([other.object], from: "AZILAL").first?.reason == .conflict)
    #expect(try arrivals.announce([sample.object], from: "AZILAL").first?.state == .whole)
  }

  @Test func `A site touches only what it announced itself`() throws {
    try arrivals.take(sample, Array(sample.segments().prefix(2)))
    let prefix = try #require(UInt64(sample.digest.prefix(16), radix: 16))
    #expect(arrivals.resolve(prefix: prefix, site: "MIDELT") == sample.digest)
    #expect(arrivals.resolve(prefix: prefix, site: "AZILAL") == nil)
    #expect(arrivals.resolve(prefix: prefix ^ 1, site: "MIDELT") == nil)
    let failure = #expect(throws: ArrivalFailure.self) { try arrivals.write(sample, 0..<10, from: "AZILAL") }
    #expect(failure?.code == .unknownObject)
    #expect(try arrivals.flush([sample.digest], from: "AZILAL").isEmpty)
  }

  @Test func `An object that its site has prepared anew replaces what came of it`() async throws {
    let plain = try ArrivalSample.asReceived(sample.received)
    try arrivals.take(plain, Array(plain.segments().prefix(1)))
    #expect(try await archive.instances(study: sample.study).count == 1)
    #expect(try arrivals.take(sample).state == .whole)
    try await expectWhole(sample.bytes)
    #expect(try Folder.names(folder.path + "/arrivals") == ["previews"])
    #expect(try arrivals.refusals().isEmpty)
  }

  @Test func `An object that is not what was announced is refused when its header says so`() async throws {
    var object = sample.object
    object.instance = "1.2.3.4"
    let liar = ArrivalSample(sample, object)
    #expect(try arrivals.take(liar, Array(sample.segments().prefix(1))).reason == .unusable)
    #expect(try await archive.instances(study: sample.study).isEmpty)
    #expect(try arrivals.refusals().first?.reason == .unusable)
    #expect(try Folder.names(folder.path + "/arrivals") == ["previews"])
    // All at once: proven, but of no use.
    #expect(try arrivals.take(liar).reason == .unusable)
    #expect(try archive.quarantined().map(\.reason) == [.mismatch])
    #expect(try archive.statistics().instances == 0)
    // The truth is taken.
    #expect(try arrivals.take(sample).state == .whole)
    try await expectWhole(sample.bytes)
  }

  @Test func `What is no DICOM object is refused and kept aside`() throws {
    let bytes = (0..<5000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    var object = sample.object
    object.digest = try #require(Digest(ObjectBytes(bytes).sha256())?.hex)
    (object.size, object.frames, object.header, object.isLadder) = (bytes.count, [], bytes.count, false)
    let garbage = ArrivalSample(sample, object, bytes: bytes)
    #expect(try arrivals.take(garbage).reason == .unusable)
    #expect(try archive.quarantined().first?.digest == object.digest)
    // With frames: its header is looked at as soon as it is here.
    (object.frames, object.header) = ([[1000, 300, 4000]], 1000)
    let framed = ArrivalSample(sample, object, bytes: bytes)
    #expect(try arrivals.take(framed, [0..<1000]).reason == .unusable)
    #expect(try archive.statistics().instances == 0)
  }

  @Test func `Given up while it is stored by another door, an object is there all the same`() async throws {
    try arrivals.take(sample, Array(sample.segments().prefix(2)))
    let kept = try #require(try archive.index.kept(UID(rawValue: sample.object.instance)))
    let spool = try archive.spool(sample.received)
    let digest = try #require(Digest(try spool.finish()))
    let entry = IndexEntry(
      try ParsedObject.parse(spool.bytes()), digest: digest, size: spool.count, receipt: Receipt(channel: .dimse))
    #expect(try arrivals.discard(sample.digest))
    try archive.objects.put(ObjectName(entry.digest)) { file in
      try sample.received.withUnsafeBytes { try file.write($0, at: 0) }
    }
    try arrivals.complete(kept, with: entry)
    try await expectWhole(sample.received)
  }

  @Test func `A lost file of a whole object is asked for`() async throws {
    #expect(try arrivals.take(sample).state == .whole)
    try FileManager.default.removeItem(atPath: try #require(folder.objectFiles().first))
    #expect(try arrivals.announce([sample.object], from: "MIDELT").first?.state == .partial)
    #expect(try arrivals.take(sample).state == .whole)
    try await expectWhole(sample.bytes)
  }

  @Test func `Given up by hand, an object leaves nothing and may come again`() async throws {
    try arrivals.take(sample, Array(sample.segments().prefix(2)))
    #expect(try arrivals.abandoned().isEmpty)
    let abandoned = try #require(try arrivals.abandoned(for: .zero).first)
    #expect(abandoned.digest == sample.digest && abandoned.bytesHere > 0 && abandoned.site == "MIDELT")
    #expect(try arrivals.discard(sample.digest))
    #expect(try !arrivals.discard(sample.digest))
    #expect(try await archive.instances(study: sample.study).isEmpty)
    #expect(try archive.statistics().studies == 0)
    #expect(try Folder.names(folder.path + "/arrivals") == ["previews"])
    #expect(try arrivals.take(sample).state == .whole)
    try await expectWhole(sample.bytes)
  }
}

extension ArrivalSample {
  /// The same, announced as something else.
  init(_ sample: ArrivalSample, _ object: ArrivingObject, bytes: [UInt8]? = nil) {
    received = sample.received
    self.bytes = bytes ?? sample.bytes
    self.object = object
  }
}
