import DICOM

/// Which attributes are kept with a study and with a series, and which of them every answer carries.
///
/// Each list has at most 64 tags in ascending order: a set of them is one `UInt64`.
struct StoredAttributes: Sendable {
  let tags: [Tag]
  /// Bits of those that belong to the default answer (PS3.18 §10.6.3.3, and what readers need).
  let defaults: UInt64

  private init(_ list: [(Tag, isDefault: Bool)]) {
    let sorted = list.sorted { $0.0 < $1.0 }
    precondition(sorted.count <= 64)
    tags = sorted.map(\.0)
    defaults = sorted.enumerated().reduce(0) { $1.element.isDefault ? $0 | 1 << UInt64($1.offset) : $0 }
  }

  func index(of tag: Tag) -> Int? { tags.firstIndex(of: tag) }

  /// Patient, study and what of the equipment belongs to a whole study.
  static let study = StoredAttributes([
    (.studyDate, true), (.studyTime, true), (.accessionNumber, true), (.referringPhysicianName, true),
    (.timezoneOffsetFromUTC, true), (.studyDescription, true), (.patientName, true), (.patientID, true),
    (.patientBirthDate, true), (.patientSex, true), (.studyInstanceUID, true), (.studyID, true),
    (.institutionName, false), (.institutionAddress, false), (Tag(0x0008, 0x0051), false),
    (Tag(0x0008, 0x009C), false), (Tag(0x0008, 0x1032), false), (.physiciansOfRecord, false),
    (.nameOfPhysiciansReadingStudy, false), (Tag(0x0008, 0x1080), false), (.referencedStudySequence, false),
    (.issuerOfPatientID, true), (Tag(0x0010, 0x0024), false), (.patientBirthTime, false), (.otherPatientIDs, false),
    (.otherPatientNames, false), (Tag(0x0010, 0x1002), false), (.patientAge, false), (.patientSize, false),
    (.patientWeight, false), (Tag(0x0010, 0x2160), false), (Tag(0x0010, 0x2180), false),
    (Tag(0x0010, 0x21B0), false), (Tag(0x0010, 0x2201), false), (Tag(0x0010, 0x2202), false),
    (.patientComments, false), (.patientIdentityRemoved, false), (.deidentificationMethod, false),
    (Tag(0x0012, 0x0010), false), (Tag(0x0012, 0x0020), false), (Tag(0x0012, 0x0040), false),
    (Tag(0x0032, 0x1033), false), (.requestingPhysician, false), (.requestedProcedureDescription, false),
    (.requestedProcedureCodeSequence, false), (.admissionID, false), (Tag(0x0008, 0x0096), false),
  ])

  /// Series, equipment and frame of reference.
  static let series = StoredAttributes([
    (.modality, true), (.seriesDate, true), (.seriesTime, true), (.seriesDescription, true),
    (.seriesInstanceUID, true), (.seriesNumber, true), (.performedProcedureStepStartDate, true),
    (.performedProcedureStepStartTime, true), (.requestAttributesSequence, true), (.bodyPartExamined, true),
    (.laterality, false), (.manufacturer, false), (.manufacturerModelName, false), (.stationName, false),
    (.institutionName, false), (.institutionalDepartmentName, false), (.deviceSerialNumber, false),
    (.softwareVersions, false), (.protocolName, false), (.performingPhysicianName, false), (.operatorsName, false),
    (.patientPosition, false), (.viewPosition, false), (.frameOfReferenceUID, false),
    (Tag(0x0020, 0x1040), false), (.performedProcedureStepID, false), (.performedProcedureStepDescription, false),
    (Tag(0x0040, 0x0250), false), (Tag(0x0040, 0x0251), false), (Tag(0x0040, 0x0260), false),
    (.referencedPerformedProcedureStepSequence, false), (Tag(0x0008, 0x103F), false), (.containerIdentifier, false),
    (.presentationIntentType, false), (.contrastBolusAgent, false), (Tag(0x0018, 0x0020), false),
    (Tag(0x0018, 0x0024), false), (Tag(0x0054, 0x1001), false),
  ])

  /// What an answer at the level of instances carries besides the names of the study, the series and the instance.
  static let instanceDefaults: Set<Tag> = [
    .sopClassUID, .sopInstanceUID, .timezoneOffsetFromUTC, .studyInstanceUID, .seriesInstanceUID, .instanceNumber,
    .rows, .columns, .bitsAllocated, .numberOfFrames,
  ]
}
