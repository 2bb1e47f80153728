import DICOM

/// What a site says of a study: how much there will be, and whether that is all.
///
/// Goes over the link as JSON with these names; sent again whenever something of it changes.
public struct StudyManifest: Codable, Sendable, Hashable {
  /// Who closed a study.
  public enum Sealer: String, Codable, Sendable, Hashable {
    /// Somebody of the site.
    case staff
    /// Nobody: no image came for some time.
    case timer
  }

  /// Study Instance UID.
  public var study: String
  /// The case it belongs to, if it belongs to one.
  public var caseNumber: String?
  /// Objects known at the site.
  public var objects: Int
  /// Bytes of their files, as far as that is known.
  public var bytes: Int
  /// Whether the site says that nothing more will come.
  public var sealed: Bool
  public var sealedBy: Sealer?
  /// When sealed: see ``digest(of:)``.
  public var digests: String?

  public init(
    study: String, caseNumber: String? = nil, objects: Int, bytes: Int, sealed: Bool = false, sealedBy: Sealer? = nil,
    digests: String? = nil
  ) {
    self.study = study
    self.caseNumber = caseNumber
    self.objects = objects
    self.bytes = bytes
    self.sealed = sealed
    self.sealedBy = sealedBy
    self.digests = digests
  }

  /// One digest for all objects of a study: the SHA-256 over their digests as they travel (``ArrivingObject/digest``, 64 lower-case
  /// hexadecimal digits each), sorted, each followed by a line feed.
  public static func digest(of digests: some Sequence<String>) -> String {
    let hash = SHA256()
    for digest in digests.sorted() { Array("\(digest)\n".utf8).withUnsafeBytes { hash.update($0) } }
    return Digest(hash.finish())?.hex ?? ""
  }
}
