/// The status of a DIMSE response (PS3.7 Annex C, PS3.4), also the Failure Reason of STOW-RS and storage commitment.
public struct DIMSEStatus: RawRepresentable, Hashable, Sendable, Codable {
  public let rawValue: UInt16

  @inlinable public init(rawValue: UInt16) { self.rawValue = rawValue }

  public static let success = DIMSEStatus(rawValue: 0x0000)
  /// A sub-operation goes on (C-FIND, C-MOVE, C-GET): every optional key is supported.
  public static let pending = DIMSEStatus(rawValue: 0xFF00)
  /// As `pending`, but one or more optional keys were not matched.
  public static let pendingWithUnsupportedKeys = DIMSEStatus(rawValue: 0xFF01)
  public static let cancelled = DIMSEStatus(rawValue: 0xFE00)

  // PS3.7 Annex C
  public static let attributeListError = DIMSEStatus(rawValue: 0x0107)
  public static let processingFailure = DIMSEStatus(rawValue: 0x0110)
  public static let duplicateSOPInstance = DIMSEStatus(rawValue: 0x0111)
  public static let noSuchSOPInstance = DIMSEStatus(rawValue: 0x0112)
  public static let noSuchEventType = DIMSEStatus(rawValue: 0x0113)
  public static let noSuchArgument = DIMSEStatus(rawValue: 0x0114)
  public static let invalidArgumentValue = DIMSEStatus(rawValue: 0x0115)
  public static let attributeValueOutOfRange = DIMSEStatus(rawValue: 0x0116)
  public static let invalidSOPInstance = DIMSEStatus(rawValue: 0x0117)
  public static let noSuchSOPClass = DIMSEStatus(rawValue: 0x0118)
  public static let classInstanceConflict = DIMSEStatus(rawValue: 0x0119)
  public static let missingAttribute = DIMSEStatus(rawValue: 0x0120)
  public static let missingAttributeValue = DIMSEStatus(rawValue: 0x0121)
  public static let sopClassNotSupported = DIMSEStatus(rawValue: 0x0122)
  public static let noSuchActionType = DIMSEStatus(rawValue: 0x0123)
  public static let notAuthorized = DIMSEStatus(rawValue: 0x0124)
  public static let duplicateInvocation = DIMSEStatus(rawValue: 0x0210)
  public static let unrecognizedOperation = DIMSEStatus(rawValue: 0x0211)
  public static let mistypedArgument = DIMSEStatus(rawValue: 0x0212)
  public static let resourceLimitation = DIMSEStatus(rawValue: 0x0213)

  // Storage (PS3.4 §B.2.3) and query/retrieve (PS3.4 §C.4)
  public static let outOfResources = DIMSEStatus(rawValue: 0xA700)
  public static let outOfResourcesMatches = DIMSEStatus(rawValue: 0xA701)
  public static let outOfResourcesSubOperations = DIMSEStatus(rawValue: 0xA702)
  public static let moveDestinationUnknown = DIMSEStatus(rawValue: 0xA801)
  public static let dataSetDoesNotMatchSOPClass = DIMSEStatus(rawValue: 0xA900)
  public static let cannotUnderstand = DIMSEStatus(rawValue: 0xC000)
  /// STOW-RS: the referenced transfer syntax is not supported (PS3.18 §10.5.3).
  public static let transferSyntaxNotSupported = DIMSEStatus(rawValue: 0xC122)

  // Warnings of storage (PS3.4 §B.2.3)
  public static let coercionOfDataElements = DIMSEStatus(rawValue: 0xB000)
  public static let elementsDiscarded = DIMSEStatus(rawValue: 0xB006)
  public static let dataSetDoesNotMatchSOPClassWarning = DIMSEStatus(rawValue: 0xB007)

  /// More answers will follow this one.
  public var isPending: Bool { self == .pending || self == .pendingWithUnsupportedKeys }
  /// The operation was done, though not quite as asked (PS3.7 §C.3).
  public var isWarning: Bool {
    rawValue == 0x0001 || rawValue & 0xF000 == 0xB000 || self == .attributeListError
      || self == .attributeValueOutOfRange
  }
  /// The operation was not done.
  public var isFailure: Bool { self != .success && self != .cancelled && !isPending && !isWarning }
}

extension DIMSEStatus: CustomStringConvertible {
  /// Four hexadecimal digits with prefix: "0xA700".
  public var description: String {
    let digits = String(rawValue, radix: 16, uppercase: true)
    return "0x" + String(repeating: "0", count: 4 - digits.count) + digits
  }
}
