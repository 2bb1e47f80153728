import DICOM
import Logging

/// One connection from its first byte to its end, on the thread that calls ``serve(_:admission:)``.
struct AssociationHandler: Sendable {
  let storage: StorageProvider
  let policy: AcceptancePolicy
  /// Empty: everybody.
  let peers: [DIMSEPeer]
  let limits: NetworkLimits
  let registry: AssociationRegistry
  let wake: Wake
  let metrics: DIMSEMetrics
  let logger: Logger

  /// What happened in an association, for one line of log at its end.
  private struct Tally {
    var stored = 0
    var duplicates = 0
    var refused = 0
    var echoes = 0
  }

  /// Serves a connection. Blocks until it is over.
  func serve(_ connection: IncomingConnection, admission: AssociationRegistry.Admission) {
    defer { registry.remove(connection) }
    guard case .serve = admission else {
      metrics.associationsRejected.increment()
      if case .reject = admission { connection.rejectForNow() }
      return
    }
    var logger = logger
    logger[metadataKey: "peer"] = "\(connection.peerAddress)"
    let association: Association
    do {
      association = try connection.negotiate(policy(for: connection), limits: limits, wake: wake)
    } catch {
      (error.code == .rejected ? metrics.associationsRejected : metrics.associationsBroken).increment()
      logger.info("No association", metadata: ["reason": "\(error.code.rawValue)", "detail": "\(error)"])
      return
    }
    registry.associated(connection)
    logger[metadataKey: "calling"] = "\(printable(association.callingAETitle))"
    logger[metadataKey: "called"] = "\(printable(association.calledAETitle))"
    metrics.associationsAccepted.increment()
    metrics.associationsOpen.increment()
    defer { metrics.associationsOpen.decrement() }
    logger.debug("Association opened", metadata: ["contexts": "\(association.contexts.count)"])
    serve(association, logger: logger)
  }

  /// Who calls from an address of none of the peers is told what one with a foreign title is told: not who could call from there.
  private func policy(for connection: IncomingConnection) -> AcceptancePolicy {
    guard !peers.isEmpty else { return policy }
    var policy = policy
    policy.callingAETitles = Set(peers.filter { $0.isAt(connection.peerAddress) }.map(\.aeTitle))
    return policy
  }

  private func serve(_ association: Association, logger: Logger) {
    var tally = Tally()
    var ending = "released"
    var detail = ""
    do throws(NetworkFailure) {
      while try serveNext(association, &tally, logger: logger) {
        if registry.isEnding { throw .ending }
      }
    } catch {
      ending = error.code.rawValue
      detail = error.description
      switch error.code {
      case .closedByPeer, .abortedByPeer: break
      case .protocolViolation, .tooLarge: association.abort(.serviceProvider)
      default: association.abort(.serviceUser)
      }
      if error.code != .interrupted { metrics.associationsBroken.increment() }
    }
    var metadata: Logger.Metadata = [
      "ending": "\(ending)", "stored": "\(tally.stored)", "duplicates": "\(tally.duplicates)",
      "refused": "\(tally.refused)", "echoes": "\(tally.echoes)",
    ]
    if !detail.isEmpty { metadata["detail"] = "\(detail)" }
    logger.info("Association ended", metadata: metadata)
  }

  /// Serves one message; false when the association is over.
  private func serveNext(
    _ association: Association, _ tally: inout Tally, logger: Logger
  ) throws(NetworkFailure) -> Bool {
    switch try association.receive() {
    case .echo(let request):
      try association.reply(to: request, .success)
      tally.echoes += 1
      metrics.echoes.increment()
    case .store(let request):
      switch try storage.serve(request, over: association, logger: logger) {
      case .stored: tally.stored += 1
      case .duplicate: tally.duplicates += 1
      case .refused: tally.refused += 1
      }
    case .cancel:
      break
    case .unsupported(let request):
      if request.hasDataSet { try association.dropDataSet(limit: storage.maximumObjectSize) }
      try association.reply(to: request, .unrecognizedOperation)
    case .release:
      association.release()
      return false
    }
    return true
  }

  /// An AE title as a peer sent it, fit for a log: 16 bytes of anything become printable ASCII.
  private func printable(_ title: String) -> String {
    String(String.UnicodeScalarView(title.unicodeScalars.map { (0x20...0x7E).contains($0.value) ? $0 : "?" }))
  }
}
