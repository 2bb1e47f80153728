import DICOM
import Foundation
import Testing

@testable import Imaging

/// Against numbers worked out by hand.
struct FrameComparisonTests {
  private func frame(_ values: [UInt8], columns: Int? = nil) -> DecodedFrame {
    let columns = columns ?? values.count
    return DecodedFrame(
      format: LadderFrames.format(columns, values.count / columns, allocated: 8), bytes: values)
  }

  @Test func `a frame equals itself`() throws {
    let reference = try #require(FrameReference(frame([0, 50, 100, 200])))
    let comparison = try #require(reference.compare(reference.frame))
    #expect(reference.range == 200)
    #expect(comparison == FrameComparison(psnr: .infinity, ssim: 1, greatestError: 0, differing: 0))
  }

  @Test func `PSNR is that of the mean square error and the range of the original`() throws {
    let reference = try #require(FrameReference(frame([0, 0, 0, 100])))
    // Errors 10, 0, 0, -20: the mean square is 125, and 10 lg (100² / 125) = 19.0309.
    let comparison = try #require(reference.compare(frame([10, 0, 0, 80])))
    #expect(abs(comparison.psnr - 19.0309) < 0.0001)
    #expect(comparison.greatestError == 20)
    #expect(comparison.differing == 2)
  }

  @Test func `signed values above unused bits are compared as values`() throws {
    var format = LadderFrames.format(4, 1, stored: 12, signed: true)
    format.photometricInterpretation = .monochrome2
    func words(_ values: [Int16]) -> [UInt8] {
      values.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)] }
    }
    let reference = try #require(FrameReference(DecodedFrame(format: format, bytes: words([-1000, -1, 0, 1000]))))
    let comparison = try #require(
      reference.compare(DecodedFrame(format: format, bytes: words([-1000, 1, 0, 1000]))))
    #expect(reference.range == 2000)
    #expect(comparison.greatestError == 2)
    // Mean square 1: 10 lg 2000².
    #expect(abs(comparison.psnr - 66.0206) < 0.0001)
  }

  @Test func `SSIM of two flat frames is their luminance term alone`() throws {
    // A flat frame has no variance, so the index is (2·100·120 + C1) / (100² + 120² + C1) with C1 = (0.01·range)².
    let a = [UInt8](repeating: 100, count: 16 * 16)
    let b = [UInt8](repeating: 120, count: 16 * 16)
    let reference = try #require(FrameReference(frame(a, columns: 16)))
    let comparison = try #require(reference.compare(frame(b, columns: 16)))
    #expect(reference.range == 1)
    let c1 = 0.0001
    #expect(abs(comparison.ssim - (24_000 + c1) / (24_400 + c1)) < 1e-9)
  }

  @Test func `SSIM of a frame of one window is the formula with Gaussian weights`() throws {
    var dice = Dice(7)
    let a = (0..<121).map { _ in UInt8(truncatingIfNeeded: dice.next() >> 40) }
    let b = a.map { UInt8(clamping: Int($0) + Int(dice.next() >> 59) - 16) }
    // The definition, word for word, without the separation that makes the real one fast.
    let axis = (0..<11).map { exp(-pow(Double($0) - 5, 2) / 4.5) }
    let sum = axis.reduce(0, +)
    var (ma, mb, aa, bb, ab) = (0.0, 0.0, 0.0, 0.0, 0.0)
    for i in 0..<121 {
      let w = axis[i % 11] * axis[i / 11] / (sum * sum)
      let (x, y) = (Double(a[i]), Double(b[i]))
      ma += w * x
      mb += w * y
      aa += w * x * x
      bb += w * y * y
      ab += w * x * y
    }
    let range = Double(a.max()! - a.min()!)
    let (c1, c2) = (pow(0.01 * range, 2), pow(0.03 * range, 2))
    let expected =
      (2 * ma * mb + c1) * (2 * (ab - ma * mb) + c2)
      / ((ma * ma + mb * mb + c1) * (aa - ma * ma + bb - mb * mb + c2))
    let comparison = try #require(FrameReference(frame(a, columns: 11))?.compare(frame(b, columns: 11)))
    #expect(abs(comparison.ssim - expected) < 1e-9)
    #expect(expected < 1 && expected > 0.5)
  }

  @Test(arguments: [(1, 1), (3, 2), (11, 1), (1, 40), (10, 12)])
  func `frames smaller than a window are compared all the same`(width: Int, height: Int) throws {
    let a = (0..<width * height).map { UInt8(truncatingIfNeeded: $0 * 3) }
    let reference = try #require(FrameReference(frame(a, columns: width)))
    let comparison = try #require(reference.compare(frame(a.map { $0 ^ 1 }, columns: width)))
    #expect(comparison.ssim.isFinite && comparison.ssim < 1)
    #expect(comparison.differing == a.count)
  }
}
