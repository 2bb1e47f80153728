import CCodecs
import DICOM
import Foundation

/// How much of a codestream a picture needs: how many layers, and at which reduction they are decoded.
///
/// The rule, and what it was measured with, stands in the article <doc:PicturesOfPreparedObjects>: bytes for each sample of the reduced
/// frame, more of them the narrower the window is, because a narrow window enlarges errors as it enlarges differences.
struct PrefixChoice: Equatable {
  /// Halvings of the frame.
  let levels: Int
  /// Layers read; `Int.max` for all.
  let layers: Int

  /// Everything, at full size.
  static let whole = PrefixChoice(levels: 0, layers: .max)

  /// What the picture is for.
  enum Grade: String, Codable {
    /// To recognise an image in a list.
    case thumbnail
    /// To look at, smaller than the image.
    case view

    /// Bytes of codestream for one sample of the reduced frame, where the window shows all values.
    var bytesPerSample: Double {
      switch self {
      case .thumbnail: 0.03
      case .view: 0.06
      }
    }

    /// Up to so many halvings an uncompressed frame is sooner averaged than a prefix is decoded: some 0.6 ns for each of its pixels, against
    /// 25 ns in a list and 60 to look at for each sample of the reduced frame.
    var mostLevelsOfReceived: Int {
      switch self {
      case .thumbnail: 2
      case .view: 3
      }
    }

    /// Pixels along a side that the reduced frame may have less than the picture. A tenth is not seen in a list, and a halving more is
    /// half the time.
    var slack: Double {
      switch self {
      case .thumbnail: 0.1
      case .view: 0
      }
    }
  }

  private init(levels: Int, layers: Int) {
    self.levels = levels
    self.layers = layers
  }

  /// - Parameter contrast: see `contrast(of:attributes:window:)`.
  init(
    _ frame: LayerTable.Frame, _ format: FrameFormat, _ attributes: ImageAttributes, _ geometry: PictureGeometry,
    grade: Grade, contrast: Double
  ) {
    // Between two indices lies neither's colour, and between two labels a third one.
    let isSmaller = geometry.outWidth < geometry.width && geometry.outHeight < geometry.height
    guard isSmaller, format.photometricInterpretation != .paletteColor, !attributes.isSegmentation else {
      self = .whole
      return
    }
    let levels = FrameReduction.levels(for: geometry, slack: grade.slack)
    let samples =
      FrameReduction.halved(format.columns, levels) * FrameReduction.halved(format.rows, levels)
      * format.samplesPerPixel
    let wanted = Double(samples) * grade.bytesPerSample * pow(contrast, 0.7)
    let layers = frame.layerEnds.firstIndex { Double($0) >= wanted }.map { $0 + 1 } ?? frame.layerEnds.count
    self.init(levels: levels, layers: layers)
  }

  /// How many times the values of a frame are wider spread than the window that shows them; at least 1, 4 for tables.
  static func contrast(of frame: DecodedFrame, _ attributes: ImageAttributes, window: Window?) -> Double {
    let format = frame.format
    guard format.samplesPerPixel == 1 else { return 1 }
    if window == nil, attributes.voiLUT != nil { return 4 }
    // Without a window the values' own spread becomes one.
    guard let window = window ?? attributes.window else { return 1 }
    if attributes.modalityLUT != nil { return 4 }
    var low: UInt16 = 0
    var high: UInt16 = 0
    frame.withUnsafeBytes { cc_extent($0.baseAddress, format.pixelCount, cc_stored.topAligned(format), &low, &high) }
    let spread = Double(high - low) / Double(1 << (16 - format.bitsStored)) * abs(attributes.rescaleSlope)
    return max(1, spread / max(window.width, 1e-9))
  }
}
