import DICOM
import Foundation
import GRDB

/// What an object's coming means for cases and for the link: done in the transaction that adds its row, and again on replay.
struct StudyIntake {
  let db: Database
  let rules: StoreRules
  /// Whether something was changed that others may hear of only when it is on the disk.
  private(set) var mustFlush = false

  init(_ db: Database, _ rules: StoreRules) {
    self.db = db
    self.rules = rules
  }

  /// What was found out about a study, so that its 300 images ask once.
  struct Place {
    var hasCase: Bool
    var accessionNumber: String
    /// As the outbox has it; nil while nothing of the study is queued as far as one knows.
    var urgency: Int?
  }

  /// - Parameters:
  ///   - instance: the object's row.
  ///   - study: the row of its study.
  ///   - place: as it was left for the study's last object; nil for the first, and after any change by others.
  mutating func note(_ entry: IndexEntry, instance: Int64, study: Int64, _ place: inout Place?) throws {
    // What a site sends has its case there, and is sent on to nobody.
    if entry.receipt.channel == .link { return }
    if place == nil || place?.hasCase == false { try find(entry, study, &place) }
    if rules.queues { try queue(entry, instance: instance, study: study, &place) }
  }

  // MARK: - Cases

  private mutating func find(_ entry: IndexEntry, _ study: Int64, _ place: inout Place?) throws {
    let accessionNumber = entry.dataSet.string(.accessionNumber) ?? ""
    // Only an accession number that was not there before can change the answer.
    if let place, accessionNumber.isEmpty || accessionNumber == place.accessionNumber { return }
    let isFirst = place == nil
    let uid = entry.identity.studyInstanceUID.rawValue
    let now = CaseTime.whole(entry.receipt.receivedAt)
    let joining = CaseJoining(site: rules.site, db: db)
    if isFirst { try reopen(study) }
    let known = try CaseRows.cases(ofStudy: uid, db)
    if isFirst {
      for item in known where item.sealed != nil && item.site == rules.site {
        try joining.unseal(item.number, at: now)
        mustFlush = true
      }
    }
    let isSettled = try !known.isEmpty || wasPlacedByHand(uid)
    place = Place(hasCase: isSettled, accessionNumber: accessionNumber)
    if isSettled { return }
    let patientID = entry.dataSet.string(.patientID) ?? ""
    if let number = try joining.caseNamed(accessionNumber, patientID: patientID) {
      try joining.join(uid, to: number, by: .accession, at: now)
    } else if let rule = rule(for: entry), rule.makesCase, let item = try make(by: rule, entry, now) {
      try joining.join(uid, to: item.number, by: .rule, at: now)
    } else {
      return
    }
    place?.hasCase = true
    mustFlush = true
  }

  private func rule(for entry: IndexEntry) -> CaseRule? {
    let modality = entry.dataSet.string(.modality) ?? ""
    return rules.cases.first {
      $0.fits(calling: entry.receipt.callingAETitle, called: entry.receipt.calledAETitle, modality: modality)
    }
  }

  private func wasPlacedByHand(_ uid: String) throws -> Bool {
    try Bool.fetchOne(
      db.cachedStatement(sql: "SELECT EXISTS (SELECT 1 FROM case_hand WHERE study_uid = ?)"), arguments: [uid]) ?? false
  }

  /// A case of what the image says. nil when no number is left: images are kept all the same.
  private func make(by rule: CaseRule, _ entry: IndexEntry, _ now: Date) throws -> Case? {
    func text(_ tag: Tag, _ longest: Int = CaseCheck.longestLine) -> String {
      String((entry.dataSet.string(tag) ?? "").filter { $0 != "\\" && !$0.isNewline }.prefix(longest))
    }
    let number: String
    do {
      number = try CaseRows.nextNumber(code: rules.code, at: now, db)
    } catch CaseFailure.numbersUsedUp {
      return nil
    }
    let issuer = text(.issuerOfPatientID)
    let sex = text(.patientSex)
    let accessionNumber = text(.accessionNumber, 17)
    let item = Case(
      number: number, site: rules.site, urgency: rule.urgency, specialty: rule.specialty,
      patient: CasePatient(
        id: text(.patientID), issuer: issuer.isEmpty ? rules.site : issuer, name: text(.patientName, 194),
        birthDate: ColumnText.date(entry.dataSet.string(.patientBirthDate)),
        sex: ["M", "F", "O"].contains(sex) ? sex : ""),
      context: text(.studyDescription),
      consent: rule.consentGiven ? CaseConsent(given: true, at: now) : CaseConsent(),
      accessionNumber: accessionNumber.utf8.count <= 16 ? accessionNumber : "",
      requestedBy: text(.referringPhysicianName), madeBy: .rule, createdAt: now, revision: 0)
    try CaseRows.put(item, code: rules.code, db)
    try CaseRows.note("created", number, who: "store", detail: "rule", at: now, db)
    return item
  }

  // MARK: - Link

  /// A study of which more comes is not complete.
  private func reopen(_ study: Int64) throws {
    try db.cachedStatement(
      sql: "UPDATE outbox_study SET sealed_by = '', sealed_at = 0 WHERE study_id = ? AND sealed_by != ''"
    ).execute(arguments: [study])
  }

  private func queue(_ entry: IndexEntry, instance: Int64, study: Int64, _ place: inout Place?) throws {
    let time = entry.receipt.receivedAt.timeIntervalSince1970
    let urgency = (rule(for: entry)?.urgency ?? .routine).rank
    if place?.urgency.map({ $0 <= urgency }) != true {
      try db.cachedStatement(
        sql: """
          INSERT INTO outbox_study (study_id, urgency, last_at) VALUES (?,?,?)
          ON CONFLICT (study_id) DO UPDATE SET urgency = min(urgency, excluded.urgency)
          """
      ).execute(arguments: [study, urgency, time])
      place?.urgency = urgency
    }
    // Its trigger counts, and notes the time.
    try db.cachedStatement(
      sql: "INSERT OR IGNORE INTO outbox (instance_id, study_id, queued_at, size, waits) VALUES (?,?,?,?,?)"
    ).execute(arguments: [instance, study, time, entry.size, entry.preparation == .waiting ? 1 : 0])
  }
}
