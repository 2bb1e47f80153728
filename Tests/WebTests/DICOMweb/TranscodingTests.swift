import Archive
import DICOM
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Imaging
import Testing

@testable import Web

/// Plans need no archive: what is kept, and what is asked for.
@Suite struct TranscodingPlanTests {
  private static let grey = FrameFormat(
    rows: 4, columns: 4, samplesPerPixel: 1, bitsAllocated: 16, bitsStored: 12, highBit: 11, isSigned: true,
    photometricInterpretation: .monochrome2)
  private static var bytes: FrameFormat {
    var format = grey
    (format.bitsAllocated, format.bitsStored, format.highBit, format.isSigned) = (8, 8, 7, false)
    return format
  }

  private static func frames(_ accept: String, _ syntax: TransferSyntax, _ format: FrameFormat = grey) -> String? {
    let stored = StoredForm(syntax: syntax, format: format)
    guard let plan = try? FramePlan(MediaRange.list(accept), stored: stored, count: 1) else { return nil }
    return "\(plan.form) \(plan.mediaType) \(plan.syntax.uid.rawValue.split(separator: ".").last!)"
  }

  @Test func framesAreEncodedForWhoAsks() {
    let native = TransferSyntax.explicitVRLittleEndian
    func related(_ type: String, _ syntax: String? = nil) -> String {
      "multipart/related; type=\"\(type)\"" + (syntax.map { "; transfer-syntax=1.2.840.10008.1.2.\($0)" } ?? "")
    }
    #expect(Self.frames(related("image/jls", "4.80"), native) == "encoded image/jls 80")
    #expect(Self.frames(related("image/jp2", "4.90"), native) == "encoded image/jp2 90")
    #expect(Self.frames(related("image/jpeg", "4.70"), native) == "encoded image/jpeg 70")
    #expect(Self.frames(related("image/dicom-rle", "5"), native) == "encoded image/dicom-rle 5")
    #expect(Self.frames(related("application/octet-stream", "4.80"), native) == "encoded application/octet-stream 80")
    // A media type alone means its exact syntax, never a lossy one.
    #expect(Self.frames(related("image/jpeg"), native) == "encoded image/jpeg 70")
    #expect(Self.frames(related("image/jls") + "; transfer-syntax=*", native) == "encoded image/jls 80")
    #expect(Self.frames("image/jp2", native) == "encoded image/jp2 90")
    #expect(Self.frames("*/*", native) == "stored application/octet-stream 1")
    #expect(Self.frames("image/*", native) == nil)
    // What is kept so goes out as it is.
    #expect(Self.frames(related("image/jp2", "4.90"), .jpeg2000Lossless) == "stored image/jp2 90")
    #expect(Self.frames(related("image/jls", "4.80"), .jpeg2000Lossless) == "encoded image/jls 80")
    #expect(Self.frames(related("application/octet-stream"), .jpeg2000Lossless) == "decoded application/octet-stream 1")
    // JPEG Baseline holds 8 bits and must be named.
    #expect(Self.frames(related("image/jpeg", "4.50"), native) == nil)
    #expect(Self.frames(related("image/jpeg", "4.50"), native, Self.bytes) == "encoded image/jpeg 50")
    #expect(Self.frames(related("image/jpeg", "4.51"), native, Self.bytes) == nil)
  }

  @Test func theFirstAndBestLikedCounts() {
    let several = "multipart/related; type=\"*/*\"; transfer-syntax=1.2.840.10008.1.2.4.81; "
    #expect(
      Self.frames(
        several + "transfer-syntax=1.2.840.10008.1.2.4.80; transfer-syntax=1.2.840.10008.1.2.4.90",
        .explicitVRLittleEndian) == "encoded image/jls 80")
    let weighed =
      "multipart/related; type=\"image/jls\"; q=0.2, multipart/related; type=\"application/octet-stream\"; q=0.9"
    #expect(Self.frames(weighed, .jpeg2000Lossless) == "decoded application/octet-stream 1")
    let refused = "multipart/related; type=\"image/jls\"; q=0"
    #expect(
      Self.frames(refused, .jpeg2000Lossless) == "decoded application/octet-stream 1"
        || MediaRange.list(refused).isEmpty)
  }

  @Test func instancesKeepTheirUIDSoNoneBecomesLossy() throws {
    func forms(_ accept: String, _ stored: [StoredForm]) -> [InstancePlan.Form]? {
      try? InstancePlan(MediaRange.list(accept), stored: stored).forms
    }
    let native = StoredForm(syntax: .explicitVRLittleEndian, format: Self.bytes)
    let kept = StoredForm(syntax: .jpegBaseline, format: Self.bytes)
    func dicom(_ syntax: String) -> String {
      "multipart/related; type=\"application/dicom\"; transfer-syntax=1.2.840.10008.1.2.\(syntax)"
    }
    #expect(forms(dicom("4.50"), [native]) == nil)
    #expect(forms(dicom("4.50"), [kept]) == [.stored])
    #expect(forms(dicom("4.80"), [native, kept]) == [.made(.jpegLSLossless), .made(.jpegLSLossless)])
    #expect(forms(dicom("4.90"), [native, StoredForm(syntax: .explicitVRLittleEndian)]) == nil)
    do {
      _ = try InstancePlan(MediaRange.list(dicom("4.50")), stored: [native])
      Issue.record("no plan should be made")
    } catch {
      #expect(error.status == .notAcceptable)
      for syntax in ["1", "4.90", "4.80", "4.70", "5"] {
        #expect(error.message.contains("transfer-syntax=1.2.840.10008.1.2.\(syntax)"))
      }
      #expect(!error.message.contains("4.50"))
    }
  }
}

