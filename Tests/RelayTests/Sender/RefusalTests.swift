import Archive
import DICOM
import Foundation
import Testing

@testable import Relay

/// What the hub does not take: it is said where people look, it costs the link nothing, and it is tried again when something has changed.
@Suite("Refusals")
struct RefusalTests {
  let hub: LinkFixture
  let site: SiteFixture
  let key: SiteKey

  init() throws {
    hub = try LinkFixture()
    site = try SiteFixture()
    key = try #require(hub.keys["MIDELT"])
  }

  private func form(_ question: String) -> CaseForm {
    var form = CaseForm()
    form.question = question
    return form
  }

  @Test("A case that the hub refuses is shown with the reason, is sent once, and again when it was changed")
  func refusedCase() async throws {
    let made = try site.archive.cases.create(form("Fracture ?"))
    // A stricter hub, or a newer one: it wants what this site does not.
    let strict = Flag()
    strict.set()
    let (hub, receiver) = (self.hub, self.hub.receiver)
    let transport = DirectTransport { request in
      guard request.path == LinkProtocol.batchPath, strict.isSet,
        let items = try? BatchReader.items(request.body),
        case .record(.form(let item))? = items.first
      else { return await receiver.answer(request) }
      return hub.refusal(of: item, to: request)
    }
    let sender = try site.sender(key: key, transport: transport) { $0.heartbeat = .milliseconds(50) }
    try await sender.running {
      try await eventually("the refusal is shown") { !sender.status().refusedCases.isEmpty }
      let refused = try #require(sender.status().refusedCases.first)
      #expect(refused.number == made.number && refused.revision == 1)
      #expect(refused.code == .invalid && refused.field == "question" && refused.text.contains("too short"))
      #expect(sender.status().queue.cases == 0)
      guard case .refused(let kept, _)? = try site.archive.cases.standings(of: [made.number])[made.number]?.delivery
      else {
        Issue.record("The case does not stand as refused")
        return
      }
      #expect(kept.code == .invalid)
      // Heartbeats go on, the case does not.
      let before = transport.requests.count
      try await eventually("the link goes on") { transport.requests.count > before + 5 }
      #expect(transport.requests.count { Self.carriesCase($0) } == 1)
      strict.unset()
      _ = try site.archive.cases.update(made.number, revision: nil, form("Fracture du scaphoïde ?"))
      try await eventually("the changed case is there") {
        try hub.archive.cases.get(made.number)?.question == "Fracture du scaphoïde ?"
      }
      try await eventually("the refusal is gone") { sender.status().refusedCases.isEmpty }
      try await eventually("the site knows that it is there") {
        try site.archive.cases.standings(of: [made.number])[made.number]?.delivery == .arrived
      }
    }
    let events = try site.archive.cases.events(of: made.number).map(\.what)
    #expect(events == ["created", "refused", "changed"])
  }

  private static func carriesCase(_ request: LinkRequest) -> Bool {
    (try? BatchReader.items(request.body))?.contains {
      if case .record(.form) = $0 { true } else { false }
    } ?? false
  }

