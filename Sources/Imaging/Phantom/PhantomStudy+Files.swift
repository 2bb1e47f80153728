import DICOM

// Attributes that only the phantoms write.
extension Tag {
  fileprivate static let spacingBetweenSlices = Tag(0x0018, 0x0088)
  fileprivate static let scanningSequence = Tag(0x0018, 0x0020)
  fileprivate static let sequenceVariant = Tag(0x0018, 0x0021)
  fileprivate static let scanOptions = Tag(0x0018, 0x0022)
  fileprivate static let mrAcquisitionType = Tag(0x0018, 0x0023)
  fileprivate static let repetitionTime = Tag(0x0018, 0x0080)
  fileprivate static let echoTime = Tag(0x0018, 0x0081)
  fileprivate static let magneticFieldStrength = Tag(0x0018, 0x0087)
  fileprivate static let reconstructionDiameter = Tag(0x0018, 0x1100)
  fileprivate static let positionReferenceIndicator = Tag(0x0020, 0x1040)
  fileprivate static let regionSpatialFormat = Tag(0x0018, 0x6012)
  fileprivate static let regionDataType = Tag(0x0018, 0x6014)
  fileprivate static let regionFlags = Tag(0x0018, 0x6016)
  fileprivate static let regionLocationMinX0 = Tag(0x0018, 0x6018)
  fileprivate static let regionLocationMinY0 = Tag(0x0018, 0x601A)
  fileprivate static let regionLocationMaxX1 = Tag(0x0018, 0x601C)
  fileprivate static let regionLocationMaxY1 = Tag(0x0018, 0x601E)
  fileprivate static let physicalUnitsXDirection = Tag(0x0018, 0x6024)
  fileprivate static let physicalUnitsYDirection = Tag(0x0018, 0x6026)
  fileprivate static let physicalDeltaX = Tag(0x0018, 0x602C)
  fileprivate static let physicalDeltaY = Tag(0x0018, 0x602E)
  fileprivate static let acquisitionContextSequence = Tag(0x0040, 0x0555)
  fileprivate static let issuerOfContainerIdentifierSequence = Tag(0x0040, 0x0513)
  fileprivate static let containerTypeCodeSequence = Tag(0x0040, 0x0518)
  fileprivate static let issuerOfSpecimenIdentifierSequence = Tag(0x0040, 0x0562)
  fileprivate static let specimenPreparationSequence = Tag(0x0040, 0x0610)
}

extension PhantomStudy {
  func ctFile(_ index: Int) -> [UInt8] {
    // A whole chest if there are slices enough, else its middle: neighbours are never more than 10 mm apart.
    let step = min(10, max(0.25, ChestCT.extent / Float(count)))
    let z = ChestCT.extent / 2 + (Float(index) - Float(count - 1) / 2) * step
    let spacing = ChestCT.fieldOfView / Float(size.columns)
    var header = self.header("TDM thoracique avec injection")
    header.series("CT", number: 2, "Thorax mou 1er passage")
    header.instance(SOPClass.ctImageStorage, number: index + 1, imageType: "ORIGINAL\\PRIMARY\\AXIAL")
    header.stack(z: -z, corner: -(ChestCT.fieldOfView - spacing) / 2, thickness: step, spacing: spacing)
    header.text(.bodyPartExamined, .cs, "CHEST")
    header.text(.contrastBolusAgent, .lo, "Synthetic contrast")
    header.text(.kvp, .ds, "120")
    header.text(.convolutionKernel, .sh, "STANDARD")
    header.text(.reconstructionDiameter, .ds, PhantomText.decimal(ChestCT.fieldOfView))
    header.text(.rescaleIntercept, .ds, "-1024")
    header.text(.rescaleSlope, .ds, "1")
    header.text(.rescaleType, .lo, "HU")
    header.window([(40, 400, "Médiastin"), (-600, 1500, "Poumon")])
    header.int16(.pixelPaddingValue, Int16(ChestCT.padding))
    header.grey(size, stored: 16, signed: true, ChestCT(size: size.columns, seed: seed).slice(at: z))
    return header.file()
  }

