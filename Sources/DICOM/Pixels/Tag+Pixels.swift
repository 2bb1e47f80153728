extension Tag {
  // Attributes that only the path of the pixels speaks of.
  public static let presentationLUTShape = Tag(0x2050, 0x0020)
  public static let nominalScannedPixelSpacing = Tag(0x0018, 0x2010)
  public static let pixelMeasuresSequence = Tag(0x0028, 0x9110)
  public static let frameVOILUTSequence = Tag(0x0028, 0x9132)
  public static let pixelValueTransformationSequence = Tag(0x0028, 0x9145)
  public static let segmentationType = Tag(0x0062, 0x0001)
  public static let maximumFractionalValue = Tag(0x0062, 0x000E)
  public static let segmentedRedPaletteColorLookupTableData = Tag(0x0028, 0x1221)
  public static let segmentedGreenPaletteColorLookupTableData = Tag(0x0028, 0x1222)
  public static let segmentedBluePaletteColorLookupTableData = Tag(0x0028, 0x1223)
}
