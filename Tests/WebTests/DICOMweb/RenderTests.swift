import Archive
import DICOM
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Imaging
import Synchronization
import Testing

@testable import Web

@Suite struct RenderParametersTests {
  @Test func windowAndViewportAreRead() throws {
    let read = try RenderParameters(QueryString("window=40,400&viewport=128,64&quality=75&annotation=patient"))
    #expect(read.window == Window(center: 40, width: 400))
    #expect(read.viewport == Viewport(width: 128, height: 64))
    #expect(read.quality == 75)
    #expect(read.warnings.count == 1)
    #expect(read.depth == 8 && !read.overlays && read.embedsProfile)
    let rich = try RenderParameters(QueryString("depth=16&overlays=true&iccprofile=no"))
    #expect(rich.depth == 16 && rich.overlays && !rich.embedsProfile)
    #expect(try RenderParameters(QueryString("iccprofile=srgb")).warnings.count == 1)
    let other = try RenderParameters(QueryString("window=-600.5,1.5e3,sigmoid&viewport=10,10,,5,-20,"))
    #expect(other.window == Window(center: -600.5, width: 1500, function: .sigmoid))
    #expect(
      other.viewport == Viewport(width: 10, height: 10, sourceX: 0, sourceY: 5, sourceWidth: -20, sourceHeight: nil))
  }

  @Test(arguments: [
    "window=40", "window=a,b", "window=40,0", "window=40,400,cubic", "window=nan,1", "viewport=0,10", "viewport=10",
    "viewport=1e9,1",
    "viewport=10,10,1", "viewport=10,10,a,b,c,d", "quality=0", "quality=101", "quality=x", "depth=12", "overlays=1",
    "iccprofile=best", "viewport=10,10,inf,0,1,1",
  ])
  func wrongOnesAreRefused(query: String) {
    #expect(throws: WebFailure.self) { try RenderParameters(QueryString(query)) }
  }
}

@Suite(.enabled(if: WebFixture.executable != nil, "the rekkas executable is not beside the tests"))
struct RenderTests {
  private static let study = "/dicom-web/studies/2.25.1"
  private static let one = study + "/series/2.25.1.1/instances/2.25.1.1.1"