  func mrFile(_ index: Int) -> [UInt8] {
    let step = min(6, max(0.5, 120 / Float(count)))
    // From the feet's side up, as most MR stacks are.
    let z = 4 + (Float(index) - Float(count - 1) / 2) * step
    let spacing = BrainMR.fieldOfView / Float(size.columns)
    var header = self.header("IRM cérébrale")
    header.series("MR", number: 3, "Ax T1", protocolName: "Ax T1 SE")
    header.instance(SOPClass.mrImageStorage, number: index + 1, imageType: "ORIGINAL\\PRIMARY\\M\\SE")
    header.stack(z: z, corner: -(BrainMR.fieldOfView - spacing) / 2, thickness: step * 0.85, spacing: spacing)
    header.text(.spacingBetweenSlices, .ds, PhantomText.decimal(step))
    header.text(.bodyPartExamined, .cs, "BRAIN")
    header.text(.scanningSequence, .cs, "SE")
    header.text(.sequenceVariant, .cs, "NONE")
    header.text(.scanOptions, .cs, "")
    header.text(.mrAcquisitionType, .cs, "2D")
    header.text(.repetitionTime, .ds, "560")
    header.text(.echoTime, .ds, "12")
    header.text(.magneticFieldStrength, .ds, "1.5")
    header.window([(1000, 1900, "Cerveau")])
    header.grey(size, stored: 12, BrainMR(size: size.columns, seed: seed).slice(at: z))
    return header.file()
  }

  func dxFile() -> [UInt8] {
    var header = self.header("Radiographie du thorax de face")
    header.series("DX", number: 1, "Thorax PA")
    header.instance(SOPClass.digitalXRayImageStorageForPresentation, number: 1, imageType: "ORIGINAL\\PRIMARY")
    header.projection(body: "CHEST", spacing: ChestRadiograph.fieldOfView / Float(size.columns))
    header.text(.presentationIntentType, .cs, "FOR PRESENTATION")
    header.text(.imageLaterality, .cs, "U")
    header.text(.viewPosition, .cs, "PA")
    header.text(.patientOrientation, .cs, "L\\F")
    header.code(.anatomicRegionSequence, "43799004", "SCT", "Thoracic cavity structure")
    header.text(.pixelIntensityRelationship, .cs, "LOG")
    header.int16(.pixelIntensityRelationshipSign, 1)
    header.text(.presentationLUTShape, .cs, "IDENTITY")
    header.text(.rescaleIntercept, .ds, "0")
    header.text(.rescaleSlope, .ds, "1")
    header.text(.rescaleType, .lo, "US")
    header.window([(2350, 2700, "Thorax")])
    header.grey(size, stored: 12, ChestRadiograph(columns: size.columns, rows: size.rows, seed: seed).pixels())
    return header.file()
  }

  func crFile() -> [UInt8] {
    let arabic = patient.characters == .arabic
    var header = self.header(arabic ? "صورة اليد" : "Radiographie de la main")
    header.series("CR", number: 1, arabic ? "اليد" : "Main gauche")
    header.instance(SOPClass.computedRadiographyImageStorage, number: 1, imageType: "ORIGINAL\\PRIMARY")
    header.projection(body: "HAND", spacing: HandRadiograph.fieldOfView / Float(size.columns))
    header.text(.laterality, .cs, "L")
    header.text(.viewPosition, .cs, "PA")
    header.text(.patientOrientation, .cs, "R\\F")
    header.window([(2500, 2700, arabic ? "عظم" : "Os")])
    header.grey(
      size, stored: 12, photometric: "MONOCHROME1",
      HandRadiograph(columns: size.columns, rows: size.rows, seed: seed).pixels())
    return header.file()
  }

  func usFile() -> [UInt8] {
    let clip = Echocardiogram(columns: size.columns, rows: size.rows, frames: count, seed: seed)
    var header = self.header("Échocardiographie")
    header.series("US", number: 1, "Apicale 4 cavités")
    let sopClass = count == 1 ? SOPClass.ultrasoundImageStorage : SOPClass.ultrasoundMultiFrameImageStorage
    header.instance(sopClass, number: 1, imageType: "ORIGINAL\\PRIMARY\\INTRACARDIAC\\0001")
    header.text(.patientOrientation, .cs, "")
    if count > 1 {
      header.text(.numberOfFrames, .is, String(count))
      header.text(.frameTime, .ds, "33.3")
      header.text(.cineRate, .is, "30")
      header.text(.recommendedDisplayFrameRate, .is, "30")
      header.tags(.frameIncrementPointer, [.frameTime])
    }
    header.region(size, centimetresPerPixel: clip.spacing / 10)
    header.colour(size, (0..<count).flatMap { clip.frame($0) })
    return header.file()
  }

