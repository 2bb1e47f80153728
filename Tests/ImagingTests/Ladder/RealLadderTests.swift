import DICOM
import Foundation
import Testing

@testable import Imaging

@Suite(.enabled(if: TestData.root != nil, "no test data: set REKKAS_TEST_DATA")) struct RealLadderTests {
  private static let names = TestData.files { !$0.hasPrefix("malformed/") }

  @Test func `every native image of the test data is proven equal, and nothing is refused`() throws {
    var proven = 0
    for name in Self.names {
      let output = TestObject.temporaryPath()
      defer { unlink(output) }
      switch try LadderFile.prepare(path: TestData.path(name), output: output) {
      case .proven(let prepared):
        proven += 1
        #expect(LayerTable(encoded: prepared.layers.encoded()) == prepared.layers, "\(name)")
        let first = try Ladder.decodePrefix(
          path: output, table: prepared.layers, frame: 0, layers: 1, targetSize: (128, 128))
        let (rows, columns) = (prepared.layers.format.rows, prepared.layers.format.columns)
        #expect(max(first.format.rows, first.format.columns) >= min(128, max(rows, columns)), "\(name)")
      case .untouched(let reason):
        // Nothing that is well formed may be found irregular; `modalities` has one file of each other kind.
        #expect(reason.code != "irregular", "\(name): \(reason)")
      case .refused(let reason):
        Issue.record("\(name): \(reason)")
      }
    }
    #expect(proven > 100)
  }

  @Test(arguments: [
    ("ctimage_JPEG2000LosslessOnly", "ctimage_LittleEndianExplicit"), ("MR_small_jp2klossless", "MR_small"),
    ("emri_small_jpeg_2k_lossless", "emri_implicit"), ("ct_small_htj2k_lossless", "../modalities/CT/CT_small"),
    ("ct_small_jxl_lossless", "../modalities/CT/CT_small"), ("liver_j2k", "../modalities/SEG/liver_3f"),
    ("smear_htj2k_lossless", "smear_jls_lossless"), ("smear_jxl_lossless", "smear_jls_lossless"),
  ])
  func `a lossless codestream decodes to the samples of its native twin`(compressed: String, native: String) throws {
    let one = try ImageObject(path: TestData.path("syntaxes/\(compressed).dcm"))
    let other = try ImageObject(path: TestData.path("syntaxes/\(native).dcm"))
    #expect(one.frameCount == other.frameCount)
    for frame in 0..<one.frameCount {
      let decoded = try one.decodedFrame(frame)
      #expect(decoded.bytes == (try other.decodedFrame(frame).bytes))
      #expect(![.ybrRCT, .ybrICT].contains(decoded.format.photometricInterpretation))
    }
  }

  @Test func `every codestream of the test data decodes, reduced as well`() throws {
    var decoded = 0
    for name in Self.names {
      guard let object = try? ImageObject(path: TestData.path(name)),
        CodestreamFamily(object.object.transferSyntax) != nil
      else { continue }
      let frame = try object.decodedFrame(0)
      #expect(frame.format.columns == object.format.columns && frame.format.rows == object.format.rows, "\(name)")
      let reduced = try object.decodedFrame(0, reduce: 2)
      if CodestreamFamily(object.object.transferSyntax) == .jpeg2000 {
        #expect(reduced.format.columns == (object.format.columns + 3) / 4, "\(name)")
      }
      decoded += 1
    }
    #expect(decoded >= 20)
  }
}
