import Foundation

/// What the fields of a case may hold: bounded, because it comes from outside; and what DICOM can carry where DICOM has a place for it.
enum CaseCheck {
  /// Characters of a question or a context: three pages.
  static let longestText = 8000
  /// Of a line: VR LO.
  static let longestLine = 64
  static let mostStudies = 1000

  /// - Throws: ``CaseFailure/invalid(field:reason:)``.
  static func check(_ item: Case) throws(CaseFailure) {
    try line("specialty", item.specialty, longestLine)
    try value("patient.id", item.patient.id, longestLine)
    try value("patient.issuer", item.patient.issuer, longestLine)
    // Three component groups of 64 characters.
    try value("patient.name", item.patient.name, 3 * longestLine + 2)
    try line("requestedBy", item.requestedBy, longestLine)
    try value("accessionNumber", item.accessionNumber, 16)
    try text("question", item.question)
    try text("context", item.context)
    let birthDate = item.patient.birthDate
    if !birthDate.isEmpty, !isDate(birthDate) { throw .invalid(field: "patient.birthDate", reason: "not YYYYMMDD") }
    guard ["", "M", "F", "O"].contains(item.patient.sex) else {
      throw .invalid(field: "patient.sex", reason: "not M, F, O or empty")
    }
    guard item.studies.count <= mostStudies, item.studies.allSatisfy({ (1...64).contains($0.utf8.count) }) else {
      throw .invalid(field: "studies", reason: "too many, or too long")
    }
  }

  private static func line(_ field: String, _ text: String, _ longest: Int) throws(CaseFailure) {
    guard text.unicodeScalars.count <= longest else {
      throw .invalid(field: field, reason: "longer than \(longest) characters")
    }
    guard !text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else {
      throw .invalid(field: field, reason: "has control characters")
    }
  }

  /// A value of a data set: the backslash parts values there.
  private static func value(_ field: String, _ text: String, _ longest: Int) throws(CaseFailure) {
    try line(field, text, longest)
    if text.contains("\\") { throw .invalid(field: field, reason: "has a backslash") }
  }

  private static func text(_ field: String, _ text: String) throws(CaseFailure) {
    guard text.unicodeScalars.count <= longestText else {
      throw .invalid(field: field, reason: "longer than \(longestText) characters")
    }
    let allowed: Set<Unicode.Scalar> = ["\n", "\r", "\t"]
    guard
      !text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control && !allowed.contains($0) })
    else { throw .invalid(field: field, reason: "has control characters") }
  }

  private static func isDate(_ text: String) -> Bool {
    guard ColumnText.date(text) == text, let number = Int(text) else { return false }
    return (1...12).contains(number / 100 % 100) && (1...31).contains(number % 100)
  }
}
