import DICOM
import Foundation
import GRDB
import Imaging
import Testing

@testable import Archive

extension PreparationOptions {
  /// For tests: nothing is waited for.
  static func eager(threads: Int = 1) -> PreparationOptions {
    var options = PreparationOptions(profile: .standard)
    options.threads = threads
    options.quiet = .zero
    options.lookout = .milliseconds(5)
    options.removalDelay = .zero
    options.keepReceivedFor = .zero
    return options
  }

  /// Prepares nothing, and removes what is to go.
  static func removing() -> PreparationOptions {
    var options = eager()
    options.prepares = false
    return options
  }
}

extension Archive {
  /// Waits until nothing waits and nothing is under way. Fails after a minute.
  func waitUntilPrepared() async throws {
    for _ in 0..<6000 {
      let waiting = try await index.pool.read { db in
        try Int.fetchOne(
          db,
          sql: """
            SELECT (SELECT count(*) FROM instance WHERE preparation = 0)
              + (SELECT count(*) FROM prepared_file WHERE received_file = 1)
            """)
      }
      if waiting == 0 { return }
      try await Task.sleep(for: .milliseconds(10))
    }
    Issue.record("the preparation takes too long")
  }

  /// Waits until no received file is to go any more. Fails after ten seconds.
  func waitUntilRemoved() async throws {
    for _ in 0..<1000 {
      let count = try await index.pool.read { db in
        try Int.fetchOne(db, sql: "SELECT count(*) FROM prepared_file WHERE received_file = 1")
      }
      if count == 0 { return }
      try await Task.sleep(for: .milliseconds(10))
    }
    Issue.record("received files stay too long")
  }

  /// Makes the prepared file of the one waiting object, as a worker would, without putting it in place.
  func work(keepReceived: Bool = false) throws -> (job: PreparationJob, path: String, IndexEntry, PreparedFacts) {
    let study = try #require(try index.newestWaiting(except: []))
    let job = try #require(try index.waiting(study).first)
    let result = PreparationWork(objects: objects, placer: placer, options: .eager()).run(job) {
      () throws(PreparationWork.Cancelled) in
    }
    guard case .made(let path, let entry, let facts, _, _) = result else { throw ArchiveError("\(result)") }
    return (
      job, path, entry,
      PreparedFacts(
        layers: facts.layers, receivedSize: facts.receivedSize, receivedTransferSyntax: facts.receivedTransferSyntax,
        receivedFile: keepReceived ? .kept : .toRemove, preparedAt: facts.preparedAt, rule: facts.rule,
        thumbnail: facts.thumbnail)
    )
  }

  /// The one instance of an archive.
  func onlyRecord() async throws -> InstanceRecord {
    let uid = try await index.pool.read { try String.fetchOne($0, sql: "SELECT uid FROM study") }
    let records = try await instances(study: UID(rawValue: try #require(uid)))
    #expect(records.count == 1)
    return try #require(records.first)
  }

  /// Every frame of an instance, decoded from the file that is kept now.
  func frames(of record: InstanceRecord) throws -> [DecodedFrame] {
    let object = try ImageObject(path: path(of: record))
    return try (0..<object.frameCount).map { try object.decodedFrame($0) }
  }
}

extension ImagePreparationSample {
  /// Its frames as received.
  func frames() throws -> [[UInt8]] {
    let object = try ImageObject(ObjectBytes(bytes))
    return try (0..<object.frameCount).map { try object.decodedFrame($0).withUnsafeBytes { Array($0) } }
  }
}

/// An image worth preparing.
struct ImagePreparationSample: Sendable {
  let bytes: [UInt8]

  /// A slice of a phantom: 16 bits, 128 × 128. There are twelve.
  static func slice(_ number: Int = 0) throws -> ImagePreparationSample { try slices.get()[number] }

  private static let slices = Result {
    let study = try PhantomStudy(kind: .ct, size: PhantomSize(columns: 128, rows: 128), count: 12, seed: 7)
    return (0..<12).map { ImagePreparationSample(bytes: study.file($0).bytes) }
  }
}
