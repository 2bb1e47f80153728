import DICOM

/// A search over studies, series or instances (PS3.18 §8.3.4, §10.6).
public struct SearchQuery: Sendable {
  /// What one row of the answer is.
  public enum Level: Sendable, Hashable, CaseIterable { case studies, series, instances }

  /// Which attributes a row carries besides those of the default set.
  public enum Include: Sendable, Hashable {
    /// The default set of PS3.18 §10.6.3.3 and what readers need (Study Description, Series Date…).
    case `default`
    /// Everything kept for this level.
    case all
    /// The default set and these.
    case tags([Tag])
  }

  public var level: Level
  /// Only within this study (from the path).
  public var study: UID?
  /// Only within this series (from the path).
  public var series: UID?
  /// All of these must match.
  public var matches: [AttributeMatch]
  /// Whether words of a person's name match from their beginning, in any order (`fuzzymatching=true`).
  public var fuzzyMatching: Bool
  public var include: Include
  /// At most so many rows; nil for all.
  public var limit: Int?
  /// Rows to skip in the one stable order.
  public var offset: Int

  public init(
    _ level: Level, study: UID? = nil, series: UID? = nil, matches: [AttributeMatch] = [], fuzzyMatching: Bool = false,
    include: Include = .default, limit: Int? = nil, offset: Int = 0
  ) {
    self.level = level
    self.study = study
    self.series = series
    self.matches = matches
    self.fuzzyMatching = fuzzyMatching
    self.include = include
    self.limit = limit
    self.offset = offset
  }
}

/// One condition of a search, as the client wrote it.
public struct AttributeMatch: Sendable, Hashable {
  /// The attribute; for one inside sequences the sequences first: `[(0040,0275), (0040,0007)]`.
  public var path: [Tag]
  /// The value with everything the attribute's VR allows (PS3.4 §C.2.2.2): wild cards `*` and `?`, ranges `a-b`, `a-`,
  /// `-b`, lists of UIDs parted by `\` or `,`; empty matches everything.
  public var value: String

  public init(_ path: [Tag], _ value: String) {
    self.path = path
    self.value = value
  }

  /// A condition on a top-level attribute.
  public init(_ tag: Tag, _ value: String) { self.init([tag], value) }
}

/// What a search found.
public struct SearchResult: Sendable {
  /// In the one stable order of the level.
  public var rows: [SearchRow]
  /// What of the query was not honoured, each a text for a `Warning: 299` header.
  public var warnings: [String]
}

/// One row of an answer.
public struct SearchRow: Sendable {
  /// A complete DICOM JSON object (PS3.18 §F), UTF-8, members in tag order, without Retrieve URL (0008,1190).
  public var json: [UInt8]
  /// Where in ``json`` the text `"00081190":{…},` may be inserted so that the members stay in order.
  public var retrieveURLOffset: Int
  public var studyInstanceUID: UID
  /// nil at the level of studies.
  public var seriesInstanceUID: UID?
  /// nil but at the level of instances.
  public var sopInstanceUID: UID?
}
