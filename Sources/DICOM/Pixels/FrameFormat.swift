/// What the bytes of one decoded frame are (PS3.3 C.7.6.3).
public struct FrameFormat: Hashable, Sendable {
  /// What a sample is.
  public enum SampleKind: Hashable, Sendable { case integer, float, double }

  public var rows: Int
  public var columns: Int
  /// 1 or 3 (4 of retired colour spaces is refused).
  public var samplesPerPixel: Int
  /// 1, 8, 16, 32 or 64.
  public var bitsAllocated: Int
  public var bitsStored: Int
  /// The place of the most significant stored bit; higher bits may hold an overlay.
  public var highBit: Int
  /// Stored values are two's complement.
  public var isSigned: Bool
  public var sampleKind: SampleKind
  public var photometricInterpretation: PhotometricInterpretation

  public init(
    rows: Int, columns: Int, samplesPerPixel: Int, bitsAllocated: Int, bitsStored: Int, highBit: Int, isSigned: Bool,
    sampleKind: SampleKind = .integer, photometricInterpretation: PhotometricInterpretation
  ) {
    self.rows = rows
    self.columns = columns
    self.samplesPerPixel = samplesPerPixel
    self.bitsAllocated = bitsAllocated
    self.bitsStored = bitsStored
    self.highBit = highBit
    self.isSigned = isSigned
    self.sampleKind = sampleKind
    self.photometricInterpretation = photometricInterpretation
  }

  /// Pixels of a frame.
  public var pixelCount: Int { rows * columns }

  /// Bytes of all samples of a frame, nothing subsampled.
  var sampleLength: Int {
    bitsAllocated == 1 ? (pixelCount * samplesPerPixel + 7) / 8 : pixelCount * samplesPerPixel * (bitsAllocated / 8)
  }

  /// Bytes of one frame: one-bit pixels are packed, and a frame begins on a byte.
  public var frameLength: Int {
    if samplesPerPixel == 3, photometricInterpretation.isSubsampledAcross {
      return pixelCount * 2 * (bitsAllocated / 8)
    }
    return sampleLength
  }
}

extension FrameFormat {
  /// Reads and checks the Image Pixel attributes; nothing is believed that would make later arithmetic wrong.
  ///
  /// - Parameter kind: which of the three pixel data elements there is.
  init(_ dataSet: DataSet, kind: SampleKind) throws(FrameFailure) {
    guard let rows = dataSet.int(.rows), let columns = dataSet.int(.columns),
      (1...0xffff).contains(rows), (1...0xffff).contains(columns)
    else { throw .damaged("Rows or Columns missing or zero") }
    self.rows = rows
    self.columns = columns
    samplesPerPixel = dataSet.int(.samplesPerPixel) ?? 1
    let photometric = dataSet.string(.photometricInterpretation)?.uppercased()
    photometricInterpretation =
      photometric.map(PhotometricInterpretation.init) ?? (samplesPerPixel == 3 ? .rgb : .monochrome2)
    sampleKind = kind
    switch kind {
    case .integer:
      guard let allocated = dataSet.int(.bitsAllocated), [1, 8, 16, 32].contains(allocated) else {
        throw .damaged("Bits Allocated is not 1, 8, 16 or 32")
      }
      bitsAllocated = allocated
      bitsStored = dataSet.int(.bitsStored) ?? allocated
      highBit = dataSet.int(.highBit) ?? bitsStored - 1
      guard (1...allocated).contains(bitsStored) else { throw .damaged("Bits Stored does not fit Bits Allocated") }
      // A wrong High Bit is common enough to be mended: the value then lies at the bottom of the word.
      if highBit >= allocated || highBit < bitsStored - 1 { highBit = bitsStored - 1 }
    case .float: (bitsAllocated, bitsStored, highBit) = (32, 32, 31)
    case .double: (bitsAllocated, bitsStored, highBit) = (64, 64, 63)
    }
    isSigned = kind == .integer && dataSet.int(.pixelRepresentation) == 1
    guard samplesPerPixel == 1 || (samplesPerPixel == 3 && kind == .integer && bitsAllocated >= 8) else {
      throw .damaged("Samples per Pixel is not 1 or 3")
    }
    if samplesPerPixel == 3, photometricInterpretation.isSubsampledAcross, columns % 2 == 1 {
      throw .damaged("an odd number of columns cannot be subsampled by two")
    }
  }
}