  @Test("A case whose number is another site's is refused by a real hub, and the next one goes through")
  func foreignNumber() async throws {
    // The other site's first number begins like this site's.
    let number = try #require(
      "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ".lazy.compactMap { CaseNumber("MIDELT-26-00001\($0)") }.first)
    var stolen = Case(number: number.text, site: "AZILAL", question: "Qui ?")
    stolen.revision = 1
    try hub.archive.cases.apply(stolen, from: "AZILAL")
    let made = try site.archive.cases.create(form("Fracture ?"))
    let sender = try site.sender(key: key, transport: DirectTransport(hub.receiver.answer)) {
      $0.heartbeat = .milliseconds(50)
    }
    try await sender.running {
      try await eventually("the refusal is shown") { sender.status().refusedCases.map(\.number) == [made.number] }
      #expect(sender.status().refusedCases.first?.code == .foreign)
      // Images of the site are not held up by it.
      try site.storeCT(slices: 2)
      try await eventually("images are acknowledged") { site.isAllAcknowledged }
      // Somebody has put it right at the hub, and presses the button.
      sender.retryNow()
      try await eventually("it is refused anew") {
        try site.archive.cases.events(of: made.number).filter { $0.what == "refused" }.count == 2
      }
    }
  }

  @Test("A case of which the hub cannot read a byte is not sent for ever")
  func unreadableCase() throws {
    var order = SendOrder()
    let receipt = CaseReceipt(number: "MIDELT-26-00001X", revision: 1)
    for round in 1...3 {
      order.update(studies: [], forms: [(receipt, .routine)])
      let next = order.next(budget: 10_000, now: .seconds(round))
      let parcel = try #require(next)
      #expect(parcel.forms == [receipt])
      var answer = LinkAnswer(clock: 0)
      answer.damaged = [0]
      answer.problems = ["record 0: no JSON"]
      let outcome = order.acknowledged(parcel.id, answer, now: .seconds(round))
      #expect(outcome.refusedCases.map(\.code) == (round < 3 ? [] : [.unreadable]))
      #expect(outcome.refusedCases.map(\.text) == (round < 3 ? [] : ["record 0: no JSON"]))
    }
    #expect(order.next(budget: 10_000, now: .seconds(9)) == nil)
  }

  @Test("An object that the hub refuses stands on the page with its study and a reason that can be translated")
  func refusedObject() async throws {
    try site.storeCT(slices: 3, seed: 7)
    // At the hub other bytes lie under the UID of one of them already.
    let study = try #require(try site.objects().first?.study)
    let records = try await site.archive.instances(study: UID(rawValue: study))
    let record = try #require(records.first)
    let spool = try hub.archive.makeSpool()
    var writer = DataSetWriter()
    writer.uid(.sopClassUID, record.sopClassUID)
    writer.uid(.sopInstanceUID, record.sopInstanceUID)
    writer.uid(.studyInstanceUID, record.studyInstanceUID)
    writer.uid(.seriesInstanceUID, record.seriesInstanceUID)
    try spool.append(writer.file(transferSyntax: .explicitVRLittleEndian))
    _ = try await hub.archive.store(spool, receipt: Receipt(channel: .import))
    let sender = try site.sender(key: key, transport: DirectTransport(hub.receiver.answer)) {
      $0.failuresUntilAside = 1
    }
    try await sender.running {
      try await eventually("the others are there, and one stepped aside") {
        let status = sender.status()
        return status.aside.count == 1 && status.studies.first?.sent == 2
      }
      let status = sender.status()
      let aside = try #require(status.aside.first)
      #expect(aside.code == .conflict && aside.study == study)
      #expect(aside.instance == record.sopInstanceUID.rawValue)
      #expect(status.studies.first?.aside == 1 && status.studies.first?.readable == 2)
    }
    #expect(try hub.archive.arrivals.refusals().map(\.instance) == [record.sopInstanceUID.rawValue])
  }

  @Test(
    "What is kept of a failure says what pages translate",
    arguments: [
      (AsideReason.refused(.conflict, "kept with other bytes: x"), AsideReason.Code.conflict),
      (AsideReason.refused(.unusable, nil), .refused), (AsideReason.refused("later", "a new one"), .refused),
      (AsideReason.refused(nil, nil), .refused), (AsideReason.damaged, .damaged),
      ("the file is not there", .unreadable), ("", .unreadable),
    ])
  func codes(_ kept: String, _ code: AsideReason.Code) {
    #expect(AsideReason.code(of: kept) == code)
  }
}

extension LinkFixture {
  /// The signed answer of a hub that does not take a case.
  fileprivate func refusal(of item: Case, to request: LinkRequest) -> LinkResponse {
    guard let credentials = request.credentials, let key = keys[credentials.site] else {
      return LinkResponse(status: 500, headers: [:], body: [])
    }
    var answer = LinkAnswer(clock: Int(Date().timeIntervalSince1970 * 1000))
    answer.damaged = [0]
    answer.refusedCases = [CaseRefusal(item, .invalid(field: "question", reason: "too short"))]
    let body = (try? JSONEncoder().encode(answer)).map { [UInt8]($0) } ?? []
    let mac = LinkVerifier(key: key).mac(
      status: 200, body: body, session: credentials.session, number: credentials.number)
    return LinkResponse(status: 200, headers: [LinkProtocol.answerHeader: mac], body: body)
  }
}
