/// What becomes of images that come from somewhere: data, read from the configuration. The first rule of a list that fits is taken.
public struct CaseRule: Sendable, Hashable, Codable {
  /// The sender's AE title; nil fits all.
  public var callingAETitle: String?
  /// The AE title that the sender asked for; nil fits all.
  public var calledAETitle: String?
  /// (0008,0060) of the study's first object; nil fits all.
  public var modality: String?
  public var urgency: Urgency
  public var specialty: String
  /// Whether a study that fits opens a case; else it is only sent with this urgency.
  public var makesCase: Bool
  /// Whether the patient's consent is written down before this device is used, as a procedure of the place: the case then says that it is given.
  public var consentGiven: Bool

  public init(
    callingAETitle: String? = nil, calledAETitle: String? = nil, modality: String? = nil, urgency: Urgency = .routine,
    specialty: String = "", makesCase: Bool = false, consentGiven: Bool = false
  ) {
    self.callingAETitle = callingAETitle
    self.calledAETitle = calledAETitle
    self.modality = modality
    self.urgency = urgency
    self.specialty = specialty
    self.makesCase = makesCase
    self.consentGiven = consentGiven
  }

  func fits(calling: String?, called: String?, modality: String) -> Bool {
    (callingAETitle == nil || callingAETitle == calling) && (calledAETitle == nil || calledAETitle == called)
      && (self.modality == nil || self.modality == modality)
  }
}
