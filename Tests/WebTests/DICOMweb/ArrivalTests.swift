import Archive
import DICOM
import Foundation
import HTTPTypes
import HummingbirdTesting
import Imaging
import Testing

@testable import Web

/// Instances that come over a thin link, as readers see them meanwhile.
@Suite struct ArrivalTests {
  @Test func `Exact bytes of what is still coming are refused for now, and its site hears of it`() async throws {
    try await WebFixture.run { fixture, client in
      let image = try ComingImage.slice()
      try fixture.bring(image, image.ranges(layers: 2))
      let frame = LinkDemand(
        study: image.object.study, series: image.object.series, instance: image.object.instance, frame: 0)
      let whole = LinkDemand(study: image.object.study, series: image.object.series, instance: image.object.instance)
      for (path, wish) in [
        (image.path, whole), (image.path + "/frames/1", frame), (image.path + "/bulkdata/7FE00010", whole),
        ("/dicom-web/studies/\(image.object.study)", whole),
        (
          "/wado?requestType=WADO&contentType=application/dicom&studyUID=\(image.object.study)"
            + "&seriesUID=\(image.object.series)&objectUID=\(image.object.instance)", whole
        ),
      ] {
        let cursor = fixture.archive.arrivals.demands(for: "MIDELT", since: nil).next
        try await client.execute(uri: path, method: .get) { response in
          #expect(response.status == .serviceUnavailable, "\(path)")
          #expect(response.headers[.retryAfter] != nil)
          #expect(String(buffer: response.body).contains("on its way"))
        }
        // A wish that was uttered a moment ago is not repeated.
        #expect(fixture.wishes().contains(wish))
        #expect(fixture.wishes(since: cursor).count <= 1)
      }
      try fixture.bring(image, [0..<image.bytes.count])
      try await client.execute(
        uri: image.path, method: .get, headers: [.accept: "application/dicom; transfer-syntax=*"]
      ) {
        response in
        #expect(response.status == .ok)
        #expect(Array(buffer: response.body) == image.bytes)
      }
    }
  }

