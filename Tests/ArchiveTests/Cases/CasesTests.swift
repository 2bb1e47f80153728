import Foundation
import Testing

@testable import Archive

@Suite struct CasesTests {
  let folder: TestFolder
  let archive: Archive

  init() throws {
    folder = try TestFolder()
    archive = try Archive.makeSite(in: folder)
  }

  @Test func `A case keeps what was written, in French and Arabic, over a crash and as JSON`() throws {
    let made = try archive.cases.create(.make(), by: "nurse")
    #expect(made.number.hasPrefix("MIDELT-") && made.revision == 1 && made.site == "MIDELT")
    #expect(made.patient.issuer == "MIDELT" && made.consent.isGiven && made.consent.at != nil)
    let crashed = try folder.crashed()
    let again = try Archive.makeSite(in: crashed)
    #expect(try again.cases.get(made.number.lowercased()) == made)
    let json = try JSONEncoder().encode(made)
    #expect(try JSONDecoder().decode(Case.self, from: json) == made)
    #expect(String(decoding: json, as: UTF8.self).contains("بشير^سلمى"))
    #expect(try again.cases.events(of: made.number).map(\.what) == ["created"])
  }

  @Test func `Unknown keys are ignored, missing ones are plain`() throws {
    let json =
      #"{"number":"A","site":"B","createdAt":"2026-11-22T09:30:12Z","revision":3,"later":{"x":1},"urgency":"soon"}"#
    let item = try JSONDecoder().decode(Case.self, from: Data(json.utf8))
    #expect(item.question.isEmpty && item.consent.given == nil && item.sealed == nil && item.urgency == .urgent)
    #expect(item.createdAt == Date(timeIntervalSince1970: 1_795_339_812))
  }

  @Test func `A thousand numbers of two sites are all different`() throws {
    let other = try Archive.makeSite("AZILAL", in: TestFolder())
    var numbers: Set<String> = []
    for place in [archive, other] {
      for _ in 0..<500 { numbers.insert(try place.cases.create(CaseForm()).number) }
    }
    #expect(numbers.count == 1000)
    #expect(numbers.allSatisfy { CaseNumber($0)?.text == $0 && $0.utf8.count <= 16 })
  }

  @Test func `Who has seen an older revision changes nothing`() throws {
    let made = try archive.cases.create(.make())
    let changed = try archive.cases.update(made.number, revision: 1, CaseForm(urgency: .emergency), by: "a")
    #expect(changed.revision == 2 && changed.urgency == .emergency && changed.question == made.question)
    #expect(throws: CaseFailure.changed(revision: 2)) {
      try archive.cases.update(made.number, revision: 1, CaseForm(question: "?"))
    }
    #expect(try archive.cases.get(made.number) == changed)
    #expect(try archive.cases.update(made.number, revision: 2, CaseForm(urgency: .emergency)).revision == 2)
    #expect(try archive.cases.events(of: made.number).last?.detail == "urgency")
  }

  @Test func `A taken-back consent has no time, a new one has its own`() throws {
    let made = try archive.cases.create(.make())
    let back = try archive.cases.update(made.number, revision: nil, CaseForm(consent: CaseConsent(given: nil)))
    #expect(back.consent.given == nil && back.consent.at == nil)
    let time = Date(timeIntervalSince1970: 1_700_000_000)
    let later = try archive.cases.update(
      made.number, revision: nil, CaseForm(consent: CaseConsent(given: false, at: time)))
    #expect(later.consent.given == false && later.consent.at == time && !later.consent.isGiven)
  }

  @Test(arguments: [
    CaseForm(patient: CasePatient(id: "1\\2")), CaseForm(patient: CasePatient(birthDate: "19841332")),
    CaseForm(patient: CasePatient(sex: "X")), CaseForm(question: String(repeating: "a", count: 9000)),
    CaseForm(accessionNumber: "12345678901234567"), CaseForm(specialty: "a\u{0}"),
    CaseForm(patient: CasePatient(name: String(repeating: "س", count: 195))),
  ])
  func `What a case cannot hold is refused, and no number is used`(_ form: CaseForm) throws {
    let before = try #require(CaseNumber(try archive.cases.create(.make()).number))
    #expect(throws: CaseFailure.self) { try archive.cases.create(form) }
    #expect(try archive.cases.list().total == 1)
    #expect(try CaseNumber(archive.cases.create(.make()).number)?.serial == before.serial + 1)
  }

  @Test func `A list is ordered by urgency and age, and found by words of names and numbers`() throws {
    var numbers: [String] = []
    for (index, urgency) in [Urgency.routine, .emergency, .urgent, .emergency].enumerated() {
      var form = CaseForm.make(id: "\(index)")
      form.urgency = urgency
      numbers.append(try archive.cases.create(form).number)
    }
    func found(_ change: (inout CaseFilter) -> Void) throws -> [String] {
      var filter = CaseFilter()
      change(&filter)
      return try archive.cases.list(filter).cases.map(\.number)
    }
    #expect(try found { _ in } == [numbers[1], numbers[3], numbers[2], numbers[0]])
    #expect(try found { $0.urgency = .urgent } == [numbers[2]])
    #expect(try found { $0.text = "bech sal" }.count == 4)
    #expect(try found { $0.text = "بشير" }.count == 4)
    #expect(try found { $0.text = "echir" }.isEmpty)
    #expect(try found { $0.text = numbers[2].lowercased() } == [numbers[2]])
    #expect(try found { $0.text = "midelt-26" }.count == 4)
    #expect(try found { $0.text = "*" }.count == 4)
    #expect(try found { $0.site = "AZILAL" }.isEmpty)
    _ = try archive.cases.update(numbers[1], revision: nil, CaseForm(state: .closed))
    #expect(try found { $0.state = .open }.count == 3)
    let page = try archive.cases.list(CaseFilter(limit: 1, offset: 1))
    #expect(page.total == 4 && page.cases.map(\.number) == [numbers[3]])
  }

  @Test func `A site whose name makes no code must have one`() throws {
    #expect(throws: ArchiveError.self) { try Archive.makeSite("Centre de santé d'Ait Bouguemez", in: TestFolder()) }
    let named = try Archive.makeSite("Centre de santé d'Ait Bouguemez", in: TestFolder()) { $0.siteCode = "AITB" }
    #expect(try named.cases.create(.make()).number.hasPrefix("AITB-"))
  }
}
