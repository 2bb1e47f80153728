import CDCMTK

/// A peer that has opened a TCP connection, and not yet an association.
///
/// All methods block and belong on a thread of their own; only ``interrupt()`` may come from others.
public final class IncomingConnection: @unchecked Sendable {
  // Unchecked: one thread uses it, and interrupt() is made for others.
  let handle: OpaquePointer

  init(owning handle: OpaquePointer) { self.handle = handle }

  /// Closes what is still open.
  deinit { rk_connection_free(handle) }

  /// "address:port", numeric.
  public var peerAddress: String { String(cString: rk_connection_peer(handle)) }

  /// Makes every blocking call on this connection and its association end soon. From any thread.
  public func interrupt() { rk_connection_interrupt(handle) }

  /// Waits for the association request and answers it.
  ///
  /// The whole request must be here within ``NetworkLimits/negotiation``; until then it costs nobody else anything. A peer that
  /// speaks something else gets A-ABORT, one that the policy refuses A-ASSOCIATE-RJ; both end as an error here.
  public func negotiate(
    _ policy: AcceptancePolicy, limits: NetworkLimits = NetworkLimits(), wake: Wake? = nil
  ) throws(NetworkFailure) -> Association {
    let status = rk_connection_negotiate(handle, limits.raw, wake?.handle)
    let failure = status.isOK ? nil : NetworkFailure(status)
    if let failure {
      if failure.code == .protocolViolation { rk_connection_abort(handle, 2, 0) }
      throw failure
    }
    let titles = rk_connection_titles(handle)
    try check(titles, policy)
    var contexts: [UInt8: Association.Context] = [:]
    for proposed in proposedContexts() {
      switch policy.decide(proposed) {
      case .accept(let syntax):
        try NetworkFailure.check(rk_connection_accept_context(handle, proposed.id, syntax.uid.rawValue))
        contexts[proposed.id] = .init(abstractSyntax: proposed.abstractSyntax, transferSyntax: syntax)
      case .refuse(let reason):
        try NetworkFailure.check(rk_connection_refuse_context(handle, proposed.id, reason.rawValue))
      }
    }
    try NetworkFailure.check(
      rk_connection_acknowledge(
        handle, FileMeta.implementationClassUID.rawValue, FileMeta.implementationVersionName))
    return Association(connection: self, titles: titles, contexts: contexts)
  }

  /// Tells the peer that we have no room for it just now (A-ASSOCIATE-RJ: transient, local limit exceeded).
  ///
  /// - Parameter wait: How long to wait for its request first: a peer that is answered before it has asked may miss the answer.
  public func rejectForNow(wait: Duration = .seconds(2)) { rk_connection_reject(handle, 2, 3, 2, wait.milliseconds) }

  /// AE titles and application context (PS3.8 Table 9-21: rejected-permanent, service user, reasons 7, 3 and 2).
  private func check(_ titles: rk_titles, _ policy: AcceptancePolicy) throws(NetworkFailure) {
    let standardApplicationContext = "1.2.840.10008.3.1.1.1"
    if cString(titles.application_context) != standardApplicationContext {
      rk_connection_reject(handle, 1, 1, 2, 0)
      throw NetworkFailure(.rejected, "the application context is not DICOM's")
    }
    if let called = policy.calledAETitles, !called.contains(cString(titles.called)) {
      rk_connection_reject(handle, 1, 1, 7, 0)
      throw NetworkFailure(.rejected, "the called AE title is not ours")
    }
    if let calling = policy.callingAETitles, !calling.contains(cString(titles.calling)) {
      rk_connection_reject(handle, 1, 1, 3, 0)
      throw NetworkFailure(.rejected, "the calling AE title is not listed")
    }
  }

  private func proposedContexts() -> [ProposedContext] {
    (0..<rk_connection_context_count(handle)).map { index in
      let raw = rk_connection_context(handle, index)
      let syntaxes = (0..<raw.transfer_syntax_count).map {
        UID(rawValue: String(cString: rk_connection_transfer_syntax(handle, index, $0)))
      }
      return ProposedContext(
        id: raw.id, abstractSyntax: UID(rawValue: cString(raw.abstract_syntax)), transferSyntaxes: syntaxes)
    }
  }
}

/// The text in a C array of characters (which Swift sees as a tuple), up to its first NUL.
func cString<T>(_ characters: T) -> String {
  withUnsafeBytes(of: characters) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
}
