import DICOM
import Foundation
import Testing

@testable import Imaging

/// The folder of real and malformed objects: `REKKAS_TEST_DATA`, else `../shared/data` beside the package.
enum TestData {
  static let root: URL? = {
    let environment = ProcessInfo.processInfo.environment["REKKAS_TEST_DATA"].map { URL(fileURLWithPath: $0) }
    let beside = URL(fileURLWithPath: #filePath).appendingPathComponent("../../../../shared/data").standardized
    let folder = environment ?? beside
    return FileManager.default.fileExists(atPath: folder.path) ? folder : nil
  }()

  static func files(_ isWanted: (String) -> Bool) -> [String] {
    guard let root, let walk = FileManager.default.enumerator(atPath: root.path) else { return [] }
    return walk.compactMap { $0 as? String }.filter { $0.hasSuffix(".dcm") && isWanted($0) }.sorted()
  }

  static func path(_ name: String) -> String { root?.appendingPathComponent(name).path ?? name }
}

@Suite(.enabled(if: TestData.root != nil, "no test data: set REKKAS_TEST_DATA"))
struct RealDataTests {
  /// Nil for what has no frames to show: documents, reports, video.
  private static func image(_ name: String) throws -> ImageObject? {
    let opened = Result { try ImageObject(path: TestData.path(name)) }
    if case .failure(let error) = opened, let failure = error as? FrameFailure {
      if failure == .noPixelData { return nil }
      if case .unsupportedTransferSyntax(let uid) = failure, TransferSyntax(uid: uid)?.isVideo == true { return nil }
    }
    return try opened.get()
  }

  @Test(arguments: TestData.files { !$0.hasPrefix("malformed/") })
  func `every image in a syntax that can be decoded is rendered`(name: String) throws {
    guard let object = try Self.image(name) else { return }
    let renderer = ObjectRenderer()
    let syntax = object.object.transferSyntax
    for frame in Set([0, object.frameCount / 2, object.frameCount - 1]) {
      let request = RenderRequest(path: TestData.path(name), frame: frame, viewport: Viewport(width: 128, height: 128))
      if !FrameDecoder.canDecodeAnywhere(syntax) {
        #expect(throws: RenderFailure.unsupportedTransferSyntax(syntax.uid)) { try renderer.render(request) }
      } else {
        let image = try renderer.render(request)
        #expect(image.bytes.starts(with: [0xff, 0xd8]))
        #expect(max(image.width, image.height) == 128)
        #expect(try renderer.decodeFrame(path: request.path, frame: frame).count >= object.format.pixelCount / 8)
      }
    }
  }

  @Test(arguments: [
    [
      "ctimage_LittleEndianExplicit", "ctimage_BigEndianExplicit", "ctimage_DeflatedExplicitVRLittleEndian",
      "ctimage_JPEGLSLossless", "ctimage_JPEGProcess14", "ctimage_JPEGProcess14SV1", "ctimage_RLELossless",
    ],
    ["MR_small", "MR_small_RLE", "MR_small_bigendian", "MR_small_implicit", "MR_small_jpeg_ls_lossless"],
    [
      "emri_implicit", "emri_deflated", "emri_jpeg_lossless_sv1", "emri_small_RLE", "emri_small_big_endian",
      "emri_small_jpeg_ls_lossless",
    ],
    ["SC_rgb", "SC_rgb_expb", "SC_rgb_rle"],
    ["SC_rgb_small_odd", "SC_rgb_small_odd_big_endian"],
    ["TestPattern_RGB", "TestPattern_JPEG-LS-Lossless", "TestPattern_JPEG-Lossless_RGB"],
    ["encaps_CT1_UNC.fragmented_bot_jpeg_ls.80", "encaps_CT1_UNC.not_fragmented_bot_jpeg_ls.80"],
    ["liver_rle", "liver_deflate", "../modalities/SEG/liver_3f"],
    ["rtdose_expb", "rtdose_rle"],
  ])
  func `one image in several lossless syntaxes decodes to the same values`(names: [String]) throws {
    let objects = try names.map { try ImageObject(path: TestData.path("syntaxes/\($0).dcm")) }
    let frames = try objects[0].decodedFrame(0).bytes
    for (name, object) in zip(names, objects) {
      #expect(object.frameCount <= objects[0].frameCount || objects[0].frameCount == 1, "\(name)")
      #expect(try object.decodedFrame(0).bytes == frames, "\(name) differs from \(names[0])")
    }
  }

  @Test(arguments: TestData.files { $0.hasPrefix("malformed/") })
  func `a malformed object is rendered or refused with a reason`(name: String) {
    let renderer = ObjectRenderer(memoryLimit: 1 << 30)
    for frame in [0, 1] {
      do {
        let image = try renderer.render(RenderRequest(path: TestData.path(name), frame: frame))
        #expect(!image.bytes.isEmpty)
      } catch {
        #expect(!String(describing: error).isEmpty)
      }
    }
  }

  @Test(
    arguments: TestData.files { !$0.hasPrefix("malformed/") && !$0.hasPrefix("charsets/") && !$0.contains("series_") })
  func `a transcoded file has the same pixels in Explicit VR Little Endian`(name: String) throws {
    let path = TestData.path(name)
    let renderer = ObjectRenderer()
    guard let object = try? ImageObject(path: path), let before = try? object.decodedFrame(object.frameCount - 1) else {
      return
    }
    let output = TestObject.temporaryPath()
    defer { unlink(output) }
    DICOMLibrary.initialize()
    // 32-bit cells in big endian, whose byte order is ambiguous.
    if ["syntaxes/rtdose_expb.dcm", "syntaxes/SC_rgb_expb_32bit_2frame.dcm"].contains(name) {
      #expect(throws: RenderFailure.self) {
        try renderer.transcode(path: path, to: TransferSyntax.explicitVRLittleEndian.uid, output: output)
      }
      #expect(access(output, F_OK) != 0)
      return
    }
    try renderer.transcode(path: path, to: TransferSyntax.explicitVRLittleEndian.uid, output: output)
    let transcoded = try ImageObject(path: output)
    #expect(transcoded.object.transferSyntax == .explicitVRLittleEndian)
    #expect(transcoded.frameCount == object.frameCount)
    let after = try transcoded.decode(transcoded.frameCount - 1)
    #expect(after.format.photometricInterpretation == before.format.photometricInterpretation)
    #expect(after.bytes == before.bytes)
    #expect(transcoded.object.dataSet.uid(.sopInstanceUID) == object.object.dataSet.uid(.sopInstanceUID))
  }
}
