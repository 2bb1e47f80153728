import DICOM
import Foundation
import Testing

@testable import Archive

@Suite struct CaseLinkTests {
  let hub: Archive
  let site: Archive

  init() throws {
    hub = try Archive.make(in: TestFolder())
    site = try Archive.makeSite(in: TestFolder())
  }

  @Test func `The hub hears what it has not heard, most urgent first, until it says so`() throws {
    let one = try site.cases.create(.make())
    var form = CaseForm.make()
    form.urgency = .emergency
    let two = try site.cases.create(form)
    #expect(try site.cases.pending() == [two, one])
    for item in try site.cases.pending() {
      try hub.cases.apply(item, from: "MIDELT")
      try site.cases.acknowledge(item.number, revision: item.revision)
    }
    #expect(try site.cases.pending().isEmpty)
    #expect(try hub.cases.list().cases == [two, one])
    let changed = try site.cases.update(one.number, revision: nil, CaseForm(question: "Et maintenant ?"))
    // A receipt of the old revision does not count for the new one.
    try site.cases.acknowledge(one.number, revision: 1)
    #expect(try site.cases.pending() == [changed])
  }

  @Test func `Of a case that comes twice or late the newest revision counts`() throws {
    let one = try site.cases.create(.make(accession: "A7"))
    try site.receive(accession: "A7")
    let two = try #require(try site.cases.get(one.number))
    try hub.cases.apply(two, from: "MIDELT")
    try hub.cases.apply(one, from: "MIDELT")
    try hub.cases.apply(two, from: "MIDELT")
    #expect(try hub.cases.get(one.number) == two)
    #expect(try hub.cases.cases(ofStudy: "1.2.3") == [two])
    #expect(try hub.cases.events(of: one.number).map(\.what) == ["received"])
    _ = try site.cases.unassign(study: "1.2.3", from: one.number)
    try hub.cases.apply(try #require(try site.cases.get(one.number)), from: "MIDELT")
    #expect(try hub.cases.cases(ofStudy: "1.2.3").isEmpty)
  }

  @Test func `A site speaks of its own cases only, and its numbers begin like nobody else's`() throws {
    let item = try site.cases.create(.make())
    #expect(throws: CaseFailure.foreign(site: "MIDELT")) { try hub.cases.apply(item, from: "AZILAL") }
    try hub.cases.apply(item, from: "MIDELT")
    var stolen = item
    stolen.site = "AZILAL"
    stolen.revision = 9
    #expect(throws: CaseFailure.foreign(site: "MIDELT")) { try hub.cases.apply(stolen, from: "AZILAL") }
    stolen.number = CaseNumber(code: "MIDELT", year: 26, serial: 77).text
    #expect(throws: CaseFailure.foreign(site: "MIDELT")) { try hub.cases.apply(stolen, from: "AZILAL") }
    var ours = item
    ours.number = CaseNumber(code: "HUB", year: 26, serial: 1).text
    #expect(throws: CaseFailure.foreign(site: "HUB")) { try hub.cases.apply(ours, from: "MIDELT") }
    var odd = item
    odd.number = "MIDELT-26-00001?"
    #expect(throws: CaseFailure.self) { try hub.cases.apply(odd, from: "MIDELT") }
    for (revision, addenda) in [(0, 0), (-1, 0), (.max, 0), (9, -1), (9, .max), (9, .min)] {
      var liar = item
      (liar.revision, liar.addenda) = (revision, addenda)
      #expect(throws: CaseFailure.self) { try hub.cases.apply(liar, from: "MIDELT") }
    }
    var replaced = item
    replaced.createdAt = item.createdAt.addingTimeInterval(3600)
    replaced.revision = 9
    #expect(throws: CaseFailure.self) { try hub.cases.apply(replaced, from: "MIDELT") }
    #expect(try hub.cases.list().cases == [item])
    #expect(throws: CaseFailure.foreign(site: "MIDELT")) {
      try hub.cases.update(item.number, revision: nil, CaseForm(urgency: .routine))
    }
  }

  @Test func `Patients of two sites with one number stay two`() throws {
    let other = try Archive.makeSite("AZILAL", in: TestFolder())
    for place in [site, other] {
      let item = try place.cases.create(.make(accession: "A7"))
      try hub.cases.apply(item, from: place.cases.site)
    }
    let issuers = try hub.cases.list().cases.map(\.patient.issuer)
    #expect(Set(issuers) == ["MIDELT", "AZILAL"])
    // Nothing at the hub joins by an accession number that two sites gave.
    try hub.store(
      TestObject.make(patientID: "12") { $0.string(.accessionNumber, .sh, "A7") },
      receipt: Receipt(channel: .stow))
    #expect(try hub.cases.unassigned().map(\.study) == ["1.2.3"])
  }

