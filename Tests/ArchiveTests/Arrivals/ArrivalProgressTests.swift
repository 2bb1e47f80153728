import DICOM
import Foundation
import Testing

@testable import Archive

@Suite struct ArrivalProgressTests {
  let folder: TestFolder
  let archive: Archive
  var arrivals: Arrivals { archive.arrivals }

  init() throws {
    folder = try TestFolder()
    archive = try Archive.make(in: folder)
  }

  @Test func `Progress says what is visible, drawn and whole, and when a study is complete`() throws {
    let samples = try (0..<4).map { try ArrivalSample.slice($0) }
    let study = samples[0].study
    #expect(try arrivals.progress(study: study) == nil)
    let bytes = samples.reduce(0) { $0 + $1.bytes.count }
    var manifest = StudyManifest(study: study.rawValue, caseNumber: "MIDELT-26-00042-K", objects: 4, bytes: bytes)
    try arrivals.note(manifest, from: "MIDELT")
    var progress = try #require(try arrivals.progress(study: study))
    #expect(progress.expected == 4 && progress.visible == 0 && progress.bytesExpected == bytes && !progress.sealed)
    #expect(progress.site == "MIDELT" && progress.caseNumber == "MIDELT-26-00042-K" && progress.lastArrivalAt == nil)

    try arrivals.take(samples[0], Array(samples[0].segments().prefix(1)))
    try arrivals.take(samples[1], Array(samples[1].segments().prefix(2)))
    try arrivals.take(samples[2], Array(samples[2].segments().prefix(5)))
    progress = try #require(try arrivals.progress(study: study))
    #expect(progress.visible == 3 && progress.withThumbnail == 2 && progress.withPreview == 1 && progress.whole == 0)
    #expect(progress.expected == 4 && progress.bytesExpected == bytes && progress.lastArrivalAt != nil)

    manifest.sealed = true
    manifest.sealedBy = .staff
    manifest.digests = StudyManifest.digest(of: samples.map(\.digest))
    try arrivals.note(manifest, from: "MIDELT")
    for sample in samples { #expect(try arrivals.take(sample).state == .whole) }
    progress = try #require(try arrivals.progress(study: study))
    #expect(progress.isComplete && progress.sealed && progress.sealedBy == .staff)
    #expect(progress.whole == 4 && progress.withThumbnail == 4 && progress.bytesHere == bytes)

    // A manifest that was overtaken on its way changes nothing, nor does another site's.
    try arrivals.note(StudyManifest(study: study.rawValue, objects: 3, bytes: 0), from: "MIDELT")
    try arrivals.note(StudyManifest(study: study.rawValue, objects: 9, bytes: 0), from: "AZILAL")
    #expect(try arrivals.progress(study: study)?.isComplete == true)
    // A late image opens the study again.
    manifest.objects = 5
    (manifest.sealed, manifest.sealedBy, manifest.digests) = (false, nil, nil)
    try arrivals.note(manifest, from: "MIDELT")
    #expect(try arrivals.progress(study: study)?.isComplete == false)
    // Sealed with other digests than those that are here, it is not complete.
    manifest = StudyManifest(
      study: study.rawValue, objects: 4, bytes: bytes, sealed: true, sealedBy: .timer,
      digests: StudyManifest.digest(of: samples.map(\.object.receivedDigest)))
    try arrivals.note(manifest, from: "MIDELT")
    #expect(try arrivals.progress(study: study)?.isComplete == false)
  }

  @Test func `What a site had sent by another door counts when it says so`() throws {
    let sample = try ArrivalSample.slice(2)
    try archive.store(sample.received)
    #expect(try arrivals.progress(study: sample.study) == nil)
    try arrivals.note(
      StudyManifest(
        study: sample.study.rawValue, objects: 1, bytes: 1, sealed: true, sealedBy: .timer,
        digests: StudyManifest.digest(of: [sample.digest])), from: "MIDELT")
    #expect(try arrivals.announce([sample.object], from: "MIDELT").first?.state == .whole)
    #expect(try arrivals.progress(study: sample.study)?.isComplete == true)
  }

  @Test func `Notes and announcements survive a kill once they are flushed`() throws {
    let sample = try ArrivalSample.slice(2)
    try arrivals.note(StudyManifest(study: sample.study.rawValue, objects: 7, bytes: 70), from: "MIDELT")
    _ = try arrivals.announce([sample.object], from: "MIDELT")
    _ = try arrivals.flush([String](), from: "MIDELT")
    let again = try Archive.make(in: folder.crashed())
    #expect(try again.arrivals.progress(study: sample.study)?.expected == 7)
    let prefix = try #require(UInt64(sample.digest.prefix(16), radix: 16))
    #expect(again.arrivals.resolve(prefix: prefix, site: "MIDELT") == sample.digest)
  }

  @Test func `The wishes of readers reach the site of the study, once, and not for ever`() throws {
    let sample = try ArrivalSample.slice(2)
    let wish = LinkDemand(study: sample.study.rawValue, instance: sample.object.instance, frame: 0)
    // Nobody sends this study.
    arrivals.demand(wish)
    #expect(arrivals.demands(for: "MIDELT", since: nil).demands.isEmpty)
    try arrivals.take(sample, [0..<100])
    arrivals.demand(wish)
    arrivals.demand(wish)
    let (next, demands) = arrivals.demands(for: "MIDELT", since: nil)
    #expect(demands == [wish])
    #expect(arrivals.demands(for: "AZILAL", since: nil).demands.isEmpty)
    #expect(arrivals.demands(for: "MIDELT", since: next).demands.isEmpty)
    let other = LinkDemand(study: sample.study.rawValue)
    arrivals.demand(other)
    #expect(arrivals.demands(for: "MIDELT", since: next).demands == [other])
    try arrivals.take(sample)
    let last = arrivals.demands(for: "MIDELT", since: nil).next
    arrivals.demand(LinkDemand(study: sample.study.rawValue, frame: 3))
    #expect(arrivals.demands(for: "MIDELT", since: last).demands.isEmpty)
  }

  @Test func `The board keeps the newest wishes, and old ones fall off`() {
    let board = DemandBoard()
    let start = ContinuousClock.now
    for frame in 0..<100 { board.add(LinkDemand(study: "1.2", frame: frame), for: "A", at: start) }
    var found = board.demands(for: "A", since: nil, at: start)
    #expect(found.demands.map(\.frame) == (36..<100).map { $0 })
    // Repeated after a while, a wish is news again.
    board.add(LinkDemand(study: "1.2", frame: 50), for: "A", at: start + .seconds(6))
    found = board.demands(for: "A", since: found.next, at: start + .seconds(6))
    #expect(found.demands.map(\.frame) == [50])
    #expect(board.demands(for: "A", since: nil, at: start + .seconds(301)).demands.map(\.frame) == [50])
    // A cursor of before a restart hides nothing.
    #expect(DemandBoard().demands(for: "B", since: nil).next >= found.next - 200)
  }

  @Test func `Many requests of many sites at once bring every object whole, each to its own site`() async throws {
    let samples = try (0..<12).map { try ArrivalSample.slice($0) }
    let archive = archive
    await withTaskGroup(of: Void.self) { group in
      for (index, sample) in samples.enumerated() {
        let site = "SITE\(index % 3)"
        // Two requests of one site bring the same object, overlapping.
        for half in 0..<2 {
          group.addTask {
            await Self.onThread {
              do {
                _ = try archive.arrivals.announce([sample.object], from: site)
                let segments = half == 0 ? sample.segments() : sample.segments().reversed()
                for segment in segments {
                  do {
                    try archive.arrivals.write(sample, segment, from: site)
                  } catch let failure as ArrivalFailure where failure.code == .unknownObject {
                    // The other request has brought it whole.
                    break
                  }
                  let answers = try archive.arrivals.flush([sample.digest], from: site)
                  #expect(answers.count == 1 && [.partial, .whole].contains(answers[0].state))
                }
                #expect(try archive.arrivals.flush([sample.digest], from: site).map(\.state) == [.whole])
              } catch {
                Issue.record("\(error)")
              }
            }
          }
        }
      }
    }
    for sample in samples { #expect(try await archive.file(sample) == sample.bytes) }
    #expect(try archive.statistics().instances == samples.count)
    #expect(arrivals.monitor.withLock { $0.known.isEmpty && $0.dirty.isEmpty && $0.wanting == 0 && $0.studies.isEmpty })
    #expect(try archive.verify().isClean)
  }

  /// Blocking calls want a thread of their own.
  private static func onThread(_ body: @escaping @Sendable () -> Void) async {
    await withCheckedContinuation { continuation in
      Thread.detachNewThread {
        body()
        continuation.resume()
      }
    }
  }
}
