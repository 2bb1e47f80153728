import DICOM
import Foundation
import Imaging
import Testing

@testable import Archive

@Suite struct ArrivalTests {
  let folder: TestFolder
  let archive: Archive
  var arrivals: Arrivals { archive.arrivals }

  init() throws {
    folder = try TestFolder()
    archive = try Archive.make(in: folder)
  }

  @Test func `Pieces in any order, some of them twice and over a restart, end in the identical file`() async throws {
    for seed in 0..<4 as Range<UInt64> {
      let folder = try TestFolder()
      var numbers = SeededNumbers(seed: seed)
      let samples = try (0..<5).map { try ArrivalSample.slice($0) } + [ArrivalSample.clip()]
      var pieces = samples.enumerated().flatMap { index, sample in sample.segments().map { (index, $0) } }
      pieces += pieces.prefix(pieces.count / 3)
      pieces.shuffle(using: &numbers)
      var archive = try Archive.make(in: folder)
      for start in stride(from: 0, to: pieces.count, by: 7) {
        if start % 21 == 14 {
          try archive.close()
          archive = try Archive.make(in: folder)
        }
        // The site does not remember: it announces and hears what is here.
        let answers = try archive.arrivals.announce(samples.map(\.object), from: "MIDELT")
        for (index, range) in pieces[start..<min(start + 7, pieces.count)] where answers[index].state != .whole {
          try archive.arrivals.write(samples[index], range)
        }
        _ = try archive.arrivals.flush(samples.map(\.digest), from: "MIDELT")
      }
      for sample in samples {
        #expect(try archive.arrivals.announce([sample.object], from: "MIDELT").first?.state == .whole)
        #expect(try await archive.file(sample) == sample.bytes)
        let record = try await archive.record(sample)
        #expect(record.arrival == nil && record.decodedIn == .worker)
        #expect(record.layers?.frames.map { [$0.offset] + $0.layerEnds } == sample.object.frames)
        #expect(record.digest == sample.digest && record.receivedDigest == sample.object.receivedDigest)
        #expect(record.pixelData?.frameCount == sample.object.frames.count)
      }
      let statistics = try archive.statistics()
      #expect(statistics.instances == samples.count)
      #expect(statistics.bytes == samples.reduce(0) { $0 + $1.bytes.count })
      #expect(
        try FileManager.default.contentsOfDirectory(atPath: folder.path + "/arrivals").filter { $0.hasSuffix(".part") }
          .isEmpty)
      let report = try archive.verify()
      #expect(report.isClean && report.leftovers == 0 && report.objectsRead == samples.count, "\(report)")
      try archive.close()
    }
  }

  @Test func `An instance is there from its header on, and counts when it is whole`() async throws {
    let sample = try ArrivalSample.slice()
    let segments = sample.segments()
    let first = try arrivals.take(sample, [segments[0]])
    #expect(first.state == .partial && first.have == ByteRanges(0..<sample.object.header))
    var record = try await archive.record(sample)
    let progress = try #require(record.arrival)
    #expect(progress.site == "MIDELT" && progress.have == first.have && progress.isLadder)
    #expect(progress.layers(ofFrame: 0) == (0, 4))
    #expect(record.frameCount == 1 && record.rows == 128 && record.size == sample.bytes.count)
    #expect(try archive.statistics().instances == 0)
    #expect(try archive.statistics().bytes == 0)
    let rows = try archive.rows(SearchQuery(.instances, study: sample.study, include: .all))
    #expect(rows.count == 1)
    func availability(_ level: SearchQuery.Level) throws -> String? {
      let row = try archive.rows(SearchQuery(level)).first?["00080056"] as? [String: Any]
      return (row?["Value"] as? [String])?.first
    }
    for level in SearchQuery.Level.allCases { #expect(try availability(level) == "NEARLINE") }
    let shown = try #require(try await archive.metadata(study: sample.study).first)
    #expect(shown.isArriving)
    #expect(try archive.verify().isClean)

    try arrivals.take(sample, [segments[1], segments[2]])
    record = try await archive.record(sample)
    #expect(record.arrival?.layers(ofFrame: 0).here == 2)
    #expect(try arrivals.take(sample).state == .whole)
    record = try await archive.record(sample)
    #expect(record.arrival == nil)
    #expect(try archive.statistics().instances == 1)
    for level in SearchQuery.Level.allCases { #expect(try availability(level) == "ONLINE") }
    let whole = try #require(try await archive.metadata(study: sample.study).first)
    #expect(!whole.isArriving)
    // What was shown first is what the object says.
    #expect(String(decoding: shown.json, as: UTF8.self) == String(decoding: whole.json, as: UTF8.self))
  }

  @Test func `Objects without frames appear when they are whole`() async throws {
    let report = TestObject.make { writer in writer.string(.patientComments, .lt, "nothing") }
    var sample = try ArrivalSample.asReceived(report)
    #expect(try arrivals.take(sample).state == .whole)
    #expect(try await archive.file(sample) == report)
    var writer = DataSetWriter()
    for (tag, uid) in [
      (DICOM.Tag.sopClassUID, "1.2.840.10008.5.1.4.1.1.88.11" as UID), (.sopInstanceUID, "1.9.1"),
      (.studyInstanceUID, "1.9"), (.seriesInstanceUID, "1.9.2"),
    ] { writer.uid(tag, uid) }
    sample = try .asReceived(writer.file(transferSyntax: .explicitVRLittleEndian))
    #expect(sample.object.header == sample.bytes.count)
    #expect(try arrivals.take(sample, [0..<100]).state == .partial)
    #expect(try await archive.instances(study: "1.9").isEmpty)
    #expect(try arrivals.take(sample, [100..<sample.bytes.count]).state == .whole)
    #expect(try await archive.instances(study: "1.9").count == 1)
  }

  @Test func `Known objects are whole at once, by either digest`() throws {
    let sample = try ArrivalSample.slice(3)
    try archive.store(sample.received)
    #expect(
      try arrivals.announce([sample.object], from: "MIDELT") == [ArrivalAnswer(digest: sample.digest, state: .whole)])
    let other = try ArrivalSample.slice(4)
    try archive.store(other.bytes)
    #expect(try arrivals.announce([other.object], from: "MIDELT").first?.state == .whole)
    #expect(try arrivals.flush([sample.digest, other.digest], from: "MIDELT").map(\.state) == [.whole, .whole])
  }

  @Test func `A wrong digest throws the bytes away, and the object can come again`() async throws {
    let sample = try ArrivalSample.slice(1)
    var bytes = sample.bytes
    bytes[sample.object.header + 500] ^= 1
    _ = try arrivals.announce([sample.object], from: "MIDELT")
    try bytes.withUnsafeBytes { try arrivals.write($0, at: 0, of: sample.digest, from: "MIDELT") }
    #expect(try arrivals.flush([sample.digest], from: "MIDELT").first?.state == .damaged)
    #expect(try arrivals.announce([sample.object], from: "MIDELT").first?.have == ByteRanges())
    #expect(try archive.statistics().instances == 0)
    #expect(folder.objectFiles().isEmpty)
    #expect(try arrivals.take(sample).state == .whole)
    #expect(try await archive.file(sample) == sample.bytes)
  }

  @Test func `A header that was damaged on its way leaves nothing behind`() async throws {
    let sample = try ArrivalSample.slice(1)
    var bytes = sample.bytes
    let name = try #require(ParsedObject.parse(ObjectBytes(bytes)).dataSet.bytes(of: AttributePath(.patientName)))
    bytes[name.lowerBound] = UInt8(ascii: "Q")
    _ = try arrivals.announce([sample.object], from: "MIDELT")
    try bytes.withUnsafeBytes {
      try arrivals.write(
        UnsafeRawBufferPointer(rebasing: $0[..<sample.object.header]), at: 0, of: sample.digest, from: "MIDELT")
    }
    _ = try arrivals.flush([sample.digest], from: "MIDELT")
    #expect(try archive.studies(.patientName, "Q*").count == 1)
    #expect(try arrivals.take(sample, sample.segments().dropFirst().map { $0 }).state == .damaged)
    #expect(try await archive.instances(study: sample.study).count == 1)
    #expect(try arrivals.take(sample).state == .whole)
    #expect(try archive.studies(.patientName, "Q*").isEmpty)
    #expect(try await archive.instances(study: sample.study).count == 1)
    #expect(try archive.statistics().instances == 1 && archive.statistics().studies == 1)
    #expect(try archive.verify().isClean)
  }

  @Test func `Two sites' equal patient IDs stay apart also where the objects do not say whose they are`() async throws {
    for (number, site) in ["MIDELT", "AZILAL"].enumerated() {
      var writer = DataSetWriter()
      writer.uid(.sopClassUID, "1.2.840.10008.5.1.4.1.1.88.11")
      writer.uid(.sopInstanceUID, UID(rawValue: "1.2.3.\(number).3"))
      writer.uid(.studyInstanceUID, UID(rawValue: "1.2.3.\(number).1"))
      writer.uid(.seriesInstanceUID, UID(rawValue: "1.2.3.\(number).2"))
      writer.string(.patientID, .lo, "12")
      // Signed: the site must not change it.
      writer.sequence(.digitalSignaturesSequence) { $0.string(.patientID, .lo, "") }
      let sample = try ArrivalSample.asReceived(writer.file(transferSyntax: .explicitVRLittleEndian))
      #expect(try arrivals.take(sample, from: site).state == .whole)
      #expect(try await archive.file(sample) == sample.bytes)
    }
    #expect(try archive.studies(.patientID, "12").count == 2)
    for (number, site) in ["MIDELT", "AZILAL"].enumerated() {
      let query = SearchQuery(
        .studies, matches: [AttributeMatch(.patientID, "12"), AttributeMatch(.issuerOfPatientID, site)])
      let rows = try archive.rows(query)
      #expect(rows.count == 1)
      #expect((rows.first?["0020000D"] as? [String: Any])?["Value"] as? [String] == ["1.2.3.\(number).1"])
      #expect((rows.first?["00100021"] as? [String: Any])?["Value"] as? [String] == [site])
    }
  }
}
