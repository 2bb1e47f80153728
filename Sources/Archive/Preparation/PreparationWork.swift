import DICOM
import Foundation
import Imaging

/// The part of a preparation that takes processor time: from the received file to a proven one. Changes nothing in the archive.
struct PreparationWork: Sendable {
  enum Result: Sendable {
    /// The file lies at `path`, in the folder of arriving files, not flushed.
    case made(path: String, entry: IndexEntry, facts: PreparedFacts, encoding: Duration, proof: Duration)
    case untouched(code: String, detail: String)
    case refused(code: String, detail: String)
    /// Nothing is known of the object.
    case failed(String)
    case cancelled
  }

  /// The process ends, or the archive is closed.
  struct Cancelled: Error {}

  let objects: ObjectStore
  let placer: Placer?
  let options: PreparationOptions

  /// Blocks. `checkpoint` is called before each frame; it waits, or throws ``Cancelled``.
  func run(_ job: PreparationJob, checkpoint: () throws(Cancelled) -> Void) -> Result {
    let output = objects.temporaryPath()
    do {
      let result = try make(job, output, checkpoint)
      if case .made = result { return result }
      unlink(output)
      return result
    } catch is Cancelled {
      unlink(output)
      return .cancelled
    } catch {
      unlink(output)
      return .failed("\(error)")
    }
  }

  private func make(_ job: PreparationJob, _ output: String, _ checkpoint: () throws(Cancelled) -> Void) throws
    -> Result
  {
    try checkpoint()
    // An object of the last moments may lie only in the journal.
    try placer?.place(job.received)
    let received = objects.path(ObjectName(job.received))
    let facts: ImageFacts
    do {
      facts = ImageFacts(try ParsedObject.parse(ObjectBytes.mapped(path: received)))
    } catch let failure as ParseFailure {
      return .untouched(code: "irregular", detail: failure.reason)
    }
    let rule = options.profile.decide(facts).rule
    let ruleText = "\(options.profile.name) \(options.profile.version): \(rule.name)"
    guard rule.action.codec == .ladder else { return .untouched(code: "as-received", detail: ruleText) }
    var ladder = LadderFile.Options()
    ladder.layers = rule.action.layers
    ladder.memoryLimit = options.memoryLimit
    let outcome = try LadderFile.prepare(path: received, options: ladder, output: output, checkpoint: checkpoint)
    switch outcome {
    case .untouched(let reason): return .untouched(code: reason.code, detail: "\(reason)")
    case .refused(let reason): return .refused(code: reason.code, detail: "\(reason)")
    case .proven(let prepared):
      guard prepared.size < job.size else {
        return .untouched(code: "not-smaller", detail: "\(prepared.size) bytes instead of \(job.size)")
      }
      return try entry(of: prepared, at: output, job, rule.action.keepReceived ? .kept : .toRemove, ruleText)
    }
  }

  private func entry(
    of prepared: PreparedObject, at path: String, _ job: PreparationJob, _ receivedFile: ReceivedFile, _ rule: String
  ) throws -> Result {
    guard let digest = Digest(prepared.digest) else { throw ArchiveError("a digest is not 32 bytes") }
    let facts = PreparedFacts(
      layers: prepared.layers, receivedSize: job.size, receivedTransferSyntax: job.transferSyntax,
      receivedFile: receivedFile, preparedAt: Date(), rule: rule)
    let entry = IndexEntry(
      try ParsedObject.parse(ObjectBytes.mapped(path: path)), digest: digest, received: job.received,
      size: prepared.size, receipt: Receipt(channel: .found, receivedAt: job.receivedAt), prepared: facts)
    // The attributes were compared; this is what the index makes of them.
    guard entry.identity.sopInstanceUID == job.instance, entry.identity.studyInstanceUID == job.study else {
      return .refused(code: "identity-differs", detail: "the prepared file has other UIDs")
    }
    return .made(
      path: path, entry: entry, facts: facts, encoding: prepared.encodeTime, proof: prepared.proofTime)
  }
}
