import CCodecs
import DICOM

/// The window for an image that brings none.
enum AutomaticWindow {
  /// This part of the pixels may be clipped at each end: hot pixels and burned-in text must not darken the rest.
  static let clipped = 0.005
  /// About so many pixels are looked at; more do not move a percentile.
  private static let sample = 1 << 19

  /// In output units of the Modality LUT. `words` are the frame's stored words.
  static func window(_ words: UnsafeRawBufferPointer, _ format: FrameFormat, _ attributes: ImageAttributes) -> Window {
    let bits = format.bitsStored
    let (least, greatest) = storedRange(format)
    func covering(_ low: Double, _ high: Double) -> Window { Self.covering(low, high, attributes) }

    if let fraction = attributes.greatestFraction { return covering(0, fraction) }
    // Eight bits or fewer were made to be looked at as they are.
    if bits <= 8 && !attributes.isSegmentation { return covering(least, greatest) }

    var histogram = [UInt32](repeating: 0, count: 65_536)
    let count = format.pixelCount
    var step = max(1, count / sample)
    // A step that divides the row's length would look at a few columns only.
    if step > 1, format.columns % step == 0 { step += 1 }
    if attributes.isSegmentation { step = 1 }
    cc_histogram(words.baseAddress, count, step, cc_stored.topAligned(format), &histogram)
    let scale = 1 << (16 - bits)
    if let padding = attributes.padding {
      let low = max(padding.lowerBound, least)
      let high = min(padding.upperBound, greatest)
      if low <= high {
        for index in Int(low - least)...Int(high - least) { histogram[index * scale] = 0 }
      }
    }
    let total = histogram.reduce(0) { $0 + Int($1) }
    guard total > 0 else { return covering(least, greatest) }
    let skip = attributes.isSegmentation ? 0 : Int(Double(total) * clipped)
    let low = percentile(histogram, skip: skip, from: stride(from: 0, to: 65_536, by: scale))
    let high = percentile(histogram, skip: skip, from: stride(from: 65_536 - scale, through: 0, by: -scale))
    return covering(least + Double(low / scale), least + Double(high / scale))
  }

  /// The window over all that the stored bits can say: for programs, which want one scale for all images of a series.
  static func full(_ format: FrameFormat, _ attributes: ImageAttributes) -> Window {
    // A table has its own ends, wherever the stored ones lie.
    if let table = attributes.modalityLUT { return .covering(0, table.greatest) }
    let (least, greatest) = storedRange(format)
    return covering(least, attributes.greatestFraction ?? greatest, attributes)
  }

  private static func storedRange(_ format: FrameFormat) -> (least: Double, greatest: Double) {
    let least = format.isSigned ? -Double(1 << (format.bitsStored - 1)) : 0
    return (least, least + Double((1 << format.bitsStored) - 1))
  }

  /// From stored values to the window over their outputs.
  private static func covering(_ low: Double, _ high: Double, _ attributes: ImageAttributes) -> Window {
    func output(_ stored: Double) -> Double {
      attributes.modalityLUT.map { Double($0[Int(stored)]) }
        ?? stored * attributes.rescaleSlope + attributes.rescaleIntercept
    }
    let ends = (output(low), output(high))
    return .covering(min(ends.0, ends.1), max(ends.0, ends.1))
  }

  /// The first index at which more than `skip` counts have been passed.
  private static func percentile(_ histogram: [UInt32], skip: Int, from indices: some Sequence<Int>) -> Int {
    var passed = 0
    for index in indices {
      passed += Int(histogram[index])
      if passed > skip { return index }
    }
    return 0
  }
}
