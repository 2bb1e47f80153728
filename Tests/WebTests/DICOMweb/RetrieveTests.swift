import DICOM
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Testing

@testable import Web

@Suite struct RetrieveTests {
  private static let one = "/dicom-web/studies/2.25.1/series/2.25.1.1/instances/2.25.1.1.1"
  private static let anySyntax = "multipart/related; type=\"application/dicom\"; transfer-syntax=*"

  private static let jpeg = TestObject.make {
    $0.syntax = .jpegBaseline
    $0.frames = 2
    $0.compressedFrames = [[0xff, 0xd8, 1, 2, 3, 0xd9], [0xff, 0xd8, 9, 8]]
  }

  @Test func aStudyComesAsPartsWithTheirLengthSaid() async throws {
    try await WebFixture.run { fixture, client in
      let objects = [TestObject.make(), .make { ($0.instance, $0.number) = ("2.25.1.1.2", 2) }]
      try await fixture.store(objects[0], objects[1])
      for path in ["/dicom-web/studies/2.25.1", "/dicom-web/studies/2.25.1/series/2.25.1.1"] {
        try await client.execute(uri: path, method: .get, headers: [.accept: Self.anySyntax]) { response in
          #expect(response.status == .ok)
          #expect(response.headers[.contentLength] == String(response.bytes.count))
          let parts = try response.parts()
          #expect(
            parts.map { $0.headers["content-type"] }
              == Array(repeating: "application/dicom; transfer-syntax=1.2.840.10008.1.2.1", count: 2))
          for (part, object) in zip(parts, objects) {
            let (sent, stored) = (try Self.dataSet(part.content), try Self.dataSet(object.file()))
            #expect(sent == stored)
          }
          #expect(response.text.contains("\r\nContent-Type: application/dicom; transfer-syntax="))
        }
      }
    }
  }

  /// The bytes behind the file meta information: what must come back as it went in.
  private static func dataSet(_ file: [UInt8]) throws -> [UInt8] {
    let object = try ParsedObject.parse(ObjectBytes(file))
    return Array(file[object.dataSetOffset...])
  }

  @Test func oneInstanceComesBareWhenAcceptSaysSo() async throws {
    try await WebFixture.run { fixture, client in
      try await fixture.store(.make())
      try await client.execute(uri: Self.one, method: .get, headers: [.accept: "application/dicom; transfer-syntax=*"])
      { response in
        #expect(response.headers[.contentType] == "application/dicom; transfer-syntax=1.2.840.10008.1.2.1")
        #expect(Array(response.bytes[128..<132]) == Array("DICM".utf8))
        let whole = response.bytes
        try await client.execute(
          uri: Self.one, method: .get, headers: [.accept: "application/dicom", .range: "bytes=128-131"]
        ) { part in
          #expect(part.status == .partialContent)
          #expect(part.bytes == Array("DICM".utf8))
          #expect(part.headers[.contentRange] == "bytes 128-131/\(whole.count)")
        }
        try await client.execute(
          uri: Self.one, method: .get, headers: [.accept: "application/dicom", .range: "bytes=999999-"]
        ) {
          #expect($0.status == .rangeNotSatisfiable)
        }
      }
    }
  }

  @Test func whatWasFetchedIsNotSentAgain() async throws {
    try await WebFixture.run { fixture, client in
      try await fixture.store(.make())
      for path in [Self.one, Self.one + "/metadata", Self.one + "/frames/1", "/dicom-web/studies/2.25.1/metadata"] {
        var tag = ""
        try await client.execute(uri: path, method: .get) { response in
          #expect(response.status == .ok, "\(path)")
          tag = try #require(response.headers[.eTag])
        }
        try await client.execute(uri: path, method: .get, headers: [.ifNoneMatch: tag]) {
          #expect($0.status == .notModified, "\(path)")
        }
        try await client.execute(uri: path, method: .head) { response in
          #expect(response.status == .ok)
          #expect(response.bytes.isEmpty)
          #expect(response.headers[.eTag] == tag)
          #expect(Int(response.headers[.contentLength] ?? "") ?? 0 > 0)
        }
      }
    }
  }

  @Test func aNewInstanceChangesTheStudysMetadata() async throws {
    try await WebFixture.run { fixture, client in
      try await fixture.store(.make())
      for count in 1...3 {
        if count > 1 {
          try await fixture.store(.make { ($0.instance, $0.number) = (UID(rawValue: "2.25.1.1.\(count)"), count) })
        }
        for _ in 0..<2 {
          try await client.execute(uri: "/dicom-web/studies/2.25.1/metadata", method: .get) {
            let answer = try $0.dataSets()
            #expect(answer.count == count)
          }
        }
      }
    }
  }

  @Test func bulkDataOfMetadataCanBeFetchedWhereItSays() async throws {
    try await WebFixture.run { fixture, client in
      let object = TestObject.make()
      try await fixture.store(object)
      var address = ""
      try await client.execute(uri: Self.one + "/metadata", method: .get) { response in
        address = try #require(try response.dataSets()[0]["7FE00010"]?.bulkDataURI)
      }
      #expect(address == "http://127.0.0.1:8080" + Self.one + "/bulkdata/7FE00010")
      let path = String(address.dropFirst("http://127.0.0.1:8080".count))
      try await client.execute(uri: path, method: .get) { #expect($0.bytes == object.frame(1)) }
      try await client.execute(uri: path, method: .get, headers: [.accept: "multipart/related; type=\"*/*\""]) {
        response in
        let answer = try response.parts()
        #expect(answer.map(\.content) == [object.frame(1)])
      }
      try await client.execute(uri: path, method: .get, headers: [.range: "bytes=2-5"]) { response in
        #expect(response.status == .partialContent)
        #expect(response.bytes == Array(object.frame(1)[2...5]))
      }
      for missing in ["/bulkdata/00420011", "/bulkdata/nonsense", "/bulkdata/00081115/0/00080018", "/bulkdata/"] {
        try await client.execute(uri: Self.one + missing, method: .get) {
          #expect($0.status == .notFound, "\(missing)")
        }
      }
    }
  }

  @Test func bigEndianAndDeflatedPixelsComeAsLittleEndian() async throws {
    try await WebFixture.run { fixture, client in
      for (number, syntax) in [TransferSyntax.explicitVRBigEndian, .deflatedExplicitVRLittleEndian].enumerated() {
        let object = TestObject.make {
          $0.instance = UID(rawValue: "2.25.1.1.\(number + 5)")
          $0.syntax = syntax
        }
        try await fixture.store(object)
        let path = "/dicom-web/studies/2.25.1/series/2.25.1.1/instances/\(object.instance)/bulkdata/7FE00010"
        try await client.execute(uri: path, method: .get) { #expect($0.bytes == object.frame(1), "\(syntax)") }
        try await client.execute(uri: path, method: .get, headers: [.range: "bytes=3-8"]) {
          #expect($0.bytes == Array(object.frame(1)[3...8]), "\(syntax)")
        }
      }
    }
  }

  @Test func aPDFComesAsItself() async throws {
    try await WebFixture.run { fixture, client in
      let pdf = Array("%PDF-1.4 odd".utf8) + [10]
      try await fixture.store(
        .make {
          $0.document = pdf
          $0.sopClass = SOPClass.encapsulatedPDFStorage
        })
      for path in ["/rendered", "/bulkdata/00420011"] {
        try await client.execute(uri: Self.one + path, method: .get) { response in
          #expect(response.headers[.contentType] == "application/pdf")
          #expect(response.bytes == pdf)
        }
        // OHIF
        let accept = "multipart/related; type=\"application/pdf\", multipart/related; type=\"application/octet-stream\""
        try await client.execute(uri: Self.one + path, method: .get, headers: [.accept: accept]) { response in
          let parts = try response.parts()
          #expect(parts.map(\.content) == [pdf])
          #expect(parts[0].headers["content-type"] == "application/pdf")
        }
      }
      try await client.execute(uri: Self.one + "/thumbnail", method: .get) { #expect($0.status == .notFound) }
      try await client.execute(uri: Self.one + "/frames/1", method: .get) { #expect($0.status == .notFound) }
    }
  }

  @Test func framesComeInTheOrderAskedFor() async throws {
    try await WebFixture.run { fixture, client in
      let object = TestObject.make { $0.frames = 5 }
      try await fixture.store(object)
      for accept in [
        "multipart/related; type=\"application/octet-stream\"; transfer-syntax=\"*\"",
        "multipart/related; type=application/octet-stream; transfer-syntax=*", "*/*",
        "multipart/related; type=\"application/octet-stream\"; transfer-syntax=1.2.840.10008.1.2.1",
      ] {
        try await client.execute(uri: Self.one + "/frames/4,1,5", method: .get, headers: [.accept: accept]) {
          response in
          let parts = try response.parts()
          #expect(parts.map(\.content) == [4, 1, 5].map { object.frame($0) })
          #expect(parts[0].headers["content-type"] == "application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1")
          #expect(response.headers[.contentLength] == String(response.bytes.count))
        }
      }
      try await client.execute(
        uri: Self.one + "/frames/2", method: .get, headers: [.accept: "application/octet-stream"]
      ) { response in
        #expect(response.bytes == object.frame(2))
        #expect(response.headers[.contentType] == "application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1")
      }
      for (list, status) in [
        ("6", HTTPResponse.Status.notFound), ("0", .badRequest), ("a", .badRequest), ("1,,2", .badRequest),
        ("-1", .badRequest),
      ] {
        try await client.execute(uri: Self.one + "/frames/" + list, method: .get) {
          #expect($0.status == status, "\(list)")
        }
      }
    }
  }

  @Test func compressedFramesComeAsStored() async throws {
    try await WebFixture.run { fixture, client in
      try await fixture.store(Self.jpeg)
      let jpeg = TransferSyntax.jpegBaseline.uid.rawValue
      for (accept, type) in [
        ("multipart/related; type=\"application/octet-stream\"; transfer-syntax=*", "application/octet-stream"),
        ("multipart/related; type=\"image/jpeg\"; transfer-syntax=\(jpeg)", "image/jpeg"),
        ("multipart/related; type=\"image/jpeg\"", "image/jpeg"),
        ("multipart/related; type=\"*/*\"; transfer-syntax=*", "image/jpeg"),
      ] {
        try await client.execute(uri: Self.one + "/frames/2", method: .get, headers: [.accept: accept]) { response in
          let parts = try response.parts()
          #expect(parts.map(\.content) == [Self.jpeg.compressedFrames![1]])
          #expect(parts[0].headers["content-type"] == "\(type); transfer-syntax=\(jpeg)")
        }
      }
      try await client.execute(
        uri: Self.one + "/frames/1", method: .get, headers: [.accept: "multipart/related; type=\"image/jphc\""]
      ) { response in
        #expect(response.status == .notAcceptable)
        #expect(response.text.contains("image/jpeg"))
      }
    }
  }

  @Test(arguments: [
    "multipart/related; type=\"application/dicom\"; transfer-syntax=1.2.840.10008.1.2.4.81",
    "multipart/related; type=\"application/dicom+xml\"",
    "text/html",
  ])
  func whatCannotBeMadeIsNotAcceptable(accept: String) async throws {
    try await WebFixture.run { fixture, client in
      try await fixture.store(.make())
      try await client.execute(uri: Self.one, method: .get, headers: [.accept: accept]) { response in
        #expect(response.status == .notAcceptable)
        #expect(response.text.contains("1.2.840.10008.1.2.1"))
      }
    }
  }

  @Test func mixingDICOMAndPicturesIsABadRequest() async throws {
    try await WebFixture.run { fixture, client in
      try await fixture.store(.make())
      for path in [Self.one, Self.one + "/rendered"] {
        try await client.execute(
          uri: path, method: .get, headers: [.accept: "multipart/related; type=\"application/dicom\", image/png"]
        ) {
          #expect($0.status == .badRequest)
        }
      }
    }
  }

  @Test(arguments: [
    "/studies/1.2.3", "/studies/1.2.3/metadata", "/studies/..%2f..%2fetc%2fpasswd/metadata", "/studies/2.25.1/series/9",
    "/studies/2.25.1/thumbnail/x",
  ])
  func whatIsNotThereIsNotFound(path: String) async throws {
    try await WebFixture.run { fixture, client in
      try await fixture.store(.make())
      try await client.execute(uri: "/dicom-web" + path, method: .get) { #expect($0.status == .notFound) }
      try await client.execute(uri: "/dicom-web/studies/" + String(repeating: "9", count: 4000), method: .get) {
        #expect($0.status == .notFound)
      }
    }
  }

  @Test func jsonIsCompressedOnlyForThoseWhoSay() async throws {
    try await WebFixture.run { fixture, client in
      for number in 1...10 {
        try await fixture.store(.make { ($0.instance, $0.number) = (UID(rawValue: "2.25.1.1.\(number)"), number) })
      }
      for path in ["/dicom-web/studies/2.25.1/metadata", "/dicom-web/instances"] {
        var plain: [UInt8] = []
        try await client.execute(uri: path, method: .get) { response in
          #expect(response.headers[.contentEncoding] == nil)
          plain = response.bytes
        }
        for _ in 0..<2 {
          try await client.execute(uri: path, method: .get, headers: [.acceptEncoding: "gzip, deflate"]) { response in
            #expect(response.headers[.contentEncoding] == "gzip")
            #expect(response.headers[.vary]?.contains("Accept-Encoding") == true)
            #expect(response.bytes.count < plain.count / 2)
            #expect(response.bytes.starts(with: [0x1f, 0x8b]))
          }
        }
        try await client.execute(uri: path, method: .get, headers: [.acceptEncoding: "gzip;q=0, br"]) {
          #expect($0.bytes == plain)
        }
      }
      try await client.execute(uri: Self.one + "/frames/1", method: .get, headers: [.acceptEncoding: "gzip"]) {
        #expect($0.headers[.contentEncoding] == nil)
      }
    }
  }

  @Test func olderViewersFetchByQuery() async throws {
    try await WebFixture.run { fixture, client in
      try await fixture.store(.make())
      let address = "/wado?requestType=WADO&studyUID=2.25.1&seriesUID=2.25.1.1&objectUID=2.25.1.1.1"
      try await client.execute(uri: address + "&contentType=application%2Fdicom", method: .get) { response in
        #expect(response.status == .ok)
        #expect(response.headers[.contentType] == "application/dicom; transfer-syntax=1.2.840.10008.1.2.1")
        #expect(Array(response.bytes[128..<132]) == Array("DICM".utf8))
      }
      for (more, status) in [
        ("&contentType=application/dicom&anonymize=yes", HTTPResponse.Status.badRequest), ("&frameNumber=2", .notFound),
        ("&rows=0", .badRequest),
        ("&contentType=text/html", .notAcceptable),
      ] {
        try await client.execute(uri: address + more, method: .get) { #expect($0.status == status, "\(more)") }
      }
      try await client.execute(uri: "/wado?requestType=WADO&studyUID=2.25.1", method: .get) {
        #expect($0.status == .badRequest)
      }
      try await client.execute(uri: "/wado", method: .get) { #expect($0.status == .badRequest) }
    }
  }
}
