/// What somebody writes into a case: of a new one all of it, of a known one what is to change. nil leaves a thing as it is.
public struct CaseForm: Codable, Sendable, Hashable {
  public var urgency: Urgency?
  public var specialty: String?
  /// As a whole. Its issuer is the site unless it says another.
  public var patient: CasePatient?
  public var question: String?
  public var context: String?
  /// `CaseConsent(given: nil)` takes an answer back. Without a time of its own it is of now.
  public var consent: CaseConsent?
  public var accessionNumber: String?
  public var requestedBy: String?
  public var state: Case.State?

  public init(
    urgency: Urgency? = nil, specialty: String? = nil, patient: CasePatient? = nil, question: String? = nil,
    context: String? = nil, consent: CaseConsent? = nil, accessionNumber: String? = nil, requestedBy: String? = nil,
    state: Case.State? = nil
  ) {
    self.urgency = urgency
    self.specialty = specialty
    self.patient = patient
    self.question = question
    self.context = context
    self.consent = consent
    self.accessionNumber = accessionNumber
    self.requestedBy = requestedBy
    self.state = state
  }
}