  @Test func everyLevelHasPictures() async throws {
    try await WebFixture.run { fixture, client in
      try await fixture.store(.make { ($0.size, $0.frames) = (32, 3) })
      for level in [Self.study, Self.study + "/series/2.25.1.1", Self.one, Self.one + "/frames/2"] {
        for kind in ["/rendered", "/thumbnail"] {
          for (accept, type, magic) in [
            ("image/jpeg", "image/jpeg", [UInt8(0xff), 0xd8]), ("image/png", "image/png", [0x89, 0x50]),
            ("*/*", "image/jpeg", [0xff, 0xd8]),
            ("image/avif,image/webp,image/apng,image/*,*/*;q=0.8", "image/jpeg", [0xff, 0xd8]),
          ] {
            try await client.execute(uri: level + kind, method: .get, headers: [.accept: accept]) { response in
              #expect(response.status == .ok, "\(level)\(kind) \(accept)")
              #expect(response.headers[.contentType] == type)
              #expect(response.bytes.starts(with: magic))
              #expect(response.headers[.eTag] != nil)
            }
          }
        }
      }
      try await client.execute(uri: Self.one + "/rendered?accept=image/png", method: .get) {
        #expect($0.headers[.contentType] == "image/png")
      }
      try await client.execute(uri: Self.one + "/rendered", method: .get, headers: [.accept: "image/gif"]) {
        #expect($0.status == .notAcceptable)
      }
      try await client.execute(uri: Self.one + "/frames/4/rendered", method: .get) { #expect($0.status == .notFound) }
      try await client.execute(uri: Self.one + "/rendered?window=1", method: .get) { #expect($0.status == .badRequest) }
    }
  }

  @Test func `a thumbnail hides burned-in text where the profile says so, and another profile is another validator`()
    async throws
  {
    let tags = Mutex<Set<String>>([])
    for hides in [true, false] {
      let profile = try Self.profile(hides: hides)
      try await WebFixture.run(.make { $0.profile = profile }) { fixture, client in
        try await fixture.store(.make { ($0.size, $0.isBurnedIn) = (40, true) })
        try await client.execute(uri: Self.one + "/thumbnail", method: .get) { response in
          #expect(response.status == .ok)
          #expect(response.headers[.contentType] == "image/jpeg")
          #expect((response.headers[.warning] != nil) == hides)
          #expect(response.headers[.cacheControl] == "private, no-cache")
          let tag = try #require(response.headers[.eTag])
          tags.withLock { _ = $0.insert(tag) }
        }
      }
    }
    #expect(tags.withLock { $0.count } == 2)
  }

  @Test func `a thumbnail that was made with the prepared image is read, not drawn, and only under its own profile`()
    async throws
  {
    for isSame in [true, false] {
      let profile = isSame ? CompressionProfile.standard : try Self.profile(hides: false)
      let configuration = WebConfiguration.make { $0.profile = profile }
      let prepare: (inout ArchiveOptions) -> Void = { $0.preparation = PreparationOptions(profile: .standard) }
      try await WebFixture.run(configuration, archive: prepare) { fixture, client in
        let phantom = try PhantomStudy(kind: .ct, size: PhantomSize(columns: 256, rows: 256), count: 1, seed: 3)
        let identity = try await fixture.store(phantom.file(0).bytes).identity
        var prepared: InstanceRecord?
        for _ in 0..<600 where prepared == nil {
          try await Task.sleep(for: .milliseconds(100))
          prepared = try await fixture.archive.instances(study: identity.studyInstanceUID).first { $0.layers != nil }
        }
        let record = try #require(prepared)
        let kept = try #require(try await fixture.archive.thumbnail(of: record))
        // Nothing is left to draw from.
        try FileManager.default.removeItem(atPath: fixture.archive.path(of: record))
        let path =
          "/dicom-web/studies/\(identity.studyInstanceUID)/series/\(identity.seriesInstanceUID)/instances/\(identity.sopInstanceUID)/thumbnail"
        for viewport in ["", "?viewport=\(kept.side),\(kept.side)"] {
          try await client.execute(uri: path + viewport, method: .get) { response in
            #expect((response.status == .ok) == isSame)
            if isSame { #expect(Array(response.body.readableBytesView) == kept.jpeg) }
          }
        }
        try await client.execute(uri: path + "?viewport=31,32", method: .get) { #expect($0.status != .ok) }
      }
    }
  }

  private static func profile(hides: Bool) throws -> CompressionProfile {
    func map(_ entries: (String, ProfileNode)...) -> ProfileNode {
      .map(entries.map { .init(key: $0.0, line: 1, value: $0.1) }, line: 1)
    }
    func text(_ text: String) -> ProfileNode { .scalar(text, line: 1) }
    let rule = map(
      ("name", text("all")), ("because", text("so")),
      ("then", map(("codec", text("ladder")), ("hide-burned-in-text", text(hides ? "yes" : "no")))))
    return try ProfileReader.read(map(("profile", text("p")), ("rules", .list([rule], line: 1))))
  }

  @Test func greyOf16BitsIsAPNG() async throws {
    try await WebFixture.run { fixture, client in
      try await fixture.store(.make { ($0.size, $0.frames) = (32, 3) })
      let path = Self.one + "/rendered?depth=16"
      for accept in ["*/*", "image/png", "image/*", "image/jpeg, image/png"] {
        try await client.execute(uri: path, method: .get, headers: [.accept: accept]) { response in
          #expect(response.status == .ok)
          #expect(response.headers[.contentType] == "image/png")
          // Bit depth and colour type in the header chunk.
          #expect(Array(response.bytes[24..<26]) == [16, 0])
        }
      }
      try await client.execute(uri: path, method: .get, headers: [.accept: "image/jpeg"]) { response in
        #expect(response.status == .notAcceptable)
        #expect(response.text.contains("image/png"))
      }
      var tags: Set<String> = []
      for query in ["", "?depth=16", "?overlays=true", "?iccprofile=no"] {
        try await client.execute(uri: Self.one + "/rendered" + query, method: .get) {
          #expect($0.status == .ok)
          tags.insert($0.headers[.eTag] ?? "")
        }
      }
      #expect(tags.count == 4)
      try await client.execute(
        uri: Self.one + "/rendered?depth=16", method: .get,
        headers: [.accept: "multipart/related; type=\"image/png\""]
      ) { response in
        let parts = try response.parts()
        #expect(parts.count == 3)
        #expect(parts.allSatisfy { $0.content[24] == 16 })
      }
    }
  }

  @Test func allPicturesComeAsParts() async throws {
    try await WebFixture.run { fixture, client in
      try await fixture.store(
        .make { ($0.size, $0.frames) = (16, 3) }, .make { ($0.size, $0.instance, $0.number) = (16, "2.25.1.1.2", 2) })
      let parts = [HTTPField.Name.accept: "multipart/related; type=\"image/jpeg\""]
      for (path, count) in [
        (Self.study + "/rendered", 4), (Self.one + "/rendered", 3), (Self.one + "/frames/1,3/rendered", 2),
      ] {
        try await client.execute(
          uri: path, method: .get, headers: HTTPFields(parts.map { HTTPField(name: $0.key, value: $0.value) })
        ) { response in
          let answer = try response.parts()
          #expect(answer.count == count)
          #expect(
            answer.allSatisfy { $0.headers["content-type"] == "image/jpeg" && $0.content.starts(with: [0xff, 0xd8]) })
        }
      }
    }
  }

  @Test func explicitLittleEndianIsMadeOfOtherSyntaxes() async throws {
    try await WebFixture.run { fixture, client in
      let object = TestObject.make { $0.syntax = .explicitVRBigEndian }
      let other = TestObject.make {
        ($0.syntax, $0.instance, $0.number) = (.deflatedExplicitVRLittleEndian, "2.25.1.1.2", 2)
      }
      try await fixture.store(object, other)
      try await client.execute(
        uri: Self.one, method: .get, headers: [.accept: "application/dicom; transfer-syntax=1.2.840.10008.1.2.1"]
      ) { response in
        #expect(response.status == .ok)
        let made = try ParsedObject.parse(ObjectBytes(response.bytes))
        #expect(made.transferSyntax == .explicitVRLittleEndian)
        #expect(made.dataSet.string(.patientName) == "Ben^Ali")
      }
      // The default without a transfer-syntax, of several objects.
      try await client.execute(
        uri: Self.study, method: .get, headers: [.accept: "multipart/related; type=\"application/dicom\""]
      ) { response in
        let parts = try response.parts()
        #expect(
          parts.map { $0.headers["content-type"] }
            == Array(repeating: "application/dicom; transfer-syntax=1.2.840.10008.1.2.1", count: 2))
        for part in parts {
          let made = try ParsedObject.parse(ObjectBytes(part.content))
          #expect(made.transferSyntax == .explicitVRLittleEndian)
        }
      }
      for instance in ["2.25.1.1.1", "2.25.1.1.2"] {
        let path = Self.study + "/series/2.25.1.1/instances/\(instance)/frames/1"
        try await client.execute(uri: path, method: .get) { response in
          let parts = try response.parts()
          #expect(parts.map(\.content) == [object.frame(1)])
        }
      }
      #expect(
        try FileManager.default.contentsOfDirectory(atPath: fixture.configuration.temporaryDirectory).isEmpty,
        "copies are gone")
    }
  }

  @Test func olderViewersGetPicturesByQuery() async throws {
    try await WebFixture.run { fixture, client in
      try await fixture.store(.make { $0.size = 32 })
      let address = "/wado?requestType=WADO&studyUID=2.25.1&seriesUID=2.25.1.1&objectUID=2.25.1.1.1"
      for (more, type) in [
        ("", "image/jpeg"), ("&contentType=image/png&rows=8&windowCenter=40&windowWidth=80", "image/png"),
      ] {
        try await client.execute(uri: address + more, method: .get) { response in
          #expect(response.status == .ok)
          #expect(response.headers[.contentType] == type)
        }
      }
    }
  }
}
