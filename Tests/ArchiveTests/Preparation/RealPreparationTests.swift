import DICOM
import Foundation
import GRDB
import Imaging
import Testing

@testable import Archive

/// Every real image that came uncompressed, through the whole preparation.
@Suite(.enabled(if: RealData.isThere, "no test data: set REKKAS_TEST_DATA to their folder"))
struct RealPreparationTests {
  @Test func `Every native file ends prepared, or as it was received with a reason, and reads as before`() async throws
  {
    let folder = try TestFolder()
    let archive = try Archive.make(in: folder) { options in
      options.spoolMemoryLimit = 256 << 10
      options.preparation = .eager(threads: 2)
    }
    var sources: [String: String] = [:]
    var identities: [InstanceIdentity] = []
    for path in RealData.files() {
      let spool = try archive.makeSpool()
      try spool.append(Array(try Data(contentsOf: URL(filePath: path))))
      guard let outcome = try? await archive.store(spool, receipt: Receipt(channel: .import)),
        let identity = stored(outcome)
      else { continue }
      identities.append(identity)
      sources[identity.digest] = path
    }
    try await archive.waitUntilPrepared()
    var prepared = 0
    for identity in identities {
      let record = try #require(
        try await archive.instances(
          study: identity.studyInstanceUID, series: identity.seriesInstanceUID, instance: identity.sopInstanceUID
        ).first, "\(identity)")
      let source = try #require(sources[identity.digest])
      #expect(record.receivedDigest == identity.digest, "\(source)")
      guard let layers = record.layers else {
        #expect(record.digest == record.receivedDigest, "\(source)")
        continue
      }
      prepared += 1
      #expect(layers.frames.count == record.frameCount && record.transferSyntax == .jpeg2000Lossless, "\(source)")
      try expectEqual(archive.path(of: record), source, in: folder)
      #expect(LayerTable(ofPreparedFile: archive.path(of: record)) == layers, "\(source)")
    }
    let states = try await archive.index.pool.read { db in
      try Row.fetchAll(
        db,
        sql: "SELECT preparation, code FROM instance LEFT JOIN preparation_note ON instance_id = id WHERE frames > 0"
      )
      .map { (state: $0[0] as Int64, code: $0[1] as String?) }
    }
    #expect(states.allSatisfy { $0.state == 1 || $0.state == 2 }, "\(states.filter { $0.state == 3 })")
    let status = try archive.preparationStatus()
    print("prepared \(prepared) of \(identities.count); \(status.reasons.map { "\($0.code) \($0.count)" })")
    #expect(prepared > 50 && status.refused == 0 && status.waiting == 0)
    #expect(try archive.verify().isClean)
    try archive.close()
  }

  /// The kept file, written back as Explicit VR Little Endian, has the received samples and attributes.
  private func expectEqual(_ kept: String, _ source: String, in folder: TestFolder) throws {
    let output = folder.path + "/explicit.dcm"
    defer { try? FileManager.default.removeItem(atPath: output) }
    try FileTranscoder.transcodeAnywhere(path: kept, to: .explicitVRLittleEndian, output: output)
    let (before, after) = (try ImageObject(path: source), try ImageObject(path: output))
    #expect(before.frameCount == after.frameCount, "\(source)")
    for frame in 0..<before.frameCount {
      let (old, new) = (try before.decodedFrame(frame), try after.decodedFrame(frame))
      #expect(old.format == new.format, "\(source)")
      #expect(
        old.withUnsafeBytes { a in
          new.withUnsafeBytes { b in a.count == b.count && memcmp(a.baseAddress!, b.baseAddress!, a.count) == 0 }
        },
        "\(source) frame \(frame)")
    }
    let difference = before.object.firstDifference(
      from: after.object,
      ignoring: [.pixelData, .planarConfiguration, .extendedOffsetTable, .extendedOffsetTableLengths])
    #expect(difference == nil, "\(source): \(difference?.hex ?? "")")
  }
}
