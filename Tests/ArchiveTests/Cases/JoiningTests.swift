import DICOM
import Foundation
import GRDB
import Testing

@testable import Archive

@Suite struct JoiningTests {
  let folder: TestFolder
  let archive: Archive

  init() throws {
    folder = try TestFolder()
    archive = try Archive.makeSite(
      in: folder,
      rules: [
        CaseRule(callingAETitle: "SMUR", urgency: .emergency, specialty: "radiology", makesCase: true),
        CaseRule(modality: "DX", urgency: .urgent),
      ])
  }

  private func studies(_ number: String) throws -> [String] { try #require(try archive.cases.get(number)).studies }

  @Test func `Images join the case whose accession number they have, whoever comes first`() throws {
    let first = try archive.cases.create(.make(accession: "A7"))
    try archive.receive(accession: "A7")
    try archive.receive(instance: "1.2.3.1.2", number: 2, accession: "A7")
    #expect(try studies(first.number) == ["1.2.3"])
    #expect(try archive.cases.get(first.number)?.revision == 2)
    try archive.receive(study: "1.2.4", instance: "1.2.4.1", accession: "A8")
    #expect(try archive.cases.unassigned().map(\.study) == ["1.2.4"])
    let second = try archive.cases.create(.make(accession: "A8"))
    #expect(second.studies == ["1.2.4"])
    #expect(try archive.cases.unassigned().isEmpty)
  }

  @Test func `Images join by the case's number, as a device was told it`() throws {
    let made = try archive.cases.create(.make())
    try archive.receive(accession: made.number.lowercased())
    #expect(try studies(made.number) == ["1.2.3"])
    #expect(try archive.outboxStudy()?.caseNumber == made.number)
    #expect(try archive.outboxStudy()?.urgency == .urgent)
  }

  @Test func `An accession number that only a later image has still joins the study`() throws {
    let made = try archive.cases.create(.make(accession: "A7"))
    try archive.receive()
    #expect(try studies(made.number).isEmpty)
    try archive.receive(instance: "1.2.3.1.2", number: 2, accession: "A7")
    #expect(try studies(made.number) == ["1.2.3"])
  }

  @Test func `Another patient's images never join, nor do they when two cases could be meant`() throws {
    let one = try archive.cases.create(.make(accession: "A7", id: "99"))
    try archive.receive(accession: "A7")
    #expect(try studies(one.number).isEmpty)
    _ = try archive.cases.create(.make(accession: "B1"))
    _ = try archive.cases.create(.make(accession: "B1"))
    try archive.receive(study: "1.2.4", instance: "1.2.4.1", accession: "B1")
    #expect(try archive.cases.unassigned().map(\.study) == ["1.2.4", "1.2.3"])
  }

  @Test func `A rule makes one case of a study, and replay makes no second one`() async throws {
    for number in 1...3 {
      try archive.receive(instance: UID(rawValue: "1.2.3.1.\(number)"), number: number, calling: "SMUR")
    }
    let list = try archive.cases.list().cases
    #expect(list.count == 1 && list[0].studies == ["1.2.3"] && list[0].madeBy == .rule && list[0].revision == 1)
    #expect(list[0].urgency == .emergency && list[0].patient.id == "12" && list[0].patient.issuer == "MIDELT")
    #expect(list[0].consent.given == nil)
    let crashed = try folder.crashed()
    let again = try Archive.makeSite(in: crashed, rules: archive.options.caseRules)
    #expect(try again.cases.list().cases == list)
    // And where the power cut has taken the index with it.
    let bare = try folder.crashed()
    for suffix in ["", "-wal", "-shm"] {
      try FileManager.default.removeItem(atPath: bare.path + "/index.sqlite" + suffix)
    }
    let rebuilt = try Archive.makeSite(in: bare, rules: archive.options.caseRules)
    #expect(try rebuilt.cases.list().cases.map(\.studies) == [["1.2.3"]])
    #expect(try rebuilt.outboxStudy()?.objects == 3)
  }

  @Test func `A rule that makes no case still says how urgent its images are`() throws {
    try archive.receive(modality: "DX")
    #expect(try archive.outboxStudy()?.urgency == .urgent)
    #expect(try archive.outboxStudy()?.caseNumber == nil)
    #expect(try archive.cases.list().total == 0)
  }

  @Test func `What a person moves stays moved, and can be moved back`() throws {
    let one = try archive.cases.create(.make(accession: "A7"))
    let two = try archive.cases.create(.make())
    try archive.receive(accession: "A7")
    #expect(try archive.cases.assign(study: "1.2.3", to: two.number, by: "nurse").studies == ["1.2.3"])
    #expect(try studies(one.number).isEmpty)
    try archive.receive(instance: "1.2.3.1.2", number: 2, accession: "A7")
    #expect(try studies(two.number) == ["1.2.3"])
    #expect(try archive.cases.unassign(study: "1.2.3", from: two.number, by: "nurse").studies.isEmpty)
    #expect(try archive.cases.unassigned().map(\.study) == ["1.2.3"])
    try archive.receive(instance: "1.2.3.1.3", number: 3, accession: "A7", calling: "SMUR")
    #expect(try archive.cases.unassigned().map(\.study) == ["1.2.3"])
    #expect(try archive.cases.assign(study: "1.2.3", to: one.number).studies == ["1.2.3"])
    let events = try archive.cases.events(of: two.number)
    #expect(events.map(\.what) == ["created", "assigned", "unassigned"])
    #expect(events[1].who == "nurse" && events[1].detail == "1.2.3")
    #expect(throws: CaseFailure.unknownStudy("9.9")) { try archive.cases.assign(study: "9.9", to: one.number) }
  }

  @Test func `A late image opens a sealed case again, as an addendum`() throws {
    let made = try archive.cases.create(.make(accession: "A7"))
    try archive.receive(accession: "A7")
    let sealed = try archive.cases.seal(made.number, by: .staff, who: "nurse")
    #expect(sealed.sealed?.by == .staff && sealed.addenda == 0)
    #expect(try archive.outboxStudy()?.sealed?.by == .staff)
    #expect(try archive.outbox.manifest(of: "1.2.3")?.sealed == true)
    #expect(try archive.cases.seal(made.number, by: .timer) == sealed)
    try archive.receive(instance: "1.2.3.1.2", number: 2, accession: "A7")
    let open = try #require(try archive.cases.get(made.number))
    #expect(open.sealed == nil && open.addenda == 1 && open.revision == sealed.revision + 1)
    #expect(try archive.outboxStudy()?.sealed == nil)
    try archive.receive(instance: "1.2.3.1.3", number: 3, accession: "A7")
    #expect(try archive.cases.get(made.number) == open)
  }

  @Test func `Studies that become quiet are sealed by the timer, and their case when all of them are`() async throws {
    let folder = try TestFolder()
    let archive = try Archive.makeSite(in: folder) { $0.sealAfter = .milliseconds(200) }
    let made = try archive.cases.create(.make(accession: "A7"))
    try archive.receive(accession: "A7")
    try archive.receive(study: "1.2.4", instance: "1.2.4.1")
    for _ in 0..<200 where try archive.cases.get(made.number)?.sealed == nil {
      try await Task.sleep(for: .milliseconds(20))
    }
    #expect(try archive.cases.get(made.number)?.sealed?.by == .timer)
    #expect(try archive.outbox.studies().map(\.sealed?.by) == [.timer, .timer])
    // The staff's word counts more than the timer's.
    #expect(try archive.cases.seal(made.number, by: .staff).sealed?.by == .staff)
    try archive.close()
  }

  @Test func `Quiet is told by a clock that does not jump`() {
    var quiet = QuietStudies()
    let start = ContinuousClock.now
    let one = QuietStudies.Open(study: 1, objects: 3, lastAt: 0)
    // A last image of 1970, as a box without a battery writes it, is not old.
    #expect(quiet.due([one], after: .seconds(60), at: start).isEmpty)
    #expect(quiet.due([one], after: .seconds(60), at: start + .seconds(59)).isEmpty)
    let more = QuietStudies.Open(study: 1, objects: 4, lastAt: 0)
    #expect(quiet.due([more], after: .seconds(60), at: start + .seconds(61)).isEmpty)
    #expect(quiet.due([more], after: .seconds(60), at: start + .seconds(121)) == [1])
    #expect(quiet.due([], after: .seconds(60), at: start + .seconds(200)).isEmpty)
  }
}
