import Foundation

/// A clinical question with what belongs to it: it is opened at a site, travels before its images, and is read in the centre.
///
/// As JSON it is the same on the link and in the web: keys as here, times as `2026-11-22T09:31:01Z`. A key that is missing has its
/// plain value; unknown keys are ignored.
public struct Case: Codable, Sendable, Hashable {
  /// Where a case stands.
  public enum State: String, Codable, Sendable, Hashable, CaseIterable {
    case open, answered, closed, cancelled
  }

  /// Who opened it.
  public enum Maker: String, Codable, Sendable, Hashable {
    /// A person, in a form.
    case form
    /// A ``CaseRule``, when images came.
    case rule
  }

  /// Unique everywhere: see ``CaseNumber``. Fits Accession Number.
  public var number: String
  /// The place that opened it, and alone changes it.
  public var site: String
  public var urgency: Urgency
  /// Who is asked, for example `radiology` or `haematology`; empty when nobody said.
  public var specialty: String
  public var patient: CasePatient
  public var question: String
  public var context: String
  public var consent: CaseConsent
  /// (0008,0050) by which images find their case besides its number; mostly empty.
  public var accessionNumber: String
  public var requestedBy: String
  /// Study Instance UIDs, in the order in which they joined.
  public var studies: [String]
  public var state: State
  public var madeBy: Maker
  /// To the second.
  public var createdAt: Date
  /// Grows with every change; the greatest is true.
  public var revision: Int
  /// nil while more images may come.
  public var sealed: CaseSeal?
  /// How often images came after it had been complete.
  public var addenda: Int

  public init(
    number: String, site: String, urgency: Urgency = .routine, specialty: String = "",
    patient: CasePatient = CasePatient(), question: String = "", context: String = "",
    consent: CaseConsent = CaseConsent(), accessionNumber: String = "", requestedBy: String = "",
    studies: [String] = [], state: State = .open, madeBy: Maker = .form, createdAt: Date = Date(), revision: Int = 1,
    sealed: CaseSeal? = nil, addenda: Int = 0
  ) {
    self.number = number
    self.site = site
    self.urgency = urgency
    self.specialty = specialty
    self.patient = patient
    self.question = question
    self.context = context
    self.consent = consent
    self.accessionNumber = accessionNumber
    self.requestedBy = requestedBy
    self.studies = studies
    self.state = state
    self.madeBy = madeBy
    self.createdAt = CaseTime.whole(createdAt)
    self.revision = revision
    self.sealed = sealed
    self.addenda = addenda
  }
}

extension Case {
  private enum CodingKeys: String, CodingKey {
    case number, site, urgency, specialty, patient, question, context, consent, accessionNumber, requestedBy, studies,
      state, madeBy, createdAt, revision, sealed, addenda
  }

  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    func text(_ key: CodingKeys) throws -> String { try values.decodeIfPresent(String.self, forKey: key) ?? "" }
    self.init(
      number: try values.decode(String.self, forKey: .number), site: try values.decode(String.self, forKey: .site),
      urgency: try values.decodeIfPresent(Urgency.self, forKey: .urgency) ?? .routine, specialty: try text(.specialty),
      patient: try values.decodeIfPresent(CasePatient.self, forKey: .patient) ?? CasePatient(),
      question: try text(.question), context: try text(.context),
      consent: try values.decodeIfPresent(CaseConsent.self, forKey: .consent) ?? CaseConsent(),
      accessionNumber: try text(.accessionNumber), requestedBy: try text(.requestedBy),
      studies: try values.decodeIfPresent([String].self, forKey: .studies) ?? [],
      state: State(rawValue: try text(.state)) ?? .open, madeBy: Maker(rawValue: try text(.madeBy)) ?? .form,
      createdAt: try CaseTime.date(values.decode(String.self, forKey: .createdAt), in: values, .createdAt),
      revision: try values.decode(Int.self, forKey: .revision),
      sealed: try values.decodeIfPresent(CaseSeal.self, forKey: .sealed),
      addenda: try values.decodeIfPresent(Int.self, forKey: .addenda) ?? 0)
  }

  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(number, forKey: .number)
    try values.encode(site, forKey: .site)
    try values.encode(urgency, forKey: .urgency)
    try values.encode(specialty, forKey: .specialty)
    try values.encode(patient, forKey: .patient)
    try values.encode(question, forKey: .question)
    try values.encode(context, forKey: .context)
    try values.encode(consent, forKey: .consent)
    try values.encode(accessionNumber, forKey: .accessionNumber)
    try values.encode(requestedBy, forKey: .requestedBy)
    try values.encode(studies, forKey: .studies)
    try values.encode(state, forKey: .state)
    try values.encode(madeBy, forKey: .madeBy)
    try values.encode(CaseTime.text(createdAt), forKey: .createdAt)
    try values.encode(revision, forKey: .revision)
    try values.encode(sealed, forKey: .sealed)
    try values.encode(addenda, forKey: .addenda)
  }
}
