/// A presentation context as the peer proposes it (PS3.8 §9.3.2.2).
public struct ProposedContext: Sendable, Hashable {
  public let id: UInt8
  public let abstractSyntax: UID
  /// In the peer's order.
  public let transferSyntaxes: [UID]

  public init(id: UInt8, abstractSyntax: UID, transferSyntaxes: [UID]) {
    self.id = id
    self.abstractSyntax = abstractSyntax
    self.transferSyntaxes = transferSyntaxes
  }
}

/// Whom we talk to, and about what.
public struct AcceptancePolicy: Sendable {
  /// The answer to one proposed presentation context.
  public enum Decision: Sendable, Hashable {
    case accept(TransferSyntax)
    case refuse(Refusal)
  }

  /// Why a presentation context is refused (PS3.8 Table 9-18).
  public enum Refusal: UInt8, Sendable {
    case abstractSyntaxNotSupported = 3
    case transferSyntaxesNotSupported = 4
  }

  /// The AE titles we answer to; nil for any.
  public var calledAETitles: Set<String>?
  /// The AE titles we talk to; nil for any.
  public var callingAETitles: Set<String>?
  /// Whether an abstract syntax is served.
  public var isServed: @Sendable (UID) -> Bool

  public init(
    calledAETitles: Set<String>? = nil, callingAETitles: Set<String>? = nil,
    isServed: @escaping @Sendable (UID) -> Bool
  ) {
    self.calledAETitles = calledAETitles
    self.callingAETitles = callingAETitles
    self.isServed = isServed
  }

  /// Verification and every storage class, private ones too.
  public static let storage = AcceptancePolicy { $0 == SOPClass.verification || SOPClass.isStorage($0) }

  /// Chooses a transfer syntax: the first of the peer's that PS3.6 knows, since the object is kept as it comes.
  ///
  /// When that is an uncompressed one, the best of the peer's uncompressed ones is taken instead: Explicit VR Little Endian
  /// (keeps the VR of private attributes), then Implicit VR, then Big Endian. Peers list them in the order of their
  /// tables rather than of their wishes.
  public func decide(_ context: ProposedContext) -> Decision {
    guard isServed(context.abstractSyntax) else { return .refuse(.abstractSyntaxNotSupported) }
    let known = context.transferSyntaxes.compactMap { TransferSyntax(uid: $0) }
    guard let first = known.first else { return .refuse(.transferSyntaxesNotSupported) }
    guard Self.uncompressed.contains(first) else { return .accept(first) }
    return .accept(Self.uncompressed.first { known.contains($0) } ?? first)
  }

  private static let uncompressed: [TransferSyntax] = [
    .explicitVRLittleEndian, .implicitVRLittleEndian, .explicitVRBigEndian,
  ]
}
