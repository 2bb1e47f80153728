import Foundation

/// Whom a case is about.
public struct CasePatient: Codable, Sendable, Hashable {
  /// (0010,0020), as the issuer writes it.
  public var id: String
  /// (0010,0021): the site. Equal numbers of two issuers are two people.
  public var issuer: String
  /// (0010,0010): `Family^Given`, and further component groups behind `=`. Example: `Béchir^Salma=بشير^سلمى`.
  public var name: String
  /// (0010,0030): `YYYYMMDD`, or empty.
  public var birthDate: String
  /// (0010,0040): `M`, `F`, `O`, or empty.
  public var sex: String

  public init(id: String = "", issuer: String = "", name: String = "", birthDate: String = "", sex: String = "") {
    self.id = id
    self.issuer = issuer
    self.name = name
    self.birthDate = birthDate
    self.sex = sex
  }

  private enum CodingKeys: String, CodingKey { case id, issuer, name, birthDate, sex }

  /// What is not said is empty.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    func text(_ key: CodingKeys) throws -> String { try values.decodeIfPresent(String.self, forKey: key) ?? "" }
    id = try text(.id)
    issuer = try text(.issuer)
    name = try text(.name)
    birthDate = try text(.birthDate)
    sex = try text(.sex)
  }
}

/// Whether the patient agrees that readers elsewhere see the case (law 09-08, decree 2-18-378).
public struct CaseConsent: Codable, Sendable, Hashable {
  /// nil: nobody has asked yet.
  public var given: Bool?
  /// When the answer was written down, to the second; nil without an answer.
  public var at: Date?

  public init(given: Bool? = nil, at: Date? = nil) {
    self.given = given
    self.at = at.map(CaseTime.whole)
  }

  /// Readers may open the pictures.
  public var isGiven: Bool { given == true }

  private enum CodingKeys: String, CodingKey { case given, at }

  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    given = try values.decodeIfPresent(Bool.self, forKey: .given)
    at = try values.decodeIfPresent(String.self, forKey: .at).map { try CaseTime.date($0, in: values, .at) }
  }

  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(given, forKey: .given)
    try values.encode(at.map(CaseTime.text), forKey: .at)
  }
}

/// Who said that nothing more comes. By the timer it is a guess, and shown as one.
public typealias SealedBy = StudyManifest.Sealer

/// That a case, or a study, is complete.
public struct CaseSeal: Codable, Sendable, Hashable {
  public var by: SealedBy
  /// To the second.
  public var at: Date

  public init(by: SealedBy, at: Date) {
    self.by = by
    self.at = CaseTime.whole(at)
  }

  private enum CodingKeys: String, CodingKey { case by, at }

  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    by = try values.decode(SealedBy.self, forKey: .by)
    at = try CaseTime.date(values.decode(String.self, forKey: .at), in: values, .at)
  }

  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(by, forKey: .by)
    try values.encode(CaseTime.text(at), forKey: .at)
  }
}

/// Times of cases: whole seconds in UTC, as `2026-11-22T09:31:01Z`, whatever an encoder thinks of dates.
enum CaseTime {
  static func whole(_ date: Date) -> Date { Date(timeIntervalSince1970: date.timeIntervalSince1970.rounded(.down)) }

  static func text(_ date: Date) -> String { date.formatted(.iso8601) }

  static func date<Key>(_ text: String, in values: KeyedDecodingContainer<Key>, _ key: Key) throws -> Date {
    do {
      return whole(try Date(text, strategy: .iso8601))
    } catch {
      throw DecodingError.dataCorruptedError(forKey: key, in: values, debugDescription: "not a time of ISO 8601 in UTC")
    }
  }
}