  @Test func `Consent is asked of every case of a study`() async throws {
    #expect(try await hub.cases.consent(toStudy: "1.2.3") == .noCase)
    var item = try site.cases.create(.make())
    item.studies = ["1.2.3"]
    item.consent = CaseConsent(given: nil)
    try hub.cases.apply(item, from: "MIDELT")
    #expect(try await hub.cases.consent(toStudy: "1.2.3") == .missing(number: item.number, isRefused: false))
    item.revision += 1
    item.consent = CaseConsent(given: true)
    try hub.cases.apply(item, from: "MIDELT")
    #expect(try await hub.cases.consent(toStudy: "1.2.3") == .given)
    var other = try site.cases.create(.make())
    other.studies = ["1.2.3"]
    other.consent = CaseConsent(given: false)
    try hub.cases.apply(other, from: "MIDELT")
    #expect(try await hub.cases.consent(toStudy: "1.2.3") == .missing(number: other.number, isRefused: true))
  }

  @Test func `A refused case is left alone until it is another one, or until somebody says so`() throws {
    let one = try site.cases.create(.make())
    func delivery() throws -> CaseDelivery? { try site.cases.standings(of: [one.number])[one.number]?.delivery }
    #expect(try delivery() == .waiting)
    let refusal = CaseRefusal(one, .invalid(field: "patient.sex", reason: "not M, F, O or empty"))
    #expect(refusal.code == .invalid && refusal.field == "patient.sex")
    try site.cases.refuse(refusal)
    #expect(try site.cases.pending().isEmpty)
    #expect(try site.cases.refused().map(\.refusal) == [refusal])
    guard case .refused(refusal, _)? = try delivery() else {
      Issue.record("The case does not stand as refused")
      return
    }
    #expect(try site.cases.retryRefused() == 1)
    #expect(try site.cases.pending() == [one])
    try site.cases.refuse(refusal)
    let two = try site.cases.update(one.number, revision: nil, CaseForm(question: "Et maintenant ?"))
    #expect(try site.cases.pending() == [two])
    #expect(try delivery() == .waiting && site.cases.refused().isEmpty)
    // A refusal of what it was before comes late, and counts for nothing.
    try site.cases.refuse(refusal)
    #expect(try site.cases.pending() == [two])
    try site.cases.acknowledge(two.number, revision: two.revision)
    #expect(try delivery() == .arrived)
    try site.cases.refuse(CaseRefusal(two, .foreign(site: "AZILAL")))
    #expect(try delivery() == .arrived, "what the hub has it cannot refuse any more")
    // Nobody refuses another place's case, and a centre sends none on.
    try hub.cases.apply(two, from: "MIDELT")
    #expect(try hub.cases.standings(of: [two.number])[two.number]?.delivery == nil)
  }

  @Test func `What a hub says to each failure has a code of its own`() throws {
    let one = try site.cases.create(.make())
    #expect(CaseRefusal(one, .invalid(field: "number", reason: "not a case number")).code == .number)
    #expect(CaseRefusal(one, .foreign(site: "AZILAL")).code == .foreign)
    #expect(CaseRefusal(one, .invalid(field: "studies", reason: "too many")).field == "studies")
  }

  @Test func `A case from a clock that is ahead waits since it was heard of, not since tomorrow`() throws {
    var early = try site.cases.create(.make())
    var late = try site.cases.create(.make())
    // The second site's clock is a year ahead; its case was the first to come.
    late.createdAt = late.createdAt.addingTimeInterval(365 * 86_400)
    early.createdAt = Date(timeIntervalSinceNow: 5)
    early.studies = []
    try hub.cases.apply(late, from: "MIDELT")
    let standing = try #require(try hub.cases.standings(of: [late.number])[late.number])
    #expect(abs(try #require(standing.heardAt).timeIntervalSinceNow) < 30)
    Thread.sleep(forTimeInterval: 0.01)
    try hub.cases.apply(early, from: "MIDELT")
    #expect(try hub.cases.list().cases.map(\.number) == [late.number, early.number])
    let heard = standing.heardAt
    late.revision += 1
    try hub.cases.apply(late, from: "MIDELT")
    #expect(try hub.cases.standings(of: [late.number])[late.number]?.heardAt == heard, "an edit makes it no younger")
    #expect(try site.cases.standings(of: [early.number])[early.number]?.heardAt == nil)
  }
}
