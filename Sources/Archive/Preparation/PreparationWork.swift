import DICOM
import Foundation
import Imaging

/// The part of a preparation that takes processor time: from the received file to a proven one. Changes nothing in the archive.
///
/// At a site there are two steps, each proven: the object gets the site as Issuer of Patient ID, then its ladder. What has no ladder
/// stops after the first, and so does what cannot be given one though it should have it.
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
  let placer: Placer
  let options: PreparationOptions
  /// Where a large frame has all processors, there is one at a time: two would only take twice the memory.
  var largeFrames: NSLock?
  /// ``LadderFile``, or in tests something that fails.
  var ladder: @Sendable (String, LadderFile.Options, String, () throws -> Void) throws -> LadderOutcome = {
    try LadderFile.prepare(path: $0, options: $1, output: $2, checkpoint: $3)
  }

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
    try placer.place(job.received)
    let received = objects.path(ObjectName(job.received))
    let facts: ImageFacts
    do {
      facts = ImageFacts(try ParsedObject.parse(ObjectBytes.mapped(path: received)))
    } catch let failure as ParseFailure {
      return .untouched(code: "irregular", detail: failure.reason)
    }
    let rule = options.profile.decide(facts).rule
    let ruleText = "\(options.profile.name) \(options.profile.version): \(rule.name)"
    let coerced = objects.temporaryPath()
    defer { unlink(coerced) }
    let isCoerced: Bool
    switch try coerce(job, received, to: coerced) {
    case .written: isCoerced = true
    case .alreadySo: isCoerced = false
    case .untouched(.differs(let tag)):
      return .refused(code: "attribute-differs", detail: "\(CoercionObstacle.differs(tag))")
    case .untouched(let obstacle): return .untouched(code: obstacle.code, detail: "\(obstacle)")
    }
    /// The object as it was received, or with nothing but the site's name in it.
    func withoutLadder(_ code: String, _ detail: String, isRefusal: Bool = false) throws -> Result {
      guard isCoerced else {
        return isRefusal ? .refused(code: code, detail: detail) : .untouched(code: code, detail: detail)
      }
      guard rename(coerced, output) == 0 else { throw ArchiveError("a file could not be renamed") }
      let digest = try ObjectBytes.mapped(path: output).sha256()
      // What could not be prepared may be tried again after its cause was mended.
      let kept: ReceivedFile = rule.action.keepReceived || isRefusal ? .kept : .toRemove
      let refusal = isRefusal ? PreparedFacts.Refusal(code: code, detail: detail) : nil
      return try entry(digest, nil, at: output, job, kept, ruleText, refusal, encoding: .zero, proof: .zero)
    }
    guard rule.action.codec == .ladder else { return try withoutLadder("as-received", ruleText) }
    var ladder = LadderFile.Options()
    ladder.layers = rule.action.layers
    ladder.memoryLimit = options.memoryLimit
    let gate = facts.numbers[.megapixels] ?? 0 >= 1 ? largeFrames : nil
    if gate != nil { ladder.threads = options.threadsOfLargeFrames }
    gate?.lock()
    defer { gate?.unlock() }
    switch try self.ladder(isCoerced ? coerced : received, ladder, output, checkpoint) {
    case .untouched(let reason): return try withoutLadder(reason.code, "\(reason)")
    case .refused(let reason): return try withoutLadder(reason.code, "\(reason)", isRefusal: true)
    case .proven(let prepared):
      guard prepared.size < job.size else {
        unlink(output)
        return try withoutLadder("not-smaller", "\(prepared.size) bytes instead of \(job.size)")
      }
      return try entry(
        prepared.digest, prepared.layers, at: output, job, rule.action.keepReceived ? .kept : .toRemove, ruleText,
        encoding: prepared.encodeTime, proof: prepared.proofTime)
    }
  }

  /// Gives the object the site's name, where there is one to give.
  private func coerce(_ job: PreparationJob, _ path: String, to output: String) throws -> IssuerCoercion.Outcome {
    guard let issuer = options.issuerOfPatientID else { return .alreadySo }
    return try IssuerCoercion(issuer: issuer, source: job.sender, receivedAt: job.receivedAt)
      .write(path: path, output: output)
  }

  private func entry(
    _ digest: [UInt8], _ layers: LayerTable?, at path: String, _ job: PreparationJob, _ receivedFile: ReceivedFile,
    _ rule: String, _ refusal: PreparedFacts.Refusal? = nil, encoding: Duration, proof: Duration
  ) throws -> Result {
    guard let digest = Digest(digest), let size = Folder.fileSize(path) else {
      throw ArchiveError("a prepared file cannot be read")
    }
    let facts = PreparedFacts(
      layers: layers, receivedSize: job.size, receivedTransferSyntax: job.transferSyntax,
      receivedFile: receivedFile, preparedAt: Date(), rule: rule,
      // Without one it is drawn when somebody asks.
      thumbnail: layers.flatMap { try? KeptThumbnail.make(path: path, layers: $0, profile: options.profile) },
      refusal: refusal)
    let entry = IndexEntry(
      try ParsedObject.parse(ObjectBytes.mapped(path: path)), digest: digest, received: job.received,
      size: size, receipt: Receipt(channel: .found, receivedAt: job.receivedAt), prepared: facts)
    // The attributes were compared; this is what the index makes of them.
    guard entry.identity.sopInstanceUID == job.instance, entry.identity.studyInstanceUID == job.study else {
      return .refused(code: "identity-differs", detail: "the prepared file has other UIDs")
    }
    return .made(path: path, entry: entry, facts: facts, encoding: encoding, proof: proof)
  }
}
