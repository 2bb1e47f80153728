/// What kind of object or service a SOP class UID stands for (PS3.6 Table A-1).
public enum SOPClass {
  public static let verification: UID = "1.2.840.10008.1.1"
  public static let mediaStorageDirectory: UID = "1.2.840.10008.1.3.10"
  public static let storageCommitmentPushModel: UID = "1.2.840.10008.1.20.1"
  public static let modalityPerformedProcedureStep: UID = "1.2.840.10008.3.1.2.3.3"
  public static let modalityWorklistFind: UID = "1.2.840.10008.5.1.4.31"
  public static let patientRootFind: UID = "1.2.840.10008.5.1.4.1.2.1.1"
  public static let patientRootMove: UID = "1.2.840.10008.5.1.4.1.2.1.2"
  public static let patientRootGet: UID = "1.2.840.10008.5.1.4.1.2.1.3"
  public static let studyRootFind: UID = "1.2.840.10008.5.1.4.1.2.2.1"
  public static let studyRootMove: UID = "1.2.840.10008.5.1.4.1.2.2.2"
  public static let studyRootGet: UID = "1.2.840.10008.5.1.4.1.2.2.3"

  public static let computedRadiographyImageStorage: UID = "1.2.840.10008.5.1.4.1.1.1"
  public static let digitalXRayImageStorageForPresentation: UID = "1.2.840.10008.5.1.4.1.1.1.1"
  public static let digitalMammographyXRayImageStorageForPresentation: UID = "1.2.840.10008.5.1.4.1.1.1.2"
  public static let ctImageStorage: UID = "1.2.840.10008.5.1.4.1.1.2"
  public static let enhancedCTImageStorage: UID = "1.2.840.10008.5.1.4.1.1.2.1"
  public static let ultrasoundMultiFrameImageStorage: UID = "1.2.840.10008.5.1.4.1.1.3.1"
  public static let mrImageStorage: UID = "1.2.840.10008.5.1.4.1.1.4"
  public static let enhancedMRImageStorage: UID = "1.2.840.10008.5.1.4.1.1.4.1"
  public static let ultrasoundImageStorage: UID = "1.2.840.10008.5.1.4.1.1.6.1"
  public static let secondaryCaptureImageStorage: UID = "1.2.840.10008.5.1.4.1.1.7"
  public static let multiFrameTrueColorSecondaryCaptureImageStorage: UID = "1.2.840.10008.5.1.4.1.1.7.4"
  public static let grayscaleSoftcopyPresentationStateStorage: UID = "1.2.840.10008.5.1.4.1.1.11.1"
  public static let xRayAngiographicImageStorage: UID = "1.2.840.10008.5.1.4.1.1.12.1"
  public static let vlEndoscopicImageStorage: UID = "1.2.840.10008.5.1.4.1.1.77.1.1"
  public static let vlMicroscopicImageStorage: UID = "1.2.840.10008.5.1.4.1.1.77.1.2"
  public static let vlSlideCoordinatesMicroscopicImageStorage: UID = "1.2.840.10008.5.1.4.1.1.77.1.3"
  public static let vlPhotographicImageStorage: UID = "1.2.840.10008.5.1.4.1.1.77.1.4"
  public static let vlWholeSlideMicroscopyImageStorage: UID = "1.2.840.10008.5.1.4.1.1.77.1.6"
  public static let keyObjectSelectionDocumentStorage: UID = "1.2.840.10008.5.1.4.1.1.88.59"
  public static let encapsulatedPDFStorage: UID = "1.2.840.10008.5.1.4.1.1.104.1"

  /// Every storage SOP class of PS3.6, retired ones too, in the order of their UIDs.
  public static let allStorage: [UID] = storageNames.map { UID(rawValue: standardRoot + $0.suffix) }

  /// Whether objects of this class are kept: every class that is not a known other service.
  ///
  /// Private roots and classes newer than our table count as storage: devices bring them, and refusing them loses images.
  public static func isStorage(_ uid: UID) -> Bool { services[uid] == nil }

  /// The name of PS3.6, without the words "SOP Class"; nil for a class that is not in our tables.
  public static func name(_ uid: UID) -> String? { storage[uid] ?? services[uid] }

  private static let standardRoot = "1.2.840.10008."
  private static let storage = table(storageNames)
  private static let services = table(serviceNames)

  private static func table(_ rows: [(suffix: String, name: String)]) -> [UID: String] {
    Dictionary(uniqueKeysWithValues: rows.map { (UID(rawValue: standardRoot + $0.suffix), $0.name) })
  }
}
