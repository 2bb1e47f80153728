import DICOM

/// How the DICOM door is opened, and what a peer may hold of ours.
public struct DIMSEOptions: Sendable {
  /// The address to listen on.
  public var host = "127.0.0.1"
  /// The TCP port; 0 lets the system choose. 104 and 11112 are DICOM's own.
  public var port = 11112
  /// Our AE title, 1 to 16 characters.
  public var aeTitle = "REKKAS"
  /// Whether a peer may call us by any name. Modalities are often set up by people who type "ANY-SCP".
  public var acceptsAnyCalledAETitle = true
  /// The peers we talk to; empty for all.
  public var peers: [DIMSEPeer] = []
  /// Associations at one time; further peers are told to come back later (local limit exceeded).
  public var maximumAssociations = 512
  /// Bytes of the largest object we take. A larger one is refused, its association goes on.
  public var maximumObjectSize = 16 << 30
  /// How long associations may go on with the message under way when we end.
  public var grace: Duration = .seconds(10)
  /// Time-outs and PDU sizes.
  public var limits = NetworkLimits()

  /// The defaults.
  public init() {}
}
