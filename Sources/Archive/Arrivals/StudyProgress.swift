import DICOM
import Foundation

/// How far a study is on its way from a site.
public struct StudyProgress: Codable, Sendable, Hashable {
  public var study: UID
  /// Where it comes from.
  public var site: String
  public var caseNumber: String?
  /// Objects that the site speaks of.
  public var expected: Int
  /// Objects that readers find: at least their header is here.
  public var visible: Int
  /// Objects of which a small picture can be drawn, or that are whole.
  public var withThumbnail: Int
  /// Objects of which a picture to orient by can be drawn (12 KB of a CT slice are one at 40:1), or that are whole.
  public var withDraft: Int
  /// Objects of which a readable picture can be drawn, or that are whole.
  public var withPreview: Int
  /// Objects that are all here, proven by their digest.
  public var whole: Int
  public var bytesExpected: Int
  public var bytesHere: Int
  /// Whether the site says that nothing more will come.
  public var sealed: Bool
  public var sealedBy: StudyManifest.Sealer?
  /// Sealed, and everything is here: count and digests agree.
  public var isComplete: Bool
  /// When bytes came last; nil before the first.
  public var lastArrivalAt: Date?
}
