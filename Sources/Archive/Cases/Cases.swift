import DICOM
import Foundation
import GRDB

/// The cases of an archive: at a site those that are opened there, in the centre those of all sites.
///
/// All methods block for the time of a query or a flush. Whatever they give back is on the disk first: a number that somebody has
/// seen is never given again, whatever happens.
public final class Cases: Sendable {
  /// The place that opens cases here.
  public let site: String

  let code: String
  /// Whether cases are sent from here to a hub.
  let isSender: Bool
  let index: ArchiveIndex
  let writer: IndexWriter

  init(site: String, code: String, isSender: Bool, index: ArchiveIndex, writer: IndexWriter) {
    self.site = site
    self.code = code
    self.isSender = isSender
    self.index = index
    self.writer = writer
  }

  // MARK: - Making and changing

  /// Opens a case. Images that are here already and have its accession number join it.
  ///
  /// - Parameter who: a name for the history.
  /// - Throws: ``CaseFailure``, or what the database says.
  public func create(_ form: CaseForm, by who: String = "") throws -> Case {
    try durably { db in
      let now = CaseTime.whole(Date())
      var item = Case(number: try CaseRows.nextNumber(code: code, at: now, db), site: site, createdAt: now)
      try fill(&item, from: form, now)
      try CaseRows.put(item, code: code, db)
      try CaseRows.note("created", item.number, who: who, at: now, db)
      try CaseJoining(site: site, db: db).gather(for: item, at: now)
      return try known(item.number, db)
    }
  }

  /// Changes a case of ours.
  ///
  /// - Parameter revision: that the caller has seen; nil does not mind.
  public func update(_ number: String, revision: Int?, _ form: CaseForm, by who: String = "") throws -> Case {
    try durably { db in
      let now = CaseTime.whole(Date())
      var item = try ours(number, db)
      if let revision, revision != item.revision { throw CaseFailure.changed(revision: item.revision) }
      let before = item
      try fill(&item, from: form, now)
      if item == before { return item }
      item.revision += 1
      try CaseRows.put(item, code: code, db)
      try CaseRows.note("changed", number, who: who, detail: Self.changes(before, item), at: now, db)
      if item.accessionNumber != before.accessionNumber {
        try CaseJoining(site: site, db: db).gather(for: item, at: now)
      }
      return try known(number, db)
    }
  }

  private func fill(_ item: inout Case, from form: CaseForm, _ now: Date) throws(CaseFailure) {
    if let urgency = form.urgency { item.urgency = urgency }
    if let specialty = form.specialty { item.specialty = specialty }
    if let patient = form.patient { item.patient = patient }
    if item.patient.issuer.isEmpty { item.patient.issuer = site }
    if let question = form.question { item.question = question }
    if let context = form.context { item.context = context }
    if let consent = form.consent, consent.given != item.consent.given || consent.at != nil {
      let isAnswered = consent.given != nil
      item.consent = CaseConsent(given: consent.given, at: isAnswered ? consent.at ?? now : nil)
    }
    if let accessionNumber = form.accessionNumber { item.accessionNumber = accessionNumber.trimmingSpaces() }
    if let requestedBy = form.requestedBy { item.requestedBy = requestedBy }
    if let state = form.state { item.state = state }
    try CaseCheck.check(item)
  }

  /// The names of the fields that differ; never what is in them.
  private static func changes(_ old: Case, _ new: Case) -> String {
    let fields: [(String, Bool)] = [
      ("urgency", old.urgency == new.urgency), ("specialty", old.specialty == new.specialty),
      ("patient", old.patient == new.patient), ("question", old.question == new.question),
      ("context", old.context == new.context), ("consent", old.consent == new.consent),
      ("accessionNumber", old.accessionNumber == new.accessionNumber),
      ("requestedBy", old.requestedBy == new.requestedBy), ("state", old.state == new.state),
    ]
    return fields.filter { !$0.1 }.map(\.0).joined(separator: " ")
  }

  // MARK: - Inside a transaction

  func known(_ number: String, _ db: Database) throws -> Case {
    guard let item = try CaseRows.fetch(number, db) else { throw CaseFailure.unknown(number) }
    return item
  }

  /// A case that may be changed here.
  func ours(_ number: String, _ db: Database) throws -> Case {
    let item = try known(number, db)
    guard item.site == site else { throw CaseFailure.foreign(site: item.site) }
    return item
  }

  /// Runs a change that is on the disk when this returns.
  func durably<R>(_ body: (Database) throws -> R) throws -> R {
    let result = try writer.change(mustFlush: true, body)
    try writer.settle()
    return result
  }

  /// Reads what others may hear of: it is on the disk first.
  func reading<R>(_ body: (Database) throws -> R) throws -> R {
    let result = try index.pool.read(body)
    try writer.settle()
    return result
  }
}
