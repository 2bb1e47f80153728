import DICOM
import Foundation

/// Numbers that look random and are the same in every run.
struct Dice: RandomNumberGenerator {
  private var state: UInt64
  init(_ seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

  mutating func next() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state &* 0x2545_F491_4F6C_DD1D
  }
}

/// Frames for the encoder.
enum LadderFrames {
  static func format(
    _ width: Int, _ height: Int, components: Int = 1, allocated: Int = 16, stored: Int? = nil, highBit: Int? = nil,
    signed: Bool = false, photometric: PhotometricInterpretation? = nil
  ) -> FrameFormat {
    FrameFormat(
      rows: height, columns: width, samplesPerPixel: components, bitsAllocated: allocated,
      bitsStored: stored ?? allocated, highBit: highBit ?? (stored ?? allocated) - 1, isSigned: signed,
      photometricInterpretation: photometric ?? (components == 3 ? .rgb : .monochrome2))
  }

  enum Content: CaseIterable { case noise, ramp, picture, flat }

  /// Words whose stored bits follow the content; with the format's sign, nothing above them.
  static func frame(_ format: FrameFormat, _ content: Content, seed: UInt64) -> DecodedFrame {
    var dice = Dice(seed)
    let count = format.pixelCount * format.samplesPerPixel
    let mask = (1 << format.bitsStored) - 1
    var bytes: [UInt8] = []
    bytes.reserveCapacity(format.frameLength)
    for index in 0..<count {
      let pixel = index / format.samplesPerPixel
      let (x, y) = (pixel % format.columns, pixel / format.columns)
      let value =
        switch content {
        case .noise: Int(truncatingIfNeeded: dice.next() >> 16)
        case .ramp: index * 37
        case .flat: mask / 3
        case .picture:
          // Soft structure, an edge and a little noise: what pictures are like.
          Int(Double(mask) * (0.5 + 0.3 * sin(Double(x) / 9) * cos(Double(y) / 13))) + (x > y ? mask / 8 : 0)
            + Int(dice.next() >> 60)
        }
      append(value & mask, format, to: &bytes)
    }
    return DecodedFrame(format: format, bytes: bytes)
  }

  private static func append(_ value: Int, _ format: FrameFormat, to bytes: inout [UInt8]) {
    var word = value
    if format.isSigned, value >> (format.bitsStored - 1) & 1 == 1 { word |= -1 << format.bitsStored }
    bytes.append(UInt8(truncatingIfNeeded: word))
    if format.bitsAllocated == 16 { bytes.append(UInt8(truncatingIfNeeded: word >> 8)) }
  }
}
