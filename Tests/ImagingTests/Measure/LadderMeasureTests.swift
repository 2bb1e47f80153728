import DICOM
import Foundation
import Testing

@testable import Imaging

struct LadderMeasureTests {
  /// An image object whose frame has structure and noise.
  private func object(_ format: FrameFormat, frames: Int = 1) -> TestObject {
    var object = TestObject()
    object.describe(
      rows: format.rows, columns: format.columns, samples: format.samplesPerPixel, allocated: format.bitsAllocated,
      stored: format.bitsStored, high: format.highBit, signed: format.isSigned,
      photometric: format.photometricInterpretation.rawValue)
    if format.samplesPerPixel == 3 { object.writer.uint16(.planarConfiguration, [0]) }
    if frames > 1 { object.writer.string(.numberOfFrames, .is, String(frames)) }
    let bytes = (0..<frames).flatMap { LadderFrames.frame(format, .picture, seed: UInt64($0) + 3).bytes }
    object.writer.bytes(.pixelData, format.bitsAllocated == 16 ? .ow : .ob, bytes)
    return object
  }

  private static let formats = [
    LadderFrames.format(160, 120, stored: 12), LadderFrames.format(160, 120, stored: 16, signed: true),
    LadderFrames.format(120, 160, allocated: 8), LadderFrames.format(120, 90, components: 3, allocated: 8),
  ]

  @Test(arguments: formats)
  func `every layer is nearer to the original, and the last one is it`(format: FrameFormat) throws {
    let (measure, _) = try object(format).withFile { try LadderMeasure.run(path: $0, layers: [500, 1500, 4000]) }
    let layers = measure.steps.prefix { $0.kind != .jpegLS }.compactMap(\.comparison)
    #expect(layers.count == 4)
    for (earlier, later) in zip(layers, layers.dropFirst()) {
      #expect(later.psnr > earlier.psnr)
      #expect(later.ssim >= earlier.ssim)
    }
    #expect(layers.last == FrameComparison(psnr: .infinity, ssim: 1, greatestError: 0, differing: 0))
    #expect(measure.steps.map(\.kind) == [.layers(1), .layers(2), .layers(3), .lossless, .jpegLS, .deflate, .raw])
    #expect(measure.steps.last?.bytes == format.frameLength)
    #expect(!measure.needsAllBits)
  }

  @Test func `the middle frame is measured, unless another is named`() throws {
    let (middle, second, beyond) = try object(LadderFrames.format(32, 32, allocated: 8), frames: 5).withFile { path in
      (
        try LadderMeasure.run(path: path, layers: [300]).measure.frame,
        try LadderMeasure.run(path: path, frame: 1, layers: [300]).measure.frame,
        #expect(throws: MeasureFailure.self) { try LadderMeasure.run(path: path, frame: 5, layers: [300]) }
      )
    }
    #expect(middle == 2)
    #expect(second == 1)
    #expect("\(try #require(beyond))".contains("5"))
  }

  @Test func `bits above the stored ones are coded and said`() throws {
    let object = TestObject.grey((0..<64).map { $0 | 0x8000 }, columns: 8, stored: 12)
    let (measure, _) = try object.withFile { try LadderMeasure.run(path: $0, layers: [60]) }
    #expect(measure.needsAllBits)
  }

  @Test func `images without a ladder are refused with the reason`() throws {
    let failure = try TestObject.grey([1, 2, 3, 4], allocated: 32).withFile { path in
      #expect(throws: MeasureFailure.self) { try LadderMeasure.run(path: path, layers: [100]) }
    }
    #expect("\(try #require(failure))".contains("more than 16 bits"))
  }

  @Test func `seconds count the bytes alone`() {
    #expect(LadderMeasure.seconds(bytes: 64_000, kilobitsPerSecond: 512) == 1)
  }
}