  func smearFile() -> [UInt8] {
    var header = self.header("Frottis sanguin")
    header.series("GM", number: 1, "MGG ×100 huile")
    header.instance(SOPClass.vlMicroscopicImageStorage, number: 1, imageType: "ORIGINAL\\PRIMARY")
    header.text(.patientOrientation, .cs, "")
    header.text(.containerIdentifier, .lo, "LAME-1")
    header.sequence(.issuerOfContainerIdentifierSequence, items: [])
    header.code(.containerTypeCodeSequence, "433466003", "SCT", "Microscope slide")
    header.sequence(.acquisitionContextSequence, items: [])
    var specimen = DataSetWriter()
    specimen.string(.specimenIdentifier, .lo, "LAME-1")
    specimen.uid(.specimenUID, header.uid("specimen"))
    specimen.sequence(.issuerOfSpecimenIdentifierSequence, items: [])
    specimen.sequence(.specimenPreparationSequence, items: [])
    header.sequence(.specimenDescriptionSequence, items: [specimen])
    // A hundredth of a millimetre is what a reader measures with here.
    header.spacing(.pixelSpacing, BloodSmear.fieldOfView / 1000 / Float(size.columns))
    header.colour(size, BloodSmear(columns: size.columns, rows: size.rows, seed: seed).pixels())
    return header.file()
  }

  func paletteFile() -> [UInt8] {
    var header = self.header("IRM cérébrale")
    header.series("MR", number: 9, "Débit sanguin cérébral")
    header.instance(SOPClass.secondaryCaptureImageStorage, number: 1, imageType: "DERIVED\\SECONDARY\\PERFUSION")
    header.text(.conversionType, .cs, "WSD")
    header.text(.patientOrientation, .cs, "L\\P")
    header.text(.bodyPartExamined, .cs, "BRAIN")
    let palette = PerfusionMap.palette()
    header.palette(palette.red, palette.green, palette.blue)
    let pixels = PerfusionMap(size: size.columns, seed: seed).indices()
    header.grey(size, allocated: 8, stored: 8, photometric: "PALETTE COLOR", pixels)
    return header.file()
  }
}

extension PhantomHeader {
  /// Where a transverse slice lies; `corner` is the centre of the first pixel, in both directions.
  fileprivate mutating func stack(z: Float, corner: Float, thickness: Float, spacing: Float) {
    let at = PhantomText.decimal(corner)
    text(.imagePositionPatient, .ds, "\(at)\\\(at)\\\(PhantomText.decimal(z))")
    text(.imageOrientationPatient, .ds, "1\\0\\0\\0\\1\\0")
    text(.sliceLocation, .ds, PhantomText.decimal(z))
    text(.sliceThickness, .ds, PhantomText.decimal(thickness))
    text(.patientPosition, .cs, "HFS")
    text(.positionReferenceIndicator, .lo, "")
    text(.acquisitionNumber, .is, "1")
    self.spacing(.pixelSpacing, spacing)
  }

  fileprivate mutating func projection(body: String, spacing: Float) {
    text(.bodyPartExamined, .cs, body)
    text(.burnedInAnnotation, .cs, "NO")
    text(.lossyImageCompression, .cs, "00")
    self.spacing(.imagerPixelSpacing, spacing)
  }

  /// How a pixel of the sector measures (PS3.3 C.8.5.5): a tissue region in centimetres.
  fileprivate mutating func region(_ size: PhantomSize, centimetresPerPixel: Float) {
    let delta = Double((centimetresPerPixel * 1_000_000).rounded()) / 1_000_000
    var region = DataSetWriter()
    region.uint16(.regionSpatialFormat, [1])
    region.uint16(.regionDataType, [1])
    region.uint32(.regionFlags, [0])
    region.uint32(.regionLocationMinX0, [0])
    region.uint32(.regionLocationMinY0, [0])
    region.uint32(.regionLocationMaxX1, [UInt32(size.columns - 1)])
    region.uint32(.regionLocationMaxY1, [UInt32(size.rows - 1)])
    region.uint16(.physicalUnitsXDirection, [3])
    region.uint16(.physicalUnitsYDirection, [3])
    region.double(.physicalDeltaX, [delta])
    region.double(.physicalDeltaY, [delta])
    sequence(.sequenceOfUltrasoundRegions, items: [region])
  }

  fileprivate mutating func palette(_ red: [UInt16], _ green: [UInt16], _ blue: [UInt16]) {
    let descriptor: [UInt16] = [UInt16(red.count), 0, 16]
    write { writer in
      writer.uint16(.redPaletteColorLookupTableDescriptor, descriptor)
      writer.uint16(.greenPaletteColorLookupTableDescriptor, descriptor)
      writer.uint16(.bluePaletteColorLookupTableDescriptor, descriptor)
      writer.uint16(.redPaletteColorLookupTableData, red, vr: .ow)
      writer.uint16(.greenPaletteColorLookupTableData, green, vr: .ow)
      writer.uint16(.bluePaletteColorLookupTableData, blue, vr: .ow)
    }
  }
}
