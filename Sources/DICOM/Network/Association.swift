import CDCMTK

/// An association that a peer has opened with us.
///
/// It is pulled: `receive`, then `receiveDataSet` if one was announced, then `reply`. All methods block and belong on the one
/// thread that owns the association. An association that was neither released nor aborted is closed when it is let go.
public final class Association {
  /// What was agreed for one presentation context.
  public struct Context: Sendable, Hashable {
    public let abstractSyntax: UID
    public let transferSyntax: TransferSyntax
  }

  /// The peer's name, as it calls itself: any 16 bytes, so clean it before it goes to a log.
  public let callingAETitle: String
  /// The name the peer calls us by.
  public let calledAETitle: String
  /// (0002,0013) of the peer's software; often empty.
  public let peerImplementationVersion: String
  /// The accepted presentation contexts.
  public let contexts: [UInt8: Context]
  /// "address:port", numeric.
  public var peerAddress: String { connection.peerAddress }

  private let connection: IncomingConnection
  private var handle: OpaquePointer { connection.handle }

  init(connection: IncomingConnection, titles: rk_titles, contexts: [UInt8: Context]) {
    self.connection = connection
    self.contexts = contexts
    callingAETitle = cString(titles.calling)
    calledAETitle = cString(titles.called)
    peerImplementationVersion = cString(titles.implementation_version)
  }

  /// Waits for the next message. After an error only ``abort(_:)`` makes sense.
  public func receive() throws(NetworkFailure) -> DIMSEMessage {
    var message = rk_message()
    try NetworkFailure.check(rk_connection_receive(handle, &message))
    if message.is_release { return .release }
    let request = DIMSERequest(message)
    if request.commandField & CommandField.responseBit != 0 {
      throw NetworkFailure(.protocolViolation, "a response where a request belongs")
    }
    switch request.commandField {
    case CommandField.echoRequest where !request.hasDataSet:
      return .echo(request)
    case CommandField.storeRequest:
      guard let context = contexts[request.contextID] else {  // cannot be: the layer below has checked it
        throw NetworkFailure(.protocolViolation, "a request in a presentation context that was not accepted")
      }
      let originator = cString(message.move_originator)
      return .store(
        StoreRequest(
          request: request, transferSyntax: context.transferSyntax,
          moveOriginator: originator.isEmpty
            ? nil : .init(aeTitle: originator, messageID: message.move_originator_id)))
    case CommandField.cancelRequest where !request.hasDataSet:
      return .cancel
    default:
      return .unsupported(request)
    }
  }

  /// Receives the announced data set into a spool, straight from the socket.
  ///
  /// - Parameter limit: The most bytes to take.
  /// - Returns: What the spool had against it, nil if nothing. The rest of the data set was then read and dropped, so that the
  ///   association can go on with an answer.
  /// - Throws: When the association is broken; the spool then holds a piece of an object.
  public func receiveDataSet(into spool: Spool, limit: Int = .max) throws(NetworkFailure) -> SpoolFailure? {
    var storage = rk_status()
    let status = rk_connection_receive_data_set(handle, spool.handle, UInt64(max(limit, 0)), &storage)
    try NetworkFailure.check(status)
    return storage.isOK ? nil : SpoolFailure(storage)
  }

  /// Reads the announced data set and drops it.
  public func dropDataSet(limit: Int = .max) throws(NetworkFailure) {
    var storage = rk_status()
    try NetworkFailure.check(rk_connection_receive_data_set(handle, nil, UInt64(max(limit, 0)), &storage))
  }

  /// Answers a request.
  ///
  /// - Parameter comment: (0000,0902) Error Comment: ASCII, cut at 64 characters, no patient data.
  public func reply(to request: DIMSERequest, _ status: DIMSEStatus, comment: String = "") throws(NetworkFailure) {
    var response = rk_response()
    response.command_field = request.commandField | CommandField.responseBit
    response.message_id = request.messageID
    response.context_id = request.contextID
    response.status = status.rawValue
    fill(&response.sop_class, request.sopClassUID?.rawValue ?? "")
    fill(&response.sop_instance, request.sopInstanceUID?.rawValue ?? "")
    fill(&response.comment, comment)
    try NetworkFailure.check(rk_connection_respond(handle, &response))
  }

  /// Answers the peer's release and closes. Blocks for at most 2 s.
  public func release() { rk_connection_release(handle) }

  /// Who is to blame for an abort (PS3.8 §9.3.8).
  public enum AbortSource: UInt8, Sendable {
    /// We do not want to go on.
    case serviceUser = 0
    /// The peer broke the protocol.
    case serviceProvider = 2
  }

  /// Sends A-ABORT and closes. Blocks for at most 1 s.
  public func abort(_ source: AbortSource) { rk_connection_abort(handle, source.rawValue, 0) }
}

/// Writes a text into a C array of characters (which Swift sees as a tuple), cut to fit and ended with NUL.
private func fill<T>(_ characters: inout T, _ text: String) {
  withUnsafeMutableBytes(of: &characters) { target in
    let bytes = text.utf8.prefix(target.count - 1)
    target.copyBytes(from: bytes)
    target[bytes.count] = 0
  }
}
