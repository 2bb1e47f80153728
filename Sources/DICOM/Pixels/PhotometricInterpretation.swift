/// What the samples of a pixel mean (PS3.3 C.7.6.3.1.2).
public struct PhotometricInterpretation: RawRepresentable, Hashable, Sendable {
  /// The code string of (0028,0004).
  public let rawValue: String

  public init(rawValue: String) { self.rawValue = rawValue }

  /// Grey, the least value white.
  public static let monochrome1 = Self(rawValue: "MONOCHROME1")
  /// Grey, the least value black.
  public static let monochrome2 = Self(rawValue: "MONOCHROME2")
  public static let paletteColor = Self(rawValue: "PALETTE COLOR")
  public static let rgb = Self(rawValue: "RGB")
  public static let ybrFull = Self(rawValue: "YBR_FULL")
  /// Two luminance samples, then the blue and red differences of both: four samples for two pixels.
  public static let ybrFull422 = Self(rawValue: "YBR_FULL_422")
  public static let ybrPartial422 = Self(rawValue: "YBR_PARTIAL_422")
  public static let ybrPartial420 = Self(rawValue: "YBR_PARTIAL_420")
  /// Irreversible and reversible colour transform of JPEG 2000: the decoder gives RGB.
  public static let ybrICT = Self(rawValue: "YBR_ICT")
  public static let ybrRCT = Self(rawValue: "YBR_RCT")

  /// Whether native pixel data holds four samples for two pixels.
  public var isSubsampledAcross: Bool { self == .ybrFull422 || self == .ybrPartial422 }
}
