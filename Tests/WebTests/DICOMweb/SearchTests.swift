import DICOM
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Testing

@testable import Web

@Suite struct SearchTests {
  private let root = "/dicom-web"

  private func twoStudies(_ fixture: WebFixture) async throws {
    try await fixture.store(
      .make(), .make { ($0.instance, $0.number) = ("2.25.1.1.2", 2) },
      .make {
        ($0.study, $0.series, $0.instance) = ("2.25.2", "2.25.2.1", "2.25.2.1.1")
        ($0.patientName, $0.patientID, $0.modality, $0.studyDate) = ("Élodie^Amrani", "P2", "US", "20260310")
      })
  }

  @Test func anEmptyArchiveAnswersWithoutContent() async throws {
    try await WebFixture.run { fixture, client in
      try await client.execute(uri: "/dicom-web/studies", method: .get) { #expect($0.status == .noContent) }
    }
  }

  @Test func everyRowCarriesWhatReadersNeedAndWhereToFetchIt() async throws {
    try await WebFixture.run { fixture, client in
      try await twoStudies(fixture)
      try await client.execute(
        uri: "/dicom-web/studies?limit=101&offset=0&fuzzymatching=false&includefield=00081030%2C00080060", method: .get,
        headers: [.accept: "application/dicom+json"]
      ) { response in
        #expect(response.status == .ok)
        #expect(response.headers[.contentType] == "application/dicom+json")
        let rows = try response.dataSets()
        #expect(rows.count == 2)
        let row = try #require(rows.first { $0["0020000D"]?.text == "2.25.1" })
        for tag in [
          "00080020", "00080030", "00080050", "00080061", "00080090", "00081030", "00100010", "00100020", "00100030",
          "00100040", "00201206", "00201208",
        ] {
          #expect(row[tag] != nil, "\(tag) is missing")
        }
        #expect(row["00081190"]?.text == "http://127.0.0.1:8080/dicom-web/studies/2.25.1")
      }
      try await client.execute(uri: "/dicom-web/studies/2.25.1/series", method: .get) { response in
        let rows = try response.dataSets()
        #expect(rows.count == 1)
        #expect(rows[0]["00081190"]?.text == "http://127.0.0.1:8080/dicom-web/studies/2.25.1/series/2.25.1.1")
      }
      try await client.execute(uri: "/dicom-web/studies/2.25.1/series/2.25.1.1/instances", method: .get) { response in
        let answer = try response.dataSets()
        #expect(answer.map { $0["00080018"]?.text } == ["2.25.1.1.1", "2.25.1.1.2"])
      }
      for path in ["/series", "/instances", "/studies/2.25.2/instances"] {
        try await client.execute(uri: "/dicom-web" + path, method: .get) { #expect($0.status == .ok, "\(path)") }
      }
    }
  }

  @Test(
    arguments: [
      ("PatientID=P2", ["2.25.2"]), ("00100020=P2", ["2.25.2"]), ("PatientName=Ben*", ["2.25.1"]),
      ("PatientName=%2Aali%2A", ["2.25.1"]),
      ("StudyDate=20260305-20260401", ["2.25.2"]), ("ModalitiesInStudy=US", ["2.25.2"]),
      ("StudyInstanceUID=2.25.1%5C2.25.2", ["2.25.1", "2.25.2"]),
      ("StudyInstanceUID=2.25.1&StudyInstanceUID=2.25.2", ["2.25.1", "2.25.2"]),
      ("StudyInstanceUID=2.25.1,2.25.9", ["2.25.1"]),
      ("PatientName=%C3%89lodie%5EAmrani", ["2.25.2"]), ("fuzzymatching=true&PatientName=elodie", ["2.25.2"]),
      ("PatientID=none", []),
    ] as [(String, [String])])
  func conditionsFindWhatTheySay(query: String, expected: [String]) async throws {
    try await WebFixture.run { fixture, client in
      try await twoStudies(fixture)
      try await client.execute(uri: "/dicom-web/studies?" + query, method: .get) { response in
        #expect(response.status == (expected.isEmpty ? .noContent : .ok))
        let found = response.status == .ok ? try response.dataSets().compactMap { $0["0020000D"]?.text } : []
        #expect(Set(found) == Set(expected))
      }
    }
  }

  @Test func pagesFollowEachOtherInOneOrder() async throws {
    try await WebFixture.run { fixture, client in
      try await twoStudies(fixture)
      var seen: [String?] = []
      for offset in 0..<2 {
        try await client.execute(uri: "/dicom-web/studies?limit=1&offset=\(offset)", method: .get) { response in
          seen += try response.dataSets().map { $0["0020000D"]?.text }
        }
      }
      #expect(Set(seen) == ["2.25.1", "2.25.2"])
      try await client.execute(uri: "/dicom-web/studies?limit=1&offset=2", method: .get) {
        #expect($0.status == .noContent)
      }
      try await client.execute(uri: "/dicom-web/studies?limit=0", method: .get) { #expect($0.status == .noContent) }
    }
  }

  @Test func moreThanOneAnswerHoldsIsSaid() async throws {
    try await WebFixture.run(.make { $0.limits.searchResults = 1 }) { fixture, client in
      try await twoStudies(fixture)
      try await client.execute(uri: "/dicom-web/studies", method: .get) { response in
        let answer = try response.dataSets()
        #expect(answer.count == 1)
        #expect(response.headers[values: .warning].contains { $0.hasPrefix("299 ") && $0.contains("more results") })
      }
      try await client.execute(uri: "/dicom-web/studies?limit=1", method: .get) { #expect($0.headers[.warning] == nil) }
    }
  }

  @Test func whatIsNotKnownIsIgnoredAloud() async throws {
    try await WebFixture.run { fixture, client in
      try await twoStudies(fixture)
      for query in ["NoSuchKeyword=1", "includefield=NoSuchKeyword"] {
        try await client.execute(uri: "/dicom-web/studies?" + query, method: .get) { response in
          #expect(response.status == .ok)
          #expect(response.headers[values: .warning].count == 1)
        }
      }
    }
  }

  @Test(arguments: ["limit=-1", "limit=ten", "offset=x", "fuzzymatching=maybe", "PatientName=%E9"])
  func wrongValuesAreRefused(query: String) async throws {
    try await WebFixture.run { _, client in
      try await client.execute(uri: "/dicom-web/studies?" + query, method: .get) { #expect($0.status == .badRequest) }
    }
  }

  @Test(arguments: [
    ("application/dicom+json", HTTPResponse.Status.noContent), ("application/json", .noContent), ("*/*", .noContent),
    ("application/*", .noContent), ("multipart/related; type=\"application/dicom+xml\"", .notAcceptable),
    ("image/jpeg", .notAcceptable),
    ("application/dicom+json, multipart/related; type=\"application/octet-stream\"; transfer-syntax=\"*\"", .noContent),
  ])
  func jsonIsTheAnswer(accept: String, status: HTTPResponse.Status) async throws {
    try await WebFixture.run { _, client in
      try await client.execute(uri: "/dicom-web/studies", method: .get, headers: [.accept: accept]) {
        #expect($0.status == status)
      }
    }
  }

  @Test func addressesComeFromTheConfiguredOne() async throws {
    try await WebFixture.run(.make { $0.publicURL = "https://hub.example.ma/" }) { fixture, client in
      try await fixture.store(.make())
      try await client.execute(uri: "/dicom-web/studies", method: .get) { response in
        let answer = try response.dataSets()
        #expect(answer[0]["00081190"]?.text == "https://hub.example.ma/dicom-web/studies/2.25.1")
      }
    }
  }
}
