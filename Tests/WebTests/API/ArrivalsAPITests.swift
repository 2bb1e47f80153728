import Archive
import DICOM
import Foundation
import HTTPTypes
import HummingbirdTesting
import NIOCore
import Testing

@testable import Web

@Suite struct ArrivalsAPITests {
  @Test func `What was refused, what rests and what is kept aside stand in one answer`() async throws {
    try await WebFixture.run { fixture, client in
      let (image, other) = try (ComingImage.slice(0), ComingImage.slice(1))
      // One is on its way; under the UID of the other something else is kept already.
      try fixture.bring(image, [0..<image.object.header])
      try await fixture.store(
        .make {
          $0.study = UID(rawValue: other.object.study)
          $0.series = UID(rawValue: other.object.series)
          $0.instance = UID(rawValue: other.object.instance)
        })
      let refused = try #require(try fixture.archive.arrivals.announce([other.object], from: "MIDELT").first)
      #expect(refused.state == .refused && refused.reason == .conflict)
      let spool = try fixture.archive.makeSpool()
      try spool.append(Array("no DICOM at all".utf8))
      _ = try? await fixture.archive.store(spool, receipt: Receipt(channel: .import))
      let answer = try await client.api(.get, "/arrivals?days=0")
      #expect(answer.status == .ok && answer.headers[.cacheControl] == "no-store")
      func rows(_ name: String) throws -> [[String: Any]] { try #require(answer.object()[name] as? [[String: Any]]) }
      let no = try #require(try rows("refused").first)
      #expect(no["site"] as? String == "MIDELT" && no["reason"] as? String == "conflict" && no["times"] as? Int == 1)
      #expect(no["digest"] as? String == other.object.digest && no["instance"] as? String == other.object.instance)
      let rest = try #require(try rows("abandoned").first)
      #expect(rest["digest"] as? String == image.object.digest && rest["bytesHere"] as? Int == image.object.header)
      let aside = try #require(try rows("quarantine").first)
      #expect((aside["reason"] as? String)?.hasPrefix("unparsable.") == true && aside["size"] as? Int == 15)
      #expect(!String(buffer: answer.body).contains("Ben"), "a patient's name")
      // By itself a transfer counts as abandoned after weeks only.
      #expect((try await client.api(.get, "/arrivals").object()["abandoned"] as? [Any])?.isEmpty == true)
    }
  }

  @Test func `An administrator discards what rests and takes a refusal off the list`() async throws {
    try await WebFixture.run { fixture, client in
      let (image, other) = try (ComingImage.slice(0), ComingImage.slice(1))
      try fixture.bring(image, [0..<image.object.header])
      try await fixture.store(.make { $0.instance = UID(rawValue: other.object.instance) })
      _ = try fixture.archive.arrivals.announce([other.object], from: "MIDELT")
      let gone = try await client.api(.delete, "/arrivals/\(image.object.digest)")
      #expect(try gone.status == .ok && gone.object()["discarded"] as? Bool == true)
      let off = try await client.api(.delete, "/arrivals/\(other.object.digest)/refusal")
      #expect(try off.object()["discarded"] as? Bool == false && off.object()["refusals"] as? Int == 1)
      let left = try await client.api(.get, "/arrivals?days=0").object()
      #expect((left["refused"] as? [Any])?.isEmpty == true && (left["abandoned"] as? [Any])?.isEmpty == true)
      for digest in [image.object.digest, "nonsense", "\(other.object.digest)/refusal"] {
        let again = try await client.api(.delete, "/arrivals/\(digest)", nil, [.acceptLanguage: "en"])
        #expect(try again.status == .notFound && again.code() == "unknown-arrival")
      }
      // The site may begin anew.
      #expect(try fixture.bring(image, [0..<image.object.size]).state == .whole)
    }
  }

  @Test func `Another origin discards nothing, and a site has no such list`() async throws {
    try await WebFixture.run { fixture, client in
      let image = try ComingImage.slice(0)
      try fixture.bring(image, [0..<image.object.header])
      let path = "/arrivals/\(image.object.digest)"
      let foreign = try await client.api(.delete, path, nil, [.origin: "https://evil.example"])
      #expect(try foreign.status == .forbidden && foreign.code() == "other-origin")
      #expect(try fixture.archive.arrivals.abandoned(for: .zero).count == 1)
    }
    try await WebFixture.run(.make { $0.page = .site }) { _, client in
      let answer = try await client.api(.get, "/arrivals")
      #expect(answer.status == .notFound)
    }
  }

  @Test func `At a site a case says whether the hub has it, and why the hub does not take it`() async throws {
    let sends = { @Sendable (options: inout ArchiveOptions) in options.queuesForLink = true }
    try await WebFixture.run(.make { $0.page = .site }, archive: sends) { fixture, client in
      let made = try await client.open(#"{"question":"Fracture ?","patient":{"id":"1"}}"#)
      func delivery() async throws -> [String: Any]? {
        let list = try #require(try await client.api(.get, "/cases").object()["cases"] as? [[String: Any]])
        let one = try await client.api(.get, "/cases/\(made.number)").object()["delivery"] as? [String: Any]
        let row = list.first?["delivery"] as? [String: Any]
        #expect(one?["state"] as? String == row?["state"] as? String)
        return one
      }
      #expect(try await delivery()?["state"] as? String == "waiting")
      try fixture.archive.cases.refuse(CaseRefusal(made, .invalid(field: "patient.sex", reason: "not M, F or O")))
      let refused = try #require(try await delivery())
      #expect(refused["state"] as? String == "refused" && refused["code"] as? String == "invalid")
      #expect(refused["field"] as? String == "patient.sex" && (refused["text"] as? String)?.contains("not M") == true)
      #expect(refused["at"] is String && refused["revision"] as? Int == 1)
      let changed = try await client.api(.patch, "/cases/\(made.number)", #"{"revision":1,"context":"Chute"}"#)
      #expect(changed.status == .ok)
      #expect(try await delivery()?["state"] as? String == "waiting")
      try fixture.archive.cases.acknowledge(made.number, revision: 2)
      #expect(try await delivery()?["state"] as? String == "arrived")
    }
  }

  @Test func `At a hub a case says since when it is here, whatever its site's clock shows`() async throws {
    try await WebFixture.run { fixture, client in
      let item = Case.make { $0.createdAt = Date(timeIntervalSinceNow: 90 * 86_400) }
      try fixture.archive.cases.apply(item, from: "MIDELT")
      let row = try #require((try await client.api(.get, "/worklist").object()["cases"] as? [[String: Any]])?.first)
      let heard = try Date(try #require(row["receivedAt"] as? String), strategy: .iso8601)
      #expect(abs(heard.timeIntervalSinceNow) < 60 && row["delivery"] == nil)
    }
  }
}
