import Archive
import DICOM
import Logging

/// The storage service (PS3.4 Annex B): receives an object, gives it to the archive, then answers.
///
/// "Success" leaves here only after the archive has said that the object is safe.
struct StorageProvider: Sendable {
  /// What became of one request.
  enum Result: Sendable, Hashable {
    case stored
    case duplicate
    case refused(Refusal)
  }

  let archive: Archive
  let maximumObjectSize: Int
  let metrics: DIMSEMetrics

  /// Serves one C-STORE request. Blocks until its answer is on its way.
  ///
  /// An object that cannot be kept is still read to its end, so that the association goes on and the sender hears why.
  func serve(
    _ store: StoreRequest, over association: Association, logger: Logger
  ) throws(NetworkFailure) -> Result {
    let start = ContinuousClock.now
    let result = try receive(store, over: association, logger: logger)
    switch result {
    case .stored, .duplicate: try association.reply(to: store.request, .success)
    case .refused(let refusal): try association.reply(to: store.request, refusal.status, comment: refusal.comment)
    }
    metrics.storeDuration.record(duration: ContinuousClock.now - start)
    metrics.count(result)
    return result
  }

  private func receive(
    _ store: StoreRequest, over association: Association, logger: Logger
  ) throws(NetworkFailure) -> Result {
    let spool: Spool
    switch prepare(store) {
    case .success(let prepared):
      spool = prepared
    case .failure(let failure):
      if store.request.hasDataSet { try association.dropDataSet(limit: maximumObjectSize) }
      return refused(failure.refusal, store, because: failure.detail, logger)
    }
    let headerSize = spool.count
    if let failure = try association.receiveDataSet(into: spool, limit: maximumObjectSize) {
      return refused(Refusal(failure), store, because: failure.description, logger)
    }
    metrics.bytesReceived.increment(by: spool.count - headerSize)
    let receipt = Receipt(
      channel: .dimse, callingAETitle: association.callingAETitle, calledAETitle: association.calledAETitle,
      peerAddress: association.peerAddress, expectedSOPClassUID: store.request.sopClassUID,
      expectedSOPInstanceUID: store.request.sopInstanceUID)
    do {
      switch try archive.store(spool, receipt: receipt) {
      case .stored: return .stored
      case .duplicate: return .duplicate
      }
    } catch {
      return refused(Refusal(error), store, because: error.detail, logger)
    }
  }

  private struct NotPrepared: Error {
    let refusal: Refusal
    let detail: String
  }

  /// A spool that begins with the file's header, so that the digest of the whole file is ready when the last byte is.
  private func prepare(_ store: StoreRequest) -> Swift.Result<Spool, NotPrepared> {
    func failure(_ refusal: Refusal, _ detail: String? = nil) -> Swift.Result<Spool, NotPrepared> {
      .failure(NotPrepared(refusal: refusal, detail: detail ?? refusal.comment))
    }
    guard store.request.hasDataSet else { return failure(.missingDataSet) }
    guard let sopClass = store.request.sopClassUID, let sopInstance = store.request.sopInstanceUID else {
      return failure(.missingUID)
    }
    guard sopClass.isWellFormed, sopInstance.isWellFormed else { return failure(.invalidUID) }
    let spool: Spool
    do { spool = try archive.makeSpool() } catch { return failure(Refusal(error), error.detail) }
    do {
      try spool.append(
        FileMeta.canonicalHeader(
          sopClassUID: sopClass, sopInstanceUID: sopInstance, transferSyntax: store.transferSyntax))
    } catch {
      return failure(Refusal(error), error.description)
    }
    return .success(spool)
  }

  private func refused(_ refusal: Refusal, _ store: StoreRequest, because detail: String, _ logger: Logger) -> Result {
    logger.warning(
      "Refused an object",
      metadata: [
        "reason": "\(refusal.reason.rawValue)", "status": "\(refusal.status)", "detail": "\(detail)",
      ])
    logger.debug(
      "Refused object", metadata: ["sop-instance-uid": "\(store.request.sopInstanceUID?.rawValue ?? "")"])
    return .refused(refusal)
  }
}
