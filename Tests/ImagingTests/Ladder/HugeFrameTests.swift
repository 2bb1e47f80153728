import DICOM
import Foundation
import Testing

@testable import Imaging

/// One frame as large as a scanner of slides or films makes them: a minute, and three gigabytes of memory.
@Suite(.enabled(if: ProcessInfo.processInfo.environment["REKKAS_TEST_LARGE"] != nil, "only in Scripts/test --long"))
struct HugeFrameTests {
  @Test func `a frame of 16384 x 16384 pixels comes back exactly`() throws {
    let side = 16_384
    let format = LadderFrames.format(side, side, allocated: 8)
    // A slope that shifts from row to row: quick to make, and nothing that compresses to nothing.
    let slope = (0..<2 * side).map { UInt8(truncatingIfNeeded: $0 / 50 + $0 % 3) }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(side * side)
    for row in 0..<side { bytes += slope[row..<row + side] }
    let frame = DecodedFrame(format: format, bytes: bytes)
    let encoded = try Ladder.encode(frame, threads: 2)
    let decoded = try encoded.decode(as: format)
    #expect(decoded.bytes == bytes)
    let small = try encoded.decode(as: format, layers: 1, reduce: 5)
    #expect(small.format.columns == 512)
  }
}
