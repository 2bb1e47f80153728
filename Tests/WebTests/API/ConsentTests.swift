import Archive
import Foundation
import HTTPTypes
import HummingbirdTesting
import Testing

@testable import Web

@Suite struct ConsentTests {
  private static let study = "/dicom-web/studies/2.25.1"
  private static let closed = [
    study, study + "/metadata", study + "/thumbnail", study + "/rendered", study + "/series/2.25.1.1",
    study + "/series/2.25.1.1/instances/2.25.1.1.1/frames/1",
    study + "/series/2.25.1.1/instances/2.25.1.1.1/frames/1/rendered",
    study + "/series/2.25.1.1/instances/2.25.1.1.1/bulkdata/7FE00010",
    "/dicom-web//studies/2.25.1/metadata",
    "/wado?requestType=WADO&studyUID=2.25.1&seriesUID=2.25.1.1&objectUID=2.25.1.1.1",
  ]
  private static let anything: HTTPFields = [.accept: "*/*"]

  private func get(_ client: any TestClientProtocol, _ uri: String, _ headers: HTTPFields = anything) async throws
    -> TestResponse
  {
    try await client.execute(uri: uri, method: .get, headers: headers)
  }

  @Test(arguments: [nil, false] as [Bool?])
  func `Without consent nothing of a case's study is given out, but it is found`(_ answer: Bool?) async throws {
    try await WebFixture.run { fixture, client in
      try await fixture.store(.make())
      try fixture.archive.cases.apply(.make { $0.consent = CaseConsent(given: answer) }, from: "MIDELT")
      for uri in Self.closed {
        let refused = try await get(client, uri)
        #expect(try refused.status == .forbidden && refused.code() == "no-consent", "\(uri)")
        let error = try #require(try refused.object()["error"] as? [String: Any])
        #expect(error["case"] as? String == Case.make().number && error["refused"] as? Bool == (answer == false))
      }
      for uri in ["/dicom-web/studies", Self.study + "/series", Self.study + "/series/2.25.1.1/instances"] {
        #expect(try await get(client, uri).status == .ok, "\(uri)")
      }
      #expect(try fixture.archive.cases.events(of: Case.make().number).map(\.what) == ["received"])
    }
  }

  @Test func `With consent, and without a case, pictures are open`() async throws {
    try await WebFixture.run { fixture, client in
      try await fixture.store(
        .make(), .make { ($0.study, $0.series, $0.instance) = ("2.25.7", "2.25.7.1", "2.25.7.2") })
      try fixture.archive.cases.apply(.make { $0.consent = CaseConsent(given: true) }, from: "MIDELT")
      #expect(try await get(client, Self.study + "/metadata").status == .ok)
      #expect(try await get(client, Self.study).status == .ok)
      #expect(try await get(client, "/dicom-web/studies/2.25.7/metadata").status == .ok)
    }
  }

  @Test func `An emergency opens them, and the case remembers who and how often`() async throws {
    try await WebFixture.run { fixture, client in
      try await fixture.store(.make())
      try fixture.archive.cases.apply(.make(), from: "MIDELT")
      let number = Case.make().number
      #expect(try await get(client, Self.study + "/metadata?override=emergency").status == .ok)
      let header = HTTPField.Name("Rekkas-Override")!
      #expect(try await get(client, Self.study, [header: "emergency", .accept: "*/*"]).status == .ok)
      #expect(try await get(client, Self.study + "/metadata?override=yes").status == .forbidden)
      #expect(try fixture.archive.cases.events(of: number).map(\.what) == ["received", "override"])
    }
  }

  @Test func `An emergency with a reason opens a case to one browser`() async throws {
    try await WebFixture.run { fixture, client in
      try await fixture.store(.make())
      try fixture.archive.cases.apply(.make(), from: "MIDELT")
      let number = Case.make().number
      #expect(try await client.api(.post, "/cases/\(number)/override", #"{"reason":" "}"#).code() == "invalid")
      let opened = try await client.api(.post, "/cases/\(number)/override", #"{"reason":"Choc hémorragique"}"#)
      #expect(try opened.object()["overridden"] as? Bool == true)
      let cookie = try #require(opened.headers[.setCookie])
      #expect(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"))
      let pair = String(cookie.prefix { $0 != ";" })
      #expect(try await get(client, Self.study + "/metadata", [.cookie: "lang=fr; " + pair]).status == .ok)
      #expect(try await get(client, Self.study + "/metadata").status == .forbidden)
      let again = try await client.api(.get, "/cases/\(number)", nil, [.cookie: pair]).object()
      #expect(again["overridden"] as? Bool == true)
      #expect(try fixture.archive.cases.events(of: number)[1].detail == "Choc hémorragique")
    }
  }

  @Test func `At a site its staff sees what it made`() async throws {
    try await WebFixture.run(.make { $0.page = .site }) { fixture, client in
      try await fixture.store(.make())
      try fixture.archive.cases.apply(.make(), from: "MIDELT")
      #expect(try await get(client, Self.study + "/metadata").status == .ok)
    }
  }

  @Test func `A search tells and finds cases by private attributes`() async throws {
    try await WebFixture.run { fixture, client in
      try await fixture.store(.make())
      let item = Case.make { $0.consent = CaseConsent(given: true) }
      try fixture.archive.cases.apply(item, from: "MIDELT")
      let found = try await get(
        client, "/dicom-web/studies?52651001=\(item.number.lowercased())&includefield=52651001,52651004", [:])
      let row = try #require(try found.dataSets().first)
      #expect(row["52651001"]?.text == item.number && row["52651001"]?.vr == "SH")
      #expect(row["52650010"]?.text == "REKKAS" && row["52651004"]?.text == "Fracture ?")
      #expect(row["52651002"] == nil)
      for (query, status) in [
        ("52651002=URGENT", 200), ("52651002=EMERGENCY", 204), ("52651003=MID*", 200), ("52651005=YES", 200),
        ("52651005=NO", 204), ("52651007=OPEN&52651002=URGENT", 200), ("52651001=", 200),
      ] {
        for level in ["studies", "series", "instances"] {
          let answer = try await get(client, "/dicom-web/\(level)?" + query, [:])
          #expect(answer.status.code == status, "\(level) \(query)")
          #expect(answer.headers[.warning] == nil)
        }
      }
      let all = try await get(client, "/dicom-web/instances?includefield=all", [:])
      #expect(try all.dataSets().first?["52651003"]?.text == "MIDELT")
      #expect(try await get(client, "/dicom-web/studies", [:]).dataSets().first?["52651003"] == nil)
    }
  }
}
