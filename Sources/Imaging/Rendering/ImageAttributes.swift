import DICOM

/// What the data set says about showing its pixels, for one frame.
struct ImageAttributes: Equatable {
  /// Modality LUT as a straight line (PS3.3 C.11.1.1.2).
  var rescaleSlope = 1.0
  var rescaleIntercept = 0.0
  /// Modality LUT as a table; goes before the line.
  var modalityLUT: LookupTable?
  /// The first VOI LUT; goes before the window, which is then the second choice of the device.
  var voiLUT: LookupTable?
  /// The first window.
  var window: Window?
  /// Presentation LUT Shape INVERSE.
  var invertsPresentation = false
  /// Stored values that fill the image outside the scanned region (PS3.3 C.7.5.1.1.2).
  var padding: ClosedRange<Double>?
  var palette: Palette?
  /// Height of a pixel divided by its width.
  var aspect = 1.0
  /// Numbers that count or label, not brightness: every value must be seen, so no percentile is cut off.
  var isSegmentation = false
  /// The stored value that stands for 1 in a fractional segmentation.
  var greatestFraction: Double?
}

extension ImageAttributes {
  /// - Parameter frame: 0-based; chooses the item of the per-frame functional groups.
  init(_ dataSet: DataSet, frame: Int, format: FrameFormat) {
    let shared = dataSet.items(.sharedFunctionalGroupsSequence).first
    let perFrame = dataSet.item(.perFrameFunctionalGroupsSequence, frame)
    /// The functional group's item: the frame's, else the shared one; the data set itself for objects without groups.
    func group(_ sequence: Tag) -> DataSet {
      perFrame?.item(sequence, 0) ?? shared?.item(sequence, 0) ?? dataSet
    }

    let values = group(.pixelValueTransformationSequence)
    if let slope = values.double(.rescaleSlope), slope.isFinite, slope != 0 { rescaleSlope = slope }
    if let intercept = values.double(.rescaleIntercept), intercept.isFinite { rescaleIntercept = intercept }
    modalityLUT = dataSet.item(.modalityLUTSequence, 0)
      .flatMap { LookupTable($0, inputIsSigned: format.isSigned) }
    let outputIsSigned = modalityLUT == nil && (format.isSigned || rescaleIntercept < 0 || rescaleSlope < 0)
    let voi = group(.frameVOILUTSequence)
    voiLUT = voi.item(.voilutSequence, 0).flatMap { LookupTable($0, inputIsSigned: outputIsSigned) }
    if let center = voi.double(.windowCenter), let width = voi.double(.windowWidth) {
      let function = voi.string(.voilutFunction).flatMap(Window.Function.init) ?? .linear
      window = Window(center: center, width: width, function: function)
    }
    invertsPresentation = dataSet.string(.presentationLUTShape) == "INVERSE"
    if let value = dataSet.storedValue(.pixelPaddingValue, format) {
      let limit = dataSet.storedValue(.pixelPaddingRangeLimit, format) ?? value
      padding = Double(min(value, limit))...Double(max(value, limit))
    }
    if format.photometricInterpretation == .paletteColor { palette = Palette(dataSet, format: format) }
    aspect = Self.aspect(dataSet, measures: group(.pixelMeasuresSequence))
    if dataSet.contains(.segmentationType) {
      isSegmentation = true
      if dataSet.string(.segmentationType) == "FRACTIONAL" {
        greatestFraction = dataSet.double(.maximumFractionalValue).flatMap { $0 > 0 ? $0 : nil }
      }
    }
  }

  /// Spacing says it first; scanners of film say it as imager spacing; ultrasound and old captures as a ratio.
  private static func aspect(_ dataSet: DataSet, measures: DataSet) -> Double {
    let candidates = [
      measures.doubles(.pixelSpacing), dataSet.doubles(.imagerPixelSpacing),
      dataSet.doubles(.nominalScannedPixelSpacing),
      dataSet.doubles(.pixelAspectRatio),
    ]
    for pair in candidates where pair.count >= 2 && pair[0] > 0 && pair[1] > 0 {
      let aspect = pair[0] / pair[1]
      // Within a per cent nobody sees it, and resampling would cost sharpness; beyond 20 it is a mistake.
      guard aspect.isFinite, abs(aspect - 1) > 0.01, (0.05...20).contains(aspect) else { return 1 }
      return aspect
    }
    return 1
  }
}

extension LookupTable {
  /// An item of Modality or VOI LUT Sequence.
  init?(_ item: DataSet, inputIsSigned: Bool) {
    self.init(
      descriptor: item.words(.lutDescriptor).map(Int.init), words: item.words(.lutData), inputIsSigned: inputIsSigned)
  }
}

extension Palette {
  init?(_ dataSet: DataSet, format: FrameFormat) {
    func table(_ descriptor: Tag, _ data: Tag, _ segmented: Tag) -> LookupTable? {
      let numbers = dataSet.words(descriptor).map(Int.init)
      guard numbers.count >= 3 else { return nil }
      var words = dataSet.words(data)
      if words.isEmpty {
        let count = numbers[0] == 0 ? 65_536 : numbers[0]
        // Entries of 8 bits have segments of bytes (PS3.3 §C.7.9.2), which OW holds two to a word; some write them as words all the same.
        let segments = dataSet.words(segmented)
        let bytes =
          dataSet.vr(of: segmented) == .ob
          ? dataSet.octets(segmented).map(UInt16.init) : segments.flatMap { [$0 & 0xff, $0 >> 8] }
        let asBytes = numbers[2] <= 8 ? Palette.expand(segments: bytes, count: count, isBytes: true) : nil
        if let asBytes, asBytes.count == count {
          words = asBytes
        } else if let expanded = Palette.expand(segments: segments, count: count) ?? asBytes {
          words = expanded
        } else {
          return nil
        }
      }
      return LookupTable(descriptor: numbers, words: words, inputIsSigned: format.isSigned)
    }
    self.init(
      red: table(
        .redPaletteColorLookupTableDescriptor, .redPaletteColorLookupTableData, .segmentedRedPaletteColorLookupTableData
      ),
      green: table(
        .greenPaletteColorLookupTableDescriptor, .greenPaletteColorLookupTableData,
        .segmentedGreenPaletteColorLookupTableData),
      blue: table(
        .bluePaletteColorLookupTableDescriptor, .bluePaletteColorLookupTableData,
        .segmentedBluePaletteColorLookupTableData))
  }
}
