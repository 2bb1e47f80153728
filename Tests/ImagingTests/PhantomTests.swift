import DICOM
import Foundation
import Testing

@testable import Imaging

@Suite("Phantoms")
struct PhantomTests {
  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("TestImages")

  @Test("The committed test images are byte for byte what the command draws")
  func committedSet() throws {
    var names: Set<String> = []
    for study in PhantomSet.testImages {
      for index in 0..<study.fileCount {
        let file = study.file(index)
        names.insert(file.name)
        let committed = try Data(contentsOf: Self.folder.appendingPathComponent(file.name))
        #expect(committed == Data(file.bytes), "\(file.name) differs: draw it again with --force and look at it")
      }
    }
    let present = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path).filter { $0.hasSuffix(".dcm") }
    #expect(Set(present) == names)
  }

  @Test("The committed set stays small")
  func smallSet() {
    let bytes = PhantomSet.testImages.reduce(0) { sum, study in
      sum + (0..<study.fileCount).reduce(0) { $0 + study.file($1).bytes.count }
    }
    #expect(bytes < 3_000_000)
  }

  @Test("Every kind draws the same bytes twice", arguments: PhantomKind.allCases)
  func deterministic(_ kind: PhantomKind) throws {
    let size = kind.isSquare ? PhantomSize(columns: 96, rows: 96) : PhantomSize(columns: 120, rows: 90)
    let count = kind.fullCount == 1 ? nil : 2
    let study = try PhantomStudy(kind: kind, size: size, count: count, seed: 5)
    let again = try PhantomStudy(kind: kind, size: size, count: count, seed: 5)
    #expect(study.file(0).bytes == again.file(0).bytes)
    let other = try PhantomStudy(kind: kind, size: size, count: count, seed: 6)
    #expect(study.file(0).bytes != other.file(0).bytes)
  }

  @Test("Other bytes never share a SOP Instance UID: size, count, seed and patient go into it")
  func distinctUIDs() throws {
    let patient = PhantomPatient("UN^Autre", sex: "F", birthDate: "19900101", id: "000001", site: 0)
    let size = PhantomSize(columns: 64, rows: 64)
    let studies = [
      try PhantomStudy(kind: .ct, size: size, count: 2, seed: 1),
      try PhantomStudy(kind: .ct, size: PhantomSize(columns: 80, rows: 80), count: 2, seed: 1),
      try PhantomStudy(kind: .ct, size: size, count: 3, seed: 1),
      try PhantomStudy(kind: .ct, size: size, count: 2, seed: 2),
      try PhantomStudy(kind: .ct, size: size, count: 2, seed: 1, patient: patient),
      try PhantomStudy(kind: .mr, size: size, count: 2, seed: 1),
    ]
    let uids = studies.map {
      PhantomHeader(patient: $0.patient, visit: $0.visit, identity: $0.identity, study: "").uid("instance 1")
    }
    #expect(Set(uids).count == studies.count)
    #expect(uids.allSatisfy { $0.isWellFormed && $0.rawValue.hasPrefix("2.25.") })
  }

  @Test("Every phantom parses, and its names come back from all three character sets")
  func parse() throws {
    let names = Set(
      try PhantomSet.testImages.map { study in
        let parsed = try ParsedObject.parse(ObjectBytes(study.file(0).bytes))
        #expect(parsed.transferSyntax == .explicitVRLittleEndian)
        #expect(parsed.pixelData?.frameCount == (study.kind == .us ? study.count : 1))
        return try #require(parsed.dataSet.string(.patientName))
      })
    #expect(names == Set(PhantomSet.testImages.map(\.patient.name)))
  }

  @Test("The perfusion map joins the MR study of its seed")
  func sameStudy() {
    let visits = PhantomSet.testImages.filter { $0.kind == .mr || $0.kind == .palette }.map(\.visit)
    #expect(visits.count == 2 && Set(visits).count == 1)
  }

  @Test("Options that do not fit a kind are refused with a reason")
  func refusals() {
    let wide = PhantomSize(columns: 100, rows: 80)
    #expect(throws: PhantomFailure.self) { try PhantomStudy(kind: .ct, size: wide, seed: 1) }
    #expect(throws: PhantomFailure.self) { try PhantomStudy(kind: .dx, count: 2, seed: 1) }
    #expect(throws: PhantomFailure.self) { try PhantomStudy(kind: .us, count: 0, seed: 1) }
    #expect(PhantomSize("10") == nil && PhantomSize("1x2x3") == nil && PhantomSize("ax5") == nil)
    #expect(PhantomSize("512") == PhantomSize(columns: 512, rows: 512))
    #expect(PhantomSize("2800x2880") == PhantomSize(columns: 2800, rows: 2880))
  }

  @Test("Sine is our own and good enough to place a rib")
  func sine() {
    for (degrees, value) in [(0, 0), (30, 0.5), (90, 1), (150, 0.5), (210, -0.5), (270, -1), (390, 0.5)]
      as [(Float, Float)]
    {
      let error = PhantomMath.sin(PhantomMath.radians(degrees)) - value
      #expect(error < 2e-5 && error > -2e-5)
    }
  }

  @Test("Numbers become DICOM decimal strings without a trailing zero")
  func decimals() {
    #expect(PhantomText.decimal(1.5) == "1.5")
    #expect(PhantomText.decimal(-0.25) == "-0.25")
    #expect(PhantomText.decimal(380) == "380")
    #expect(PhantomText.decimal(0.7422) == "0.7422")
  }

  @Test("Arabic letters become the bytes of ISO 8859-6, French ones those of Latin-1")
  func characters() {
    #expect(PhantomPatient.Characters.arabic.bytes("فاطمة^A") == [0xE1, 0xC7, 0xD7, 0xE5, 0xC9, 0x5E, 0x41])
    #expect(PhantomPatient.Characters.latin1.bytes("Noël") == [0x4E, 0x6F, 0xEB, 0x6C])
    #expect(PhantomPatient.Characters.latin1.bytes("م") == [0x3F])
  }
}
