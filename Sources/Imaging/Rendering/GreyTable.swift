import CCodecs
import DICOM

/// From stored words of 8 or 16 bits to grey in one look: Modality LUT, VOI and inversion folded into a table.
struct GreyTable<Level: GreyLevel> {
  /// How stored words become indices of the table.
  let stored: cc_stored
  let table: [Level]

  /// - Parameters:
  ///   - aligned: indices are top-aligned 16-bit values (what scaling gives, with fractions in the low bits); otherwise the
  ///     stored values themselves, which makes a smaller table.
  ///   - automatic: gives the window when neither request nor image has one.
  init(
    _ format: FrameFormat, _ attributes: ImageAttributes, window requested: Window?, aligned: Bool,
    automatic: () -> Window
  ) {
    let bits = format.bitsStored
    let least = format.isSigned ? -Double(1 << (bits - 1)) : 0
    var axis = ValueAxis(count: 1 << bits, first: least, step: 1)
    if format.bitsAllocated == 8 && !aligned {
      // Indexed by the byte itself; see `byteTable` below.
      stored = cc_stored(bits_allocated: 8, shift: 0, mask: 0xff, flip: 0)
    } else if aligned || format.highBit != bits - 1 {
      stored = .topAligned(format)
      axis = ValueAxis(count: 65_536, first: least, step: 1 / Double(1 << (16 - bits)))
    } else {
      stored = cc_stored(
        bits_allocated: UInt8(format.bitsAllocated), shift: 0, mask: UInt16(truncatingIfNeeded: (1 << bits) - 1),
        flip: format.isSigned ? 1 << UInt16(bits - 1) : 0)
    }
    let inverts = (format.photometricInterpretation == .monochrome1) || attributes.invertsPresentation
    var table = Self.values(axis, attributes, window: requested, inverts: inverts, automatic: automatic)
    if format.bitsAllocated == 8 && !aligned { table = Self.byteTable(table, format) }
    self.table = table
  }

  private static func values(
    _ axis: ValueAxis, _ attributes: ImageAttributes, window requested: Window?, inverts: Bool, automatic: () -> Window
  ) -> [Level] {
    let voiLUT = requested == nil ? attributes.voiLUT : nil
    if attributes.modalityLUT == nil && voiLUT == nil {
      let window = requested ?? attributes.window ?? automatic()
      return [Level](unsafeUninitializedCapacity: axis.count) { buffer, count in
        Level.fill(
          buffer.baseAddress, axis.count, first: axis.first * attributes.rescaleSlope + attributes.rescaleIntercept,
          step: axis.step * attributes.rescaleSlope, window, inverts: inverts)
        count = axis.count
      }
    }
    // With a table in the way each entry is looked up; the window's part is still the C loop's, over the table's outputs.
    let window = voiLUT == nil ? requested ?? attributes.window ?? automatic() : nil
    var windowed: [Level] = []
    if let window, let modality = attributes.modalityLUT {
      windowed = [Level](unsafeUninitializedCapacity: 65_536) { buffer, count in
        Level.fill(buffer.baseAddress, 65_536, first: 0, step: 1, window, inverts: inverts)
        count = min(65_536, 1 << modality.bits)
      }
    }
    let turn: Level = inverts ? .max : 0
    let greatest = Double(Level.max)
    return (0..<axis.count).map { i in
      let value = (axis.first + Double(i) * axis.step).rounded(.down)
      let output =
        attributes.modalityLUT.map { Int($0[Int(value)]) }
        ?? Int((value * attributes.rescaleSlope + attributes.rescaleIntercept).rounded().clamped(to: -1e9...1e9))
      guard let voiLUT else { return windowed[min(output, windowed.count - 1)] }
      return Level((Double(voiLUT[output]) * greatest / voiLUT.greatest).rounded().clamped(to: 0...greatest)) ^ turn
    }
  }

  /// From a table over values to one over all 256 bytes, whatever lies beside the stored bits.
  private static func byteTable(_ table: [Level], _ format: FrameFormat) -> [Level] {
    let mask = (1 << format.bitsStored) - 1
    let flip = format.isSigned ? 1 << (format.bitsStored - 1) : 0
    return (0..<256).map { table[(($0 >> (format.highBit + 1 - format.bitsStored)) & mask) ^ flip] }
  }
}

/// How index and value belong together: entry i stands for the stored value `first + i * step`.
private struct ValueAxis {
  var count: Int
  var first: Double
  var step: Double
}

extension cc_stored {
  /// Values at the top of 16 bits in offset binary, so that they can be averaged whatever sign and depth they have.
  static func topAligned(_ format: FrameFormat) -> cc_stored {
    let bits = format.bitsStored
    return cc_stored(
      bits_allocated: UInt8(format.bitsAllocated), shift: UInt8(15 - format.highBit),
      mask: UInt16(truncatingIfNeeded: 0xffff << (16 - bits)), flip: format.isSigned ? 0x8000 : 0)
  }
}

extension Double {
  func clamped(to range: ClosedRange<Double>) -> Double {
    isNaN ? range.lowerBound : Swift.min(Swift.max(self, range.lowerBound), range.upperBound)
  }
}
