import Archive
import Foundation
import HTTPTypes
import HummingbirdTesting
import NIOCore
import Testing

@testable import Web

@Suite struct CasesAPITests {
  private let form = """
    {"urgency":"emergency","patient":{"id":"12","name":"Béchir^Salma=بشير^سلمى","sex":"F"},"question":"Fracture ?",
     "consent":{"given":true},"later":1}
    """

  @Test func `A case is opened, read, changed and listed`() async throws {
    try await WebFixture.run { fixture, client in
      let answer = try await client.api(.post, "/cases", form)
      #expect(answer.status == .created && answer.headers[.eTag] == "\"1\"")
      let made = try answer.item()
      #expect(made.patient.name == "Béchir^Salma=بشير^سلمى" && made.consent.isGiven)
      #expect(answer.headers[.location] == "/api/v1/cases/\(made.number)")
      #expect(try fixture.archive.cases.get(made.number) == made)
      let read = try await client.api(.get, "/cases/" + made.number.lowercased().filter { $0 != "-" })
      #expect(try read.item() == made && read.headers[.cacheControl] == "no-store")
      #expect((try read.object()["events"] as? [[String: Any]])?.first?["what"] as? String == "created")
      let changed = try await client.api(
        .patch, "/cases/\(made.number)", #"{"urgency":"routine"}"#, [.ifMatch: "\"1\""])
      #expect(try changed.item().urgency == .routine && changed.headers[.eTag] == "\"2\"")
      let list = try await client.api(.get, "/cases?text=b%C3%A9ch&state=open").object()
      #expect((list["cases"] as? [Any])?.count == 1 && list["total"] as? Int == 1 && list["version"] is Int)
      #expect((try await client.api(.get, "/cases?urgency=emergency").object()["cases"] as? [Any])?.isEmpty == true)
    }
  }

  @Test func `A change needs the revision that was seen, and hears of a newer one`() async throws {
    try await WebFixture.run { _, client in
      let made = try await client.open(form)
      let path = "/cases/\(made.number)"
      #expect(try await client.api(.patch, path, "{}").status == .preconditionRequired)
      #expect(try await client.api(.patch, path, #"{"revision":1,"question":"A"}"#).status == .ok)
      let late = try await client.api(.patch, path, #"{"question":"B"}"#, [.ifMatch: "\"1\""])
      #expect(try late.status == .preconditionFailed && late.code() == "changed")
      let error = try #require(try late.object()["error"] as? [String: Any])
      #expect(error["revision"] as? Int == 2 && (error["case"] as? [String: Any])?["question"] as? String == "A")
      #expect(try await client.api(.patch, path, #"{"question":"B"}"#, [.ifMatch: "*"]).item().question == "B")
      #expect(try await client.api(.patch, path, "{}", [.ifMatch: "\"x\""]).status == .badRequest)
    }
  }

  @Test func `Studies are moved by hand and a case is sealed`() async throws {
    try await WebFixture.run { fixture, client in
      try await fixture.store(.make { $0.patientName = "Ben^Ali" })
      let loose = try #require(try await client.api(.get, "/unassigned").object()["studies"] as? [[String: Any]])
      #expect(loose.map { $0["study"] as? String } == ["2.25.1"] && loose[0]["patientName"] as? String == "Ben^Ali")
      #expect(loose[0]["modalities"] as? [String] == ["CT"] && loose[0]["instances"] as? Int == 1)
      let made = try await client.open(form)
      let path = "/cases/\(made.number)"
      #expect(try await client.api(.put, path + "/studies/2.25.1", "{}").item().studies == ["2.25.1"])
      #expect((try await client.api(.get, "/unassigned").object()["studies"] as? [Any])?.isEmpty == true)
      let sealed = try await client.api(.post, path + "/seal", "{}").item()
      #expect(sealed.sealed?.by == .staff)
      #expect(try await client.api(.delete, path + "/studies/2.25.1").item().studies.isEmpty)
      #expect(try await client.api(.put, path + "/studies/9.9").code() == "unknown-study")
      let work = try #require(try await client.api(.get, "/worklist").object()["cases"] as? [[String: Any]])
      #expect(work.count == 1 && (work[0]["progress"] as? [Any])?.isEmpty == true)
    }
  }

  @Test func `The worklist says how far each study is, most urgent case first`() async throws {
    try await WebFixture.run { fixture, client in
      try await fixture.store(.make())
      try fixture.archive.cases.apply(.make { $0.studies = ["2.25.1", "2.25.9"] }, from: "MIDELT")
      _ = try await client.open(form)
      let answer = try await client.api(.get, "/worklist").object()
      let cases = try #require(answer["cases"] as? [[String: Any]])
      #expect(cases.map { $0["urgency"] as? String } == ["emergency", "urgent"])
      #expect(answer["sites"] as? [String] == ["HUB", "MIDELT"])
      let progress = try #require(cases[1]["progress"] as? [[String: Any]])
      #expect(progress.map { $0["instances"] as? Int } == [1, 0])
      #expect(progress.map { $0["percent"] as? Int } == [100, 0] && progress[0]["link"] as? Bool == false)
      let item = try await client.api(.get, "/cases/\(Case.make().number)").object()
      #expect((item["progress"] as? [Any])?.count == 2 && item["overridden"] as? Bool == false)
    }
  }

  @Test(arguments: [
    ("fr", "Ce cas n'existe pas ici."), ("ar-MA", "هذه الحالة غير موجودة هنا."), ("en", "There is no such case here."),
  ])
  func `Refusals speak the reader's language`(_ language: String, _ message: String) async throws {
    try await WebFixture.run { _, client in
      let answer = try await client.api(.get, "/cases/X-1", nil, [.acceptLanguage: language])
      #expect(try answer.status == .notFound && answer.code() == "unknown-case")
      let error = try #require(try answer.object()["error"] as? [String: Any])
      #expect(error["message"] as? String == message && (error["way"] as? String)?.isEmpty == false)
    }
  }

  @Test func `Every refusal has words in each language`() {
    for code in APIFailure.Code.allCases {
      let texts = PageLanguage.allCases.map { APITexts.text(code, $0) }
      #expect(Set(texts.map(\.message)).count == 3 && Set(texts.map(\.way)).count == 3, "\(code)")
      #expect(texts.allSatisfy { !$0.message.isEmpty && !$0.way.isEmpty })
    }
  }

  @Test func `What is no JSON, too long, wrong, or another site's is refused with its code`() async throws {
    try await WebFixture.run { fixture, client in
      #expect(try await client.api(.post, "/cases", form, [.contentType: "text/plain"]).code() == "not-json")
      #expect(try await client.api(.post, "/cases", "{").code() == "malformed")
      #expect(try await client.api(.post, "/cases", #"{"question":7}"#).code() == "malformed")
      let long = #"{"question":""# + String(repeating: "a", count: 300_000) + "\"}"
      #expect(try await client.api(.post, "/cases", long).status == .contentTooLarge)
      let invalid = try await client.api(.post, "/cases", #"{"patient":{"sex":"X"}}"#)
      #expect(invalid.status == .unprocessableContent)
      #expect((try invalid.object()["error"] as? [String: Any])?["field"] as? String == "patient.sex")
      try fixture.archive.cases.apply(.make(), from: "MIDELT")
      let foreign = try await client.api(.patch, "/cases/\(Case.make().number)", "{}", [.ifMatch: "*"])
      #expect(try foreign.status == .forbidden && foreign.code() == "foreign")
      #expect(try fixture.archive.cases.list().total == 1)
    }
  }

  @Test func `A page elsewhere changes nothing`() async throws {
    let elsewhere: [HTTPFields] = [
      [.origin: "https://viewer.example"], [.origin: "null"], [.origin: "http://localhost:9"],
      [HTTPField.Name("Sec-Fetch-Site")!: "cross-site"],
    ]
    try await WebFixture.run(.make { $0.corsOrigins = ["https://viewer.example"] }) { fixture, client in
      for headers in elsewhere {
        let refused = try await client.api(.post, "/cases", form, headers)
        #expect(try refused.code() == "other-origin")
      }
      #expect(try fixture.archive.cases.list().total == 0)
      #expect(try await client.api(.post, "/cases", form, [.origin: "http://localhost"]).status == .created)
    }
  }

  @Test func `A study that was sent and removed is said to be gone, and its case stays`() async throws {
    let asSite = { (options: inout ArchiveOptions) in (options.site, options.queuesForLink) = ("MIDELT", true) }
    try await WebFixture.run(.make { $0.page = .site }, archive: asSite) { fixture, client in
      try await fixture.store(.make())
      let made = try await client.open(form)
      _ = try await client.api(.put, "/cases/\(made.number)/studies/2.25.1")
      _ = try await client.api(.post, "/cases/\(made.number)/seal")
      let outbox = fixture.archive.outbox
      try outbox.acknowledge(try outbox.objects(study: "2.25.1").map(\.object.digest))
      #expect(try outbox.release(olderThan: .zero) == 1)
      for path in ["", "/metadata", "/thumbnail"] {
        let answer = try await client.execute(uri: "/dicom-web/studies/2.25.1" + path, method: .get)
        #expect(answer.status == .gone && answer.text.contains("sent to the hub"))
      }
      #expect(try await client.execute(uri: "/dicom-web/studies/9.9", method: .get).status == .notFound)
      #expect(try await client.api(.get, "/cases/\(made.number)").item().studies == ["2.25.1"])
      #expect(try await client.execute(uri: "/metrics", method: .get).text.contains("rekkas_outbox_oldest_seconds 0"))
    }
  }

  @Test func `Who asks for news waits until there is some`() async throws {
    try await WebFixture.run { fixture, client in
      let version = try #require(try await client.api(.get, "/events").object()["version"] as? Int)
      let same = try await client.api(.get, "/events?after=\(version)&wait=0").object()
      #expect(same["version"] as? Int == version)
      async let news = client.api(.get, "/events?after=\(version)")
      try await Task.sleep(for: .milliseconds(50))
      _ = try fixture.archive.cases.create(CaseForm())
      #expect(try #require(try await news.object()["version"] as? Int) > version)
    }
  }
}