  @Test func `Opening a study, asking what is in it or looking at an image is a wish; listing studies is none`()
    async throws
  {
    try await WebFixture.run { fixture, client in
      let image = try ComingImage.slice()
      try fixture.bring(image, image.ranges(layers: 1))
      try await client.execute(uri: "/dicom-web/studies", method: .get) { #expect($0.status == .ok) }
      #expect(fixture.wishes().isEmpty)
      let study = "/dicom-web/studies/\(image.object.study)"
      try await client.execute(uri: study + "/metadata", method: .get) { #expect($0.status == .ok) }
      #expect(fixture.wishes() == [LinkDemand(study: image.object.study)])
      try await client.execute(uri: study + "/series/\(image.object.series)/instances", method: .get) {
        #expect($0.status == .ok)
      }
      #expect(fixture.wishes().last == LinkDemand(study: image.object.study, series: image.object.series))
      if WebFixture.executable != nil {
        try await client.execute(uri: image.path + "/frames/1/rendered", method: .get) { #expect($0.status == .ok) }
        #expect(fixture.wishes().last?.instance == image.object.instance && fixture.wishes().last?.frame == 0)
      }
    }
  }

  @Test func `Metadata comes from the header, with another validator when all is here`() async throws {
    try await WebFixture.run { fixture, client in
      let image = try ComingImage.slice()
      try fixture.bring(image, image.ranges(layers: 0))
      let path = image.path + "/metadata"
      func metadata() async throws -> (tag: String, json: [String: Any]) {
        try await client.execute(uri: path, method: .get) { response in
          #expect(response.status == .ok)
          let list = try JSONSerialization.jsonObject(with: Data(buffer: response.body)) as? [[String: Any]]
          return (try #require(response.headers[.eTag]), try #require(list?.first))
        }
      }
      let (early, json) = try await metadata()
      #expect((json["00280010"] as? [String: Any])?["Value"] as? [Int] == [128])
      let pixels = try #require(json["7FE00010"] as? [String: Any])
      #expect((pixels["BulkDataURI"] as? String)?.hasSuffix(image.path + "/bulkdata/7FE00010") == true)
      try fixture.bring(image, [0..<image.bytes.count])
      let (late, whole) = try await metadata()
      #expect(early != late)
      #expect(NSDictionary(dictionary: json) == NSDictionary(dictionary: whole))
    }
  }

  @Test(.enabled(if: WebFixture.executable != nil))
  func `Pictures grow with what is here and say which stage they are`() async throws {
    try await WebFixture.run { fixture, client in
      let image = try ComingImage.slice(1)
      let layers = image.object.frames[0].count - 1
      func picture(_ kind: String, ifNot tag: String? = nil) async throws -> TestResponse {
        var headers: HTTPFields = [.accept: "image/png"]
        headers[.ifNoneMatch] = tag
        return try await client.execute(uri: image.path + kind, method: .get, headers: headers)
      }
      try fixture.bring(image, image.ranges(layers: 0))
      for kind in ["/rendered", "/thumbnail"] {
        let early = try await picture(kind)
        #expect(early.status == .serviceUnavailable && early.headers[.retryAfter] != nil)
      }
      #expect(fixture.wishes().last?.instance == image.object.instance)
      var tags: Set<String> = []
      var last: [UInt8] = []
      for layer in 1...layers {
        try fixture.bring(image, image.ranges(layers: layer))
        let response = try await picture("/rendered")
        #expect(response.status == .ok)
        #expect(response.headers[.rekkasStage] == "preview; layers=\(layer)/\(layers)")
        #expect(response.headers[.cacheControl]?.contains("no-cache") == true)
        let tag = try #require(response.headers[.eTag])
        #expect(tags.insert(tag).inserted)
        #expect(try await picture("/rendered", ifNot: tag).status == .notModified)
        let bytes = Array(buffer: response.body)
        #expect(bytes != last)
        last = bytes
        let thumbnail = try await picture("/thumbnail")
        #expect(thumbnail.status == .ok && thumbnail.headers[.rekkasStage]?.hasPrefix("preview; layers=") == true)
      }
      // The last bytes of the file change nothing of the picture, but now it is the original.
      #expect(try fixture.bring(image, [0..<image.bytes.count]).state == .whole)
      for kind in ["/rendered", "/thumbnail"] {
        let response = try await picture(kind)
        #expect(response.status == .ok && response.headers[.rekkasStage] == "original")
      }
      let original = try await picture("/rendered")
      #expect(tags.insert(try #require(original.headers[.eTag])).inserted)
      #expect(Array(buffer: original.body) == last)
    }
  }

  @Test(.enabled(if: WebFixture.executable != nil))
  func `A study is shown by the image nearest to its middle that can be drawn, and a clip by the frames that are here`()
    async throws
  {
    try await WebFixture.run { fixture, client in
      for number in 0..<3 {
        let image = try ComingImage.slice(number)
        try fixture.bring(image, image.ranges(layers: number == 2 ? 1 : 0))
      }
      let study = "/dicom-web/studies/\(try ComingImage.slice().object.study)"
      try await client.execute(uri: study + "/thumbnail", method: .get) { #expect($0.status == .ok) }
      // Parts of all images would leave some out.
      try await client.execute(
        uri: study + "/rendered", method: .get, headers: [.accept: "multipart/related; type=\"image/jpeg\""]
      ) { #expect($0.status == .serviceUnavailable) }
      let clip = try ComingImage.clip()
      let fourth = clip.object.frames[3]
      try fixture.bring(clip, clip.ranges(layers: 0) + [fourth[0]..<fourth[0] + fourth[1]])
      try await client.execute(uri: clip.path + "/frames/4/rendered", method: .get) { response in
        #expect(response.status == .ok)
        #expect(response.headers[.rekkasStage] == "preview; layers=1/\(fourth.count - 1)")
      }
      try await client.execute(uri: clip.path + "/frames/3/rendered", method: .get) {
        #expect($0.status == .serviceUnavailable)
      }
      #expect(fixture.wishes().last?.frame == 2)
      try await client.execute(uri: clip.path + "/frames/9/rendered", method: .get) { #expect($0.status == .notFound) }
    }
  }

  @Test(.enabled(if: WebFixture.executable != nil))
  func `A frame without layers is drawn when all of it is here`() async throws {
    try await WebFixture.run { fixture, client in
      let clip = try ComingImage.clip()
      // As its site received it: native frames.
      let parsed = try ParsedObject.parse(ObjectBytes(clip.received))
      let location = try #require(parsed.pixelData)
      var object = clip.object
      object.digest = clip.object.receivedDigest
      object.size = clip.received.count
      object.transferSyntax = parsed.transferSyntax.uid.rawValue
      object.isLadder = false
      object.frames = (0..<location.frameCount).map {
        [location.fragments(of: $0)[0].lowerBound, location.fragments(of: $0)[0].count]
      }
      object.header = object.frames[0][0]
      let native = ComingImage(clip, object, clip.received)
      let second = object.frames[1]
      try fixture.bring(native, [0..<object.header, second[0]..<second[0] + second[1] - 1])
      let path = native.path + "/frames/2/rendered"
      try await client.execute(uri: path, method: .get) { #expect($0.status == .serviceUnavailable) }
      try fixture.bring(native, [second[0]..<second[0] + second[1]])
      let early = try await client.execute(uri: path, method: .get, headers: [.accept: "image/png"])
      #expect(early.status == .ok && early.headers[.rekkasStage] == "preview; layers=1/1")
      #expect(try fixture.bring(native, [0..<native.bytes.count]).state == .whole)
      let whole = try await client.execute(uri: path, method: .get, headers: [.accept: "image/png"])
      #expect(whole.headers[.rekkasStage] == "original")
      #expect(Array(buffer: whole.body) == Array(buffer: early.body))
    }
  }
}

extension ComingImage {
  /// The same image as another file.
  fileprivate init(_ image: ComingImage, _ object: ArrivingObject, _ bytes: [UInt8]) {
    self.bytes = bytes
    received = image.received
    self.object = object
  }
}