@Suite(.enabled(if: WebFixture.executable != nil, "the rekkas executable is not beside the tests"))
struct TranscodingTests {
  private static let study = "/dicom-web/studies/2.25.1"
  private static let one = study + "/series/2.25.1.1/instances/2.25.1.1.1"
  private static let syntaxes: [TransferSyntax] = FrameCoder.losslessSyntaxes

  /// The frames of a file, decoded here.
  private static func frames(_ file: [UInt8]) throws -> [[UInt8]] {
    let object = try ImageObject(ObjectBytes(file))
    return try (0..<object.frameCount).map { try object.decodedFrame($0).bytes }
  }

  @Test func instancesComeInTheSyntaxAskedFor() async throws {
    try await WebFixture.run { fixture, client in
      let object = TestObject.make { ($0.size, $0.frames) = (16, 3) }
      try await fixture.store(object, .make { ($0.size, $0.instance, $0.number) = (16, "2.25.1.1.2", 2) })
      var tags: Set<String> = []
      for syntax in Self.syntaxes {
        let accept = "application/dicom; transfer-syntax=\(syntax.uid)"
        try await client.execute(uri: Self.one, method: .get, headers: [.accept: accept]) { response in
          #expect(response.status == .ok)
          #expect(response.headers[.contentType] == accept)
          #expect(response.headers[.contentLength] == String(response.bytes.count))
          tags.insert(try #require(response.headers[.eTag]))
          let made = try ParsedObject.parse(ObjectBytes(response.bytes))
          #expect(made.transferSyntax == syntax)
          #expect(made.fileMeta?.transferSyntaxUID == syntax.uid)
          #expect(made.dataSet.string(.patientName) == "Ben^Ali")
          let frames = try Self.frames(response.bytes)
          #expect(frames == (1...3).map { object.frame($0) })
        }
        try await client.execute(
          uri: Self.study, method: .get,
          headers: [.accept: "multipart/related; type=\"application/dicom\"; transfer-syntax=\(syntax.uid)"]
        ) { response in
          let parts = try response.parts()
          #expect(parts.map { $0.headers["content-type"] } == [accept, accept])
          tags.insert(try #require(response.headers[.eTag]))
          let frames = try Self.frames(parts[1].content)
          #expect(frames == [object.frame(1)])
        }
      }
      #expect(tags.count == 2 * Self.syntaxes.count)
      #expect(try FileManager.default.contentsOfDirectory(atPath: fixture.configuration.temporaryDirectory).isEmpty)
    }
  }

  @Test func framesComeInTheSyntaxAskedFor() async throws {
    try await WebFixture.run { fixture, client in
      let object = TestObject.make { ($0.size, $0.frames) = (16, 3) }
      try await fixture.store(object)
      for syntax in Self.syntaxes {
        let accept = "multipart/related; type=\"\(syntax.frameMediaType)\"; transfer-syntax=\(syntax.uid)"
        for (list, numbers) in [("2", [2]), ("3,1", [3, 1])] {
          try await client.execute(uri: Self.one + "/frames/" + list, method: .get, headers: [.accept: accept]) {
            response in
            #expect(response.status == .ok)
            let parts = try response.parts()
            #expect(
              parts.map { $0.headers["content-type"] }
                == numbers.map { _ in "\(syntax.frameMediaType); transfer-syntax=\(syntax.uid)" })
            // As a reader would: the codestreams put into an object of that syntax.
            let file = TestObject.make {
              ($0.size, $0.frames, $0.syntax) = (16, numbers.count, syntax)
              $0.compressedFrames = parts.map(\.content)
            }.file()
            let frames = try Self.frames(file)
            #expect(frames == numbers.map { object.frame($0) })
          }
        }
      }
      for (accept, status) in [
        (
          "multipart/related; type=\"image/jpeg\"; transfer-syntax=1.2.840.10008.1.2.4.50",
          HTTPResponse.Status.notAcceptable
        ),
        ("image/jls", .ok), ("multipart/related; type=\"image/jphc\"", .notAcceptable),
      ] {
        try await client.execute(uri: Self.one + "/frames/1", method: .get, headers: [.accept: accept]) { response in
          #expect(response.status == status)
          if status == .notAcceptable { #expect(response.text.contains("image/jls")) }
        }
      }
    }
  }

  @Test func whatIsKeptCompressedIsMadeAnythingElse() async throws {
    try await WebFixture.run { fixture, client in
      let object = TestObject.make { ($0.size, $0.frames) = (16, 2) }
      var format = FrameFormat(
        rows: 16, columns: 16, samplesPerPixel: 1, bitsAllocated: 16, bitsStored: 16, highBit: 15, isSigned: false,
        photometricInterpretation: .monochrome2)
      format.isSigned = false
      let layered = try (1...2).map { number in
        try FrameCoder.encode(DecodedFrame(format: format, bytes: object.frame(number)), as: .jpeg2000Lossless)
      }
      try await fixture.store(
        .make {
          ($0.size, $0.frames, $0.syntax) = (16, 2, .jpeg2000Lossless)
          $0.compressedFrames = layered
        })
      let jp2 = "multipart/related; type=\"image/jp2\"; transfer-syntax=1.2.840.10008.1.2.4.90"
      try await client.execute(uri: Self.one + "/frames/1,2", method: .get, headers: [.accept: jp2]) { response in
        let parts = try response.parts()
        for (part, codestream) in zip(parts, layered) { #expect(part.content.starts(with: codestream)) }
      }
      // The default of PS3.18 is Explicit VR Little Endian.
      try await client.execute(uri: Self.one + "/frames/1,2", method: .get) { response in
        let parts = try response.parts()
        #expect(parts.map(\.content) == [object.frame(1), object.frame(2)])
      }
      for syntax in [TransferSyntax.explicitVRLittleEndian, .jpegLSLossless] {
        try await client.execute(
          uri: Self.one, method: .get, headers: [.accept: "application/dicom; transfer-syntax=\(syntax.uid)"]
        ) { response in
          #expect(response.status == .ok)
          let frames = try Self.frames(response.bytes)
          #expect(frames == [object.frame(1), object.frame(2)])
        }
      }
    }
  }

  /// What a decoder gives by pixel goes out as the metadata describes it.
  @Test func decodedColourKeepsThePlanesThatTheMetadataNames() async throws {
    try await WebFixture.run { fixture, client in
      var writer = DataSetWriter()
      writer.uid(.sopClassUID, "1.2.840.10008.5.1.4.1.1.7")
      writer.uid(.sopInstanceUID, "2.25.1.1.1")
      writer.uid(.studyInstanceUID, "2.25.1")
      writer.uid(.seriesInstanceUID, "2.25.1.1")
      writer.uint16(.samplesPerPixel, [3])
      writer.string(.photometricInterpretation, .cs, "RGB")
      writer.uint16(.planarConfiguration, [1])
      for (tag, value) in [
        (Tag.rows, UInt16(1)), (.columns, 4), (.bitsAllocated, 8), (.bitsStored, 8), (.highBit, 7),
        (.pixelRepresentation, 0),
      ] { writer.uint16(tag, [value]) }
      let byPixel: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]
      let format = FrameFormat(
        rows: 1, columns: 4, samplesPerPixel: 3, bitsAllocated: 8, bitsStored: 8, highBit: 7, isSigned: false,
        photometricInterpretation: .rgb)
      writer.encapsulatedPixelData(frames: [
        try FrameCoder.encode(DecodedFrame(format: format, bytes: byPixel), as: .rleLossless)
      ])
      let file = writer.file(transferSyntax: .rleLossless)
      let spool = try fixture.archive.makeSpool()
      var receiver = Part10Receiver(spool: spool)
      try file.withUnsafeBytes { try receiver.receive($0) }
      _ = try receiver.finish()
      _ = try await fixture.archive.store(spool, receipt: Receipt(channel: .import))
      try await client.execute(uri: Self.one + "/frames/1", method: .get) { response in
        let parts = try response.parts()
        #expect(parts.map(\.content) == [[1, 4, 7, 10, 2, 5, 8, 11, 3, 6, 9, 12]])
      }
    }
  }
}
