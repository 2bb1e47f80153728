import DICOM

/// Writes what all phantoms share: who, where, when, which study.
struct PhantomHeader {
  let patient: PhantomPatient
  let identity: String
  private(set) var writer = DataSetWriter()

  /// - Parameters:
  ///   - visit: names what one study has in common; its date, its numbers and its UID follow from it.
  ///   - identity: names everything that the bytes depend on; the other UIDs follow from it.
  init(patient: PhantomPatient, visit: String, identity: String, study: String) {
    self.patient = patient
    self.identity = identity
    var random = SplitMix64(seed: SplitMix64.fnv1a(visit), purpose: "visit")
    let date = PhantomText.date(2026, 1 + Int(random.next() % 10), 1 + Int(random.next() % 28))
    let time =
      PhantomText.digits(8 + Int(random.next() % 10), 2) + PhantomText.digits(Int(random.next() % 60), 2) + "00"
    text(.specificCharacterSet, .cs, patient.characters.rawValue)
    text(.patientName, .pn, patient.name)
    text(.patientID, .lo, patient.id)
    text(.issuerOfPatientID, .lo, patient.site.code)
    text(.patientBirthDate, .da, patient.birthDate)
    text(.patientSex, .cs, patient.sex)
    text(.institutionName, .lo, patient.characters == .arabic ? patient.site.name : patient.site.institution)
    text(.stationName, .sh, patient.site.code + "-1")
    text(.manufacturer, .lo, "Rekkas phantom")
    text(.manufacturerModelName, .lo, "SYNTHETIC")
    text(.deviceSerialNumber, .lo, "0")
    text(.softwareVersions, .lo, "1")
    text(.imageComments, .lt, "Synthetic image, no real person")
    text(.referringPhysicianName, .pn, "")
    text(.studyDate, .da, date)
    text(.seriesDate, .da, date)
    text(.acquisitionDate, .da, date)
    text(.contentDate, .da, date)
    for tag: Tag in [.studyTime, .seriesTime, .acquisitionTime, .contentTime] { text(tag, .tm, time) }
    text(.timezoneOffsetFromUTC, .sh, "+0100")
    text(.accessionNumber, .sh, patient.site.code + "-26-" + PhantomText.digits(Int(random.next() % 100_000), 5))
    text(.studyID, .sh, "1")
    text(.studyDescription, .lo, study)
    writer.uid(.studyInstanceUID, Self.uid(visit, "study"))
    writer.uid(.frameOfReferenceUID, uid("frame of reference"))
  }

  /// A UID that follows from the identity and a purpose.
  func uid(_ purpose: String) -> UID { Self.uid(identity, purpose) }

  private static func uid(_ identity: String, _ purpose: String) -> UID {
    var random = SplitMix64(seed: SplitMix64.fnv1a(identity), purpose: purpose)
    var digest: [UInt8] = []
    for _ in 0..<2 {
      let word = random.next() ^ SplitMix64.mix(SplitMix64.fnv1a(purpose + "/" + identity))
      digest += (0..<8).map { UInt8(truncatingIfNeeded: word >> (56 - 8 * UInt64($0))) }
    }
    return UID.derived(from: digest)
  }

  mutating func text(_ tag: Tag, _ vr: VR, _ value: String) { writer.bytes(tag, vr, patient.characters.bytes(value)) }

  mutating func series(_ modality: String, number: Int, _ description: String, protocolName: String? = nil) {
    text(.modality, .cs, modality)
    text(.seriesNumber, .is, String(number))
    text(.seriesDescription, .lo, description)
    text(.protocolName, .lo, protocolName ?? description)
    writer.uid(.seriesInstanceUID, uid("series \(number)"))
  }

  mutating func instance(_ sopClass: UID, number: Int, imageType: String) {
    writer.uid(.sopClassUID, sopClass)
    writer.uid(.sopInstanceUID, uid("instance \(number)"))
    text(.instanceNumber, .is, String(number))
    text(.imageType, .cs, imageType)
  }

  /// The sequence's one coded entry (PS3.3 8.8).
  mutating func code(_ tag: Tag, _ value: String, _ scheme: String, _ meaning: String) {
    writer.sequence(tag) { item in
      item.string(.codeValue, .sh, value)
      item.string(.codingSchemeDesignator, .sh, scheme)
      item.string(.codeMeaning, .lo, meaning)
    }
  }

  mutating func grey(
    _ size: PhantomSize, allocated: UInt16 = 16, stored: UInt16, signed: Bool = false,
    photometric: String = "MONOCHROME2", _ pixels: [UInt8]
  ) {
    picture(size, samples: 1, allocated: allocated, stored: stored, signed: signed, photometric: photometric)
    writer.bytes(.pixelData, .ow, pixels)
  }

  mutating func colour(_ size: PhantomSize, _ pixels: [UInt8]) {
    picture(size, samples: 3, allocated: 8, stored: 8, signed: false, photometric: "RGB")
    writer.uint16(.planarConfiguration, [0])
    // Eight-bit samples are octets; an odd number is padded by the writer.
    writer.bytes(.pixelData, .ob, pixels)
    text(.lossyImageCompression, .cs, "00")
    text(.burnedInAnnotation, .cs, "NO")
  }

  private mutating func picture(
    _ size: PhantomSize, samples: UInt16, allocated: UInt16, stored: UInt16, signed: Bool, photometric: String
  ) {
    writer.uint16(.samplesPerPixel, [samples])
    text(.photometricInterpretation, .cs, photometric)
    writer.uint16(.rows, [UInt16(size.rows)])
    writer.uint16(.columns, [UInt16(size.columns)])
    writer.uint16(.bitsAllocated, [allocated])
    writer.uint16(.bitsStored, [stored])
    writer.uint16(.highBit, [stored - 1])
    writer.uint16(.pixelRepresentation, [signed ? 1 : 0])
  }

  mutating func window(_ windows: [(centre: Int, width: Int, name: String)]) {
    text(.windowCenter, .ds, windows.map { String($0.centre) }.joined(separator: "\\"))
    text(.windowWidth, .ds, windows.map { String($0.width) }.joined(separator: "\\"))
    text(.windowCenterWidthExplanation, .lo, windows.map(\.name).joined(separator: "\\"))
  }

  mutating func spacing(_ tag: Tag, _ millimetres: Float) {
    let text = PhantomText.decimal(millimetres)
    self.text(tag, .ds, text + "\\" + text)
  }

  mutating func int16(_ tag: Tag, _ value: Int16) { writer.int16(tag, [value]) }
  mutating func tags(_ tag: Tag, _ values: [Tag]) { writer.tags(tag, values) }
  mutating func sequence(_ tag: Tag, items: [DataSetWriter]) { writer.sequence(tag, items: items) }
  mutating func write(_ body: (inout DataSetWriter) -> Void) { body(&writer) }

  func file() -> [UInt8] { writer.file(transferSyntax: .explicitVRLittleEndian) }
}
