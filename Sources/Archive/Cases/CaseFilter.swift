import Foundation

/// Which cases a list has.
public struct CaseFilter: Sendable, Hashable {
  /// nil: all.
  public var urgency: Urgency?
  /// nil: of all places.
  public var site: String?
  /// nil: all.
  public var state: Case.State?
  /// Words that begin a word of the patient's name, number or identifiers, without accents and case; empty for all.
  public var text: String
  public var limit: Int
  public var offset: Int

  public init(
    urgency: Urgency? = nil, site: String? = nil, state: Case.State? = nil, text: String = "", limit: Int = 100,
    offset: Int = 0
  ) {
    self.urgency = urgency
    self.site = site
    self.state = state
    self.text = text
    self.limit = limit
    self.offset = offset
  }
}

/// A page of cases: the most urgent first, and of those the oldest.
public struct CaseList: Sendable, Hashable {
  public var cases: [Case]
  /// How many there are without limit and offset.
  public var total: Int
}

/// What people recognise a study by.
public struct StudySummary: Sendable, Hashable {
  public var study: String
  public var patientID: String
  public var patientName: String
  public var accessionNumber: String
  /// `YYYYMMDD`, or empty.
  public var studyDate: String
  public var description: String
  public var modalities: [String]
  public var instances: Int
  public var receivedAt: Date
}

/// What happened to a case.
public struct CaseEvent: Sendable, Hashable {
  public var at: Date
  /// Who did it: what the caller gave as a name, or `store`, `timer`, `link`.
  public var who: String
  /// One of a few words: `created`, `changed`, `assigned`, `unassigned`, `joined`, `sealed`, `unsealed`, `received`, `refused`, `override`.
  public var what: String
  /// Names of fields, UIDs; of an `override` the reason that was given.
  public var detail: String
}
