import CDCMTK

/// What a peer asks for in an association (PS3.7 §9).
public enum DIMSEMessage: Sendable, Hashable {
  /// C-ECHO: answer it.
  case echo(DIMSERequest)
  /// C-STORE: its data set follows, if it announces one as it should.
  case store(StoreRequest)
  /// C-CANCEL of an operation that is over or never was: nothing to answer.
  case cancel
  /// Some other request; if it announces a data set, that follows.
  case unsupported(DIMSERequest)
  /// The peer is done: call ``Association/release()``.
  case release
}

/// What all requests have in common.
public struct DIMSERequest: Sendable, Hashable {
  /// The presentation context it came in.
  public let contextID: UInt8
  /// (0000,0100) Command Field. Example: 0x0001 for C-STORE-RQ.
  public let commandField: UInt16
  /// (0000,0110) Message ID.
  public let messageID: UInt16
  /// Whether a data set follows.
  public let hasDataSet: Bool
  /// (0000,0002) or (0000,0003); nil if absent.
  public let sopClassUID: UID?
  /// (0000,1000) or (0000,1001); nil if absent.
  public let sopInstanceUID: UID?

  init(_ message: rk_message) {
    contextID = message.context_id
    commandField = message.command_field
    messageID = message.message_id
    hasDataSet = message.has_data_set
    let sopClass = cString(message.sop_class)
    let sopInstance = cString(message.sop_instance)
    sopClassUID = sopClass.isEmpty ? nil : UID(rawValue: sopClass)
    sopInstanceUID = sopInstance.isEmpty ? nil : UID(rawValue: sopInstance)
  }
}

/// A C-STORE request (PS3.7 §9.3.1.1).
public struct StoreRequest: Sendable, Hashable {
  public let request: DIMSERequest
  /// How the data set that follows is written.
  public let transferSyntax: TransferSyntax
  /// (0000,1030) and (0000,1031): whose C-MOVE this store is part of; nil if of none.
  public let moveOriginator: MoveOriginator?

  /// Who asked for the move.
  public struct MoveOriginator: Sendable, Hashable {
    public let aeTitle: String
    public let messageID: UInt16
  }
}

/// Command fields that we know (PS3.7 Table E.1-1).
enum CommandField {
  static let storeRequest: UInt16 = 0x0001
  static let echoRequest: UInt16 = 0x0030
  static let cancelRequest: UInt16 = 0x0FFF
  static let responseBit: UInt16 = 0x8000
}
