import Archive
import Foundation

extension LinkStatus {
  /// How far a study is at the hub.
  public enum Stage: String, Codable, Sendable {
    /// The hub has not heard of all its objects.
    case waiting
    /// Pictures of some images are there while others are still being prepared: ``Study/readable`` says how many.
    case partial
    /// The hub knows every object, and searches find them.
    case headers
    /// Every image has its thumbnail.
    case thumbnails
    /// Every image can be read in full size.
    case preview
    /// Originals are arriving.
    case original
    /// The hub has acknowledged everything.
    case complete
  }

  /// One study on its way.
  public struct Study: Codable, Sendable, Hashable {
    /// Its UID.
    public var study: String
    public var caseNumber: String?
    /// `emergency`, `urgent` or `routine`.
    public var urgency: String
    public var modality: String?
    public var description: String?
    /// Objects known at the site.
    public var objects: Int
    /// Objects whose preparation is settled.
    public var prepared: Int
    /// Objects that the hub has acknowledged whole.
    public var sent: Int
    /// Objects of which the hub has a picture in full size that can be read, or which are whole there.
    public var readable: Int
    /// Objects that stepped aside: see ``LinkStatus/aside``.
    public var aside: Int
    public var bytes: Int
    public var bytesSent: Int
    /// 0…100, of the bytes; 100 only when the hub has acknowledged everything.
    public var percent: Int
    /// Seconds until the study is complete, with what goes before it; nil while the rate is unknown.
    public var etaSeconds: Double?
    public var stage: Stage
    public var sealed: Bool
    /// When its oldest object was stored.
    public var storedAt: Date
  }

  /// An object that stepped aside.
  public struct Aside: Codable, Sendable, Hashable {
    /// Its SOP Instance UID, and that of its study.
    public var instance: String
    public var study: String
    /// Why, for pages to translate.
    public var code: AsideReason.Code
    /// Why, in words for the administrator.
    public var reason: String
    /// How often it failed.
    public var failures: Int
  }

  /// A case that the hub does not take: it is tried again when it was changed, or when somebody says so.
  public struct RefusedCase: Codable, Sendable, Hashable {
    public var number: String
    public var revision: Int
    /// Why, for pages to translate.
    public var code: CaseRefusal.Code
    /// Which field of the case is wrong, where it is one.
    public var field: String?
    /// Why, in the hub's words.
    public var text: String
    /// When the hub said so.
    public var at: Date

    init(_ refusal: CaseRefusal, at: Date) {
      number = refusal.number
      revision = refusal.revision
      code = refusal.code
      field = refusal.field
      text = refusal.text
      self.at = at
    }
  }
}
