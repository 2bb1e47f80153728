import DICOM
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import NIOCore
import Testing

@testable import Web

@Suite struct StoreTests {
  private static let type = "multipart/related; type=\"application/dicom\"; boundary=B"

  /// A multipart body of these files.
  private func body(_ files: [UInt8]..., closed: Bool = true) -> ByteBuffer {
    var bytes: [UInt8] = []
    for file in files { bytes += Array("--B\r\nContent-Type: application/dicom\r\n\r\n".utf8) + file + [13, 10] }
    return ByteBuffer(bytes: bytes + Array((closed ? "--B--\r\n" : "").utf8))
  }

  private func post(
    _ client: any TestClientProtocol, _ body: ByteBuffer, to path: String = "/studies", type: String = type,
    _ check: @escaping @Sendable (TestResponse) throws -> Void
  ) async throws {
    try await client.execute(
      uri: "/dicom-web" + path, method: .post, headers: [.contentType: type, .accept: "*/*"], body: body,
      testCallback: check)
  }

  @Test func storedInstancesAreNamedAndCanBeFetched() async throws {
    try await WebFixture.run { fixture, client in
      let objects = [TestObject.make(), .make { ($0.instance, $0.number) = ("2.25.1.1.2", 2) }]
      try await post(client, body(objects[0].file(), objects[1].file())) { response in
        #expect(response.status == .ok)
        #expect(response.headers[.contentType] == "application/dicom+json")
        let report = try response.dataSet()
        #expect(report["00081190"]?.text == "http://127.0.0.1:8080/dicom-web/studies/2.25.1")
        #expect(report["00081199"]?.values?.count == 2)
        #expect(report["00081198"] == nil)
        #expect(response.text.contains("/dicom-web/studies/2.25.1/series/2.25.1.1/instances/2.25.1.1.2"))
      }
      try await client.execute(uri: "/dicom-web/studies/2.25.1/instances", method: .get) { response in
        let rows = try response.dataSets()
        #expect(rows.count == 2)
      }
      // The same again is success and no work.
      try await post(client, body(objects[0].file())) { #expect($0.status == .ok) }
      #expect(try fixture.archive.statistics().instances == 2)
    }
  }

  @Test func aBareObjectIsTakenToo() async throws {
    try await WebFixture.run { _, client in
      try await post(client, ByteBuffer(bytes: TestObject.make().file()), type: "application/dicom") {
        #expect($0.status == .ok)
      }
      try await post(client, ByteBuffer(bytes: TestObject.make().file().dropLast(10)), type: "application/dicom") {
        #expect($0.status == .conflict)
      }
    }
  }

  @Test func garbageIsRefusedAndGoodPartsBesideItAreKept() async throws {
    try await WebFixture.run { fixture, client in
      let noise = (0..<5000).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 7) }
      let good = TestObject.make().file()
      try await post(client, body(noise)) { response in
        #expect(response.status == .conflict)
        #expect(response.text.contains("\"0008119A\""))
        #expect(response.text.contains("49152"))  // 0xC000
      }
      let other = TestObject.make { $0.instance = "2.25.1.1.7" }.file()
      try await post(client, body(noise, good, Array(other[..<(other.count / 2)]))) { response in
        #expect(response.status == .accepted)
        let report = try response.dataSet()
        #expect(report["00081199"]?.values?.count == 1)
        #expect((report["00081198"]?.values?.count ?? 0) + (report["0008119A"]?.values?.count ?? 0) == 2)
      }
      #expect(try fixture.archive.statistics().instances == 1)
    }
  }

  @Test func aBodyWithoutItsClosingBoundaryIsNeverASuccess() async throws {
    try await WebFixture.run { fixture, client in
      let whole = TestObject.make()
      let cut = TestObject.make { $0.instance = "2.25.1.1.2" }
      let start = body(whole.file(), cut.file(), closed: false)
      for length in [start.readableBytes, start.readableBytes - 5, start.readableBytes - 500] {
        try await post(client, start.getSlice(at: 0, length: length)!) { response in
          #expect(response.status == .badRequest)
          #expect(response.text.contains("2.25.1.1.1"), "what was whole is stored, and said to be")
          #expect(!response.text.contains("instances/2.25.1.1.2"))
        }
      }
      #expect(try fixture.archive.statistics().instances == 1)
      for text in ["", "nothing like multipart", "--B\r\n", "--B\r\nContent-Type: application/dicom\r\n\r\n"] {
        try await post(client, ByteBuffer(string: text)) { #expect($0.status == .badRequest, "\(text)") }
      }
    }
  }

  @Test func otherBytesUnderTheSameIdentifierAreAConflict() async throws {
    try await WebFixture.run { _, client in
      try await post(client, body(TestObject.make().file())) { #expect($0.status == .ok) }
      try await post(client, body(TestObject.make { $0.patientName = "Other^Name" }.file())) { response in
        #expect(response.status == .conflict)
        let failed = try response.dataSet()["00081198"]
        #expect(failed?.values?.count == 1)
        #expect(response.text.contains("273"))  // 0x0111
        #expect(!response.text.contains("Other"))
      }
    }
  }

  @Test func aStudyTakesOnlyItsOwn() async throws {
    try await WebFixture.run { fixture, client in
      try await post(client, body(TestObject.make().file()), to: "/studies/2.25.9") { response in
        #expect(response.status == .conflict)
        #expect(response.text.contains("43264"))  // 0xA900
      }
      #expect(try fixture.archive.statistics().instances == 0)
      try await post(client, body(TestObject.make().file()), to: "/studies/2.25.1") { #expect($0.status == .ok) }
    }
  }

  @Test(arguments: [
    ("text/plain", HTTPResponse.Status.unsupportedMediaType),
    ("multipart/related; type=\"application/dicom+json\"; boundary=B", .unsupportedMediaType),
    ("multipart/related; type=\"application/dicom\"", .badRequest),
    ("multipart/form-data; boundary=B", .unsupportedMediaType),
  ])
  func otherTypesAreRefused(type: String, status: HTTPResponse.Status) async throws {
    try await WebFixture.run { _, client in
      try await post(client, body(TestObject.make().file()), type: type) { #expect($0.status == status) }
    }
  }

  @Test func theBoundaryMayBeQuoted() async throws {
    try await WebFixture.run { _, client in
      let type = "multipart/related; boundary=\"B\"; type=application/dicom"
      try await post(client, body(TestObject.make().file()), type: type) { #expect($0.status == .ok) }
    }
  }

  @Test func whatIsTooLargeIsRefused() async throws {
    try await WebFixture.run(.make { $0.limits.storeRequestSize = 1000 }) { _, client in
      let large = TestObject.make { $0.size = 64 }.file()
      try await post(client, body(large)) { #expect($0.status == .contentTooLarge) }
    }
    try await WebFixture.run(.make { $0.limits.instanceSize = 1000 }) { _, client in
      let large = TestObject.make { $0.size = 64 }.file()
      try await post(client, body(large)) { response in
        #expect(response.status == .serviceUnavailable)
        #expect(response.text.contains("42752"))  // 0xA700
      }
    }
  }

  @Test func manyInstancesOfOneRequestAreAllStored() async throws {
    try await WebFixture.run { fixture, client in
      let files = (1...100).map { number in
        TestObject.make { ($0.instance, $0.number) = (UID(rawValue: "2.25.1.1.\(number)"), number) }.file()
      }
      var bytes: [UInt8] = []
      for file in files { bytes += Array("--B\r\n\r\n".utf8) + file + [13, 10] }
      try await post(client, ByteBuffer(bytes: bytes + Array("--B--".utf8))) { response in
        #expect(response.status == .ok)
        let report = try response.dataSet()
        #expect(report["00081199"]?.values?.count == 100)
      }
      #expect(try fixture.archive.statistics().instances == 100)
    }
  }
}
