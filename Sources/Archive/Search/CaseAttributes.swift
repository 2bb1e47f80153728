import DICOM
import GRDB

/// The cases of a study as private attributes of a search (PS3.5 §7.8): see <doc:CaseAttributes>.
enum CaseAttributes {
  /// Who has reserved the block 10 of our group.
  static let creator = "REKKAS"
  static let creatorTag = Tag(0x5265, 0x0010)
  static let number = Tag(0x5265, 0x1001)
  static let urgency = Tag(0x5265, 0x1002)
  static let site = Tag(0x5265, 0x1003)
  static let question = Tag(0x5265, 0x1004)
  static let consent = Tag(0x5265, 0x1005)
  static let specialty = Tag(0x5265, 0x1006)
  static let state = Tag(0x5265, 0x1007)

  /// What of a case can be matched, as SQL on `patient_case`. The question is not: it is for people.
  static let columns: [Tag: String] = [
    number: "number",
    urgency: "CASE urgency WHEN 0 THEN 'EMERGENCY' WHEN 1 THEN 'URGENT' ELSE 'ROUTINE' END",
    site: "site", consent: "CASE consent WHEN 1 THEN 'YES' WHEN 0 THEN 'NO' ELSE 'UNKNOWN' END",
    specialty: "specialty", state: "upper(state)",
  ]

  /// Adds them to a row; of each attribute one value for each case, the most urgent first.
  static func add(_ cases: [Case], to builder: inout RowBuilder, where isWanted: (Tag) -> Bool) {
    if cases.isEmpty { return }
    let values: [(Tag, String, (Case) -> String)] = [
      (number, "SH", { $0.number }), (urgency, "CS", { $0.urgency.rawValue.uppercased() }), (site, "LO", { $0.site }),
      // One line: VR LT takes the backslash for itself, and has no second value.
      (question, "LT", { $0.question }), (consent, "CS", { $0.consent.given.map { $0 ? "YES" : "NO" } ?? "UNKNOWN" }),
      (specialty, "LO", { $0.specialty }), (state, "CS", { $0.state.rawValue.uppercased() }),
    ]
    var hasAny = false
    for (tag, vr, text) in values where isWanted(tag) {
      let texts = tag == question ? [text(cases[0])] : cases.map(text)
      builder.add(tag, vr, texts: texts.allSatisfy(\.isEmpty) ? [] : texts)
      hasAny = true
    }
    if hasAny { builder.add(creatorTag, "LO", texts: [creator]) }
  }
}

extension SQLCondition {
  /// A condition on the cases of a study: one of them must match. nil when everything does.
  init?(case attribute: String, _ value: String) {
    var value = value.trimmingSpaces()
    if value.allSatisfy({ $0 == "*" }) { return nil }
    // A number as people type it.
    if attribute == "number", let number = CaseNumber(value) { value = number.text }
    let test = MatchText.isWild(value) ? "GLOB" : "="
    self.init(
      sql: """
        study.uid IN (SELECT study_uid FROM case_study JOIN patient_case USING (number) WHERE \(attribute) \(test) ?)
        """, values: [.text(MatchText.isWild(value) ? MatchText.glob(value) : value)])
  }
}
