import Archive
import DICOM
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Testing

@testable import Web

@Suite struct ServiceTests {
  @Test func healthSaysWhatTheArchiveHolds() async throws {
    try await WebFixture.run { fixture, client in
      try await fixture.store(.make())
      try await client.execute(uri: "/healthz", method: .get) { response in
        #expect(response.status == .ok)
        #expect(response.text.contains("\"ok\":true"))
        #expect(response.text.contains("\"version\":\"1.2.3\""))
        #expect(response.text.contains("\"instances\":1"))
      }
    }
  }

  @Test func metricsAreText() async throws {
    try await WebFixture.run { fixture, client in
      try await fixture.store(.make())
      try await client.execute(uri: "/metrics", method: .get) { response in
        #expect(response.headers[.contentType] == "text/plain; version=0.0.4; charset=utf-8")
        #expect(response.text.contains("\nrekkas_archive_instances 1\n"))
        #expect(response.text.contains("\nprocess_resident_memory_bytes "))
      }
    }
  }

  @Test func browsersAreToldNotToGuess() async throws {
    try await WebFixture.run { _, client in
      for path in ["/healthz", "/dicom-web/studies", "/nothing"] {
        try await client.execute(uri: path, method: .get) { response in
          #expect(response.headers[.xContentTypeOptions] == "nosniff")
          #expect(response.headers[HTTPField.Name("Referrer-Policy")!] == "no-referrer")
          #expect(response.headers[.contentSecurityPolicy]?.contains("default-src 'none'") == true)
        }
      }
    }
  }

  @Test func optionsDescribeWhatThereIs() async throws {
    try await WebFixture.run { _, client in
      for (path, allow) in [
        ("/studies", "GET, HEAD, POST, OPTIONS"), ("/studies/1/series/2/metadata", "GET, HEAD, OPTIONS"),
      ] {
        try await client.execute(uri: "/dicom-web" + path, method: .options) { response in
          #expect(response.status == .ok)
          #expect(response.headers[.allow] == allow)
          let capabilities = try JSONSerialization.jsonObject(with: Data(response.bytes)) as? [String: Any]
          #expect((capabilities?["resources"] as? [Any])?.count ?? 0 > 15)
        }
      }
      try await client.execute(uri: "/dicom-web/studies", method: .delete) { response in
        #expect(response.status == .methodNotAllowed)
        #expect(response.headers[.allow] == "GET, HEAD, POST, OPTIONS")
      }
    }
  }

  @Test func otherOriginsAreLetInOnlyWhenListed() async throws {
    let viewer = "https://viewer.example.ma"
    try await WebFixture.run(.make { $0.corsOrigins = [viewer] }) { _, client in
      let preflight: HTTPFields = [
        .origin: viewer, .accessControlRequestMethod: "GET", .accessControlRequestHeaders: "accept",
      ]
      try await client.execute(uri: "/dicom-web/studies", method: .options, headers: preflight) { response in
        #expect(response.headers[.accessControlAllowOrigin] == viewer)
        #expect(
          response.headers[.accessControlAllowHeaders] == "Accept, Authorization, Content-Type, Range, If-None-Match")
        #expect(response.headers[.accessControlMaxAge] == "86400")
      }
      try await client.execute(uri: "/dicom-web/studies", method: .get, headers: [.origin: viewer]) { response in
        #expect(response.headers[.accessControlAllowOrigin] == viewer)
        #expect(
          response.headers[.accessControlExposeHeaders] == "Content-Length, Content-Range, Content-Type, ETag, Warning")
      }
      // Errors too, or the viewer's page cannot read why.
      try await client.execute(uri: "/dicom-web/studies?limit=x", method: .get, headers: [.origin: viewer]) {
        response in
        #expect(response.status == .badRequest)
        #expect(response.headers[.accessControlAllowOrigin] == viewer)
      }
      try await client.execute(uri: "/dicom-web/studies", method: .get, headers: [.origin: "https://evil.example"]) {
        #expect($0.headers[.accessControlAllowOrigin] == nil)
      }
    }
  }

  @Test(arguments: ["0.0.0.0", "192.168.1.10", "::", "hub.example.ma", "127.0.0.1.example.ma", "127.0.0"])
  func onlyLoopbackIsListenedOn(address: String) async throws {
    try await WebFixture.run { fixture, _ in
      var configuration = fixture.configuration
      configuration.address = address
      #expect(throws: WebServiceError.notLoopback(address)) {
        try WebApplication(
          archive: fixture.archive, renderPool: .init(executable: "/nonexistent", workers: 1),
          configuration: configuration, version: "",
          metrics: fixture.registry, logger: .init(label: "test")
        ).make()
      }
    }
  }

  @Test(arguments: [
    ("localhost", true), ("localhost:9000", true), ("127.0.0.1:8080", true), ("127.1.2.3", true), ("[::1]:8080", true),
    ("hub.example.ma", true), ("hub.example.ma:443", true), ("evil.example", false), ("127.0.0.1.evil.example", false),
    ("localhost.evil", false),
  ])
  func onlyOurOwnNamesAreAnswered(host: String, isOurs: Bool) {
    let addresses = PublicAddress(publicURL: "https://hub.example.ma", address: "127.0.0.1", port: 8080)
    #expect(addresses.isOurs(host: host) == isOurs)
  }

  @Test func errorsSayTheWayOutAndNoMore() async throws {
    try await WebFixture.run { fixture, client in
      try await fixture.store(.make())
      try await client.execute(
        uri: "/dicom-web/studies?PatientName=Secret&limit=x", method: .get, headers: [.accept: "application/dicom+json"]
      ) { response in
        #expect(response.headers[.contentType] == "application/json")
        #expect(response.text.contains("limit must be a whole number"))
        #expect(!response.text.contains("Secret"))
      }
    }
  }
}
