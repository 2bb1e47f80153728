import DICOM
import Foundation

/// What is known of an object besides its bytes: when, whence and by which door it came.
public struct Receipt: Sendable, Hashable {
  /// A door of the archive.
  public enum Channel: String, Sendable, Hashable, Codable, CaseIterable {
    /// A C-STORE request.
    case dimse
    /// A STOW-RS request.
    case stow
    /// Files read from a folder or a disc.
    case `import`
    /// In pieces, from a site on a thin link.
    case link
    /// None: found by the archive itself.
    case found
  }

  /// When the object had arrived whole.
  public var receivedAt: Date
  /// The sender's AE title; nil where the channel knows none.
  public var callingAETitle: String?
  /// The AE title the sender asked for.
  public var calledAETitle: String?
  /// The sender's network address; over a link the name of the site.
  public var peerAddress: String?
  /// The door.
  public var channel: Channel
  /// The SOP class that the request named (0000,0002); a data set that says otherwise is refused.
  public var expectedSOPClassUID: UID?
  /// The SOP Instance UID that the request named (0000,1000); a data set that says otherwise is refused.
  public var expectedSOPInstanceUID: UID?
  /// The Study Instance UID in the path of a STOW request; a data set that says otherwise is refused.
  public var expectedStudyInstanceUID: UID?

  /// A receipt of now.
  public init(
    channel: Channel, receivedAt: Date = Date(), callingAETitle: String? = nil, calledAETitle: String? = nil,
    peerAddress: String? = nil, expectedSOPClassUID: UID? = nil, expectedSOPInstanceUID: UID? = nil,
    expectedStudyInstanceUID: UID? = nil
  ) {
    self.receivedAt = receivedAt
    self.callingAETitle = callingAETitle
    self.calledAETitle = calledAETitle
    self.peerAddress = peerAddress
    self.channel = channel
    self.expectedSOPClassUID = expectedSOPClassUID
    self.expectedSOPInstanceUID = expectedSOPInstanceUID
    self.expectedStudyInstanceUID = expectedStudyInstanceUID
  }
}
