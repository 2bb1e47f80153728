import DICOM
import Foundation
import Testing

@testable import Imaging

@Suite struct IssuerCoercionTests {
  private let coercion = IssuerCoercion(
    issuer: "MIDELT", source: "CT1", receivedAt: Date(timeIntervalSince1970: 1_795_341_600))

  private func coerced(_ bytes: [UInt8], _ body: (IssuerCoercion.Outcome, _ old: [UInt8], ParsedObject?) throws -> Void)
    throws
  {
    let path = TestObject.temporaryPath()
    let output = path + ".coerced"
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    defer {
      unlink(path)
      unlink(output)
    }
    let outcome = try coercion.write(path: path, output: output)
    guard case .written = outcome else {
      #expect(access(output, F_OK) != 0)
      return try body(outcome, bytes, nil)
    }
    try body(outcome, bytes, try ParsedObject.parse(ObjectBytes(Array(Data(contentsOf: URL(fileURLWithPath: output))))))
  }

  private static func report() -> DataSetWriter {
    var writer = DataSetWriter()
    writer.uid(.sopClassUID, "1.2.840.10008.5.1.4.1.1.88.11")
    writer.uid(.sopInstanceUID, "1.2.3")
    writer.string(.patientID, .lo, "12")
    writer.string(.patientBirthDate, .da, "19700101")
    writer.string(.completionFlag, .cs, "COMPLETE")
    return writer
  }

  private static let syntaxes: [TransferSyntax] = [
    .explicitVRLittleEndian, .implicitVRLittleEndian, .explicitVRBigEndian, .deflatedExplicitVRLittleEndian,
  ]

  @Test(arguments: syntaxes)
  func `an object without an issuer gets one, and nothing else changes`(syntax: TransferSyntax) throws {
    try coerced(Self.report().file(transferSyntax: syntax)) { _, old, object in
      let new = try #require(object).dataSet
      #expect(new.string(.issuerOfPatientID) == "MIDELT" && !new.contains(.originalAttributesSequence))
      let received = try ParsedObject.parse(ObjectBytes(old)).dataSet
      #expect(received.firstDifference(from: new, ignoring: [.issuerOfPatientID]) == nil)
      #expect(new.tags == (received.tags + [.issuerOfPatientID]).sorted())
      // One element more, of as many bytes as its header and text have.
      if syntax != .deflatedExplicitVRLittleEndian { #expect(new.bytes.count == old.count + 8 + 6) }
    }
  }

  @Test(arguments: syntaxes)
  func `another issuer is kept among the original attributes, behind what others have noted`(syntax: TransferSyntax)
    throws
  {
    var writer = Self.report()
    writer.string(.specificCharacterSet, .cs, "ISO_IR 100")
    writer.bytes(.issuerOfPatientID, .lo, [0x48, 0xF4, 0x70, 0x20])
    for (reason, value) in [("CORRECT", "11"), ("COERCE", "10")] {
      writer.sequence(.originalAttributesSequence) { item in
        item.string(.reasonForTheAttributeModification, .cs, reason)
        item.sequence(.modifiedAttributesSequence) { $0.string(.patientID, .lo, value) }
      }
    }
    try coerced(writer.file(transferSyntax: syntax)) { _, old, object in
      let new = try #require(object).dataSet
      #expect(new.string(.issuerOfPatientID) == "MIDELT")
      let items = new.items(.originalAttributesSequence)
      #expect(items.count == 3)
      let before = try ParsedObject.parse(ObjectBytes(old)).dataSet.items(.originalAttributesSequence)
      for (one, other) in zip(before, items) { #expect(one.firstDifference(from: other) == nil) }
      let item = try #require(items.last)
      #expect(item.string(.reasonForTheAttributeModification) == "COERCE")
      #expect(item.string(.modifyingSystem) == "REKKAS MIDELT")
      #expect(item.string(.sourceOfPreviousValues) == "CT1")
      #expect(item.string(.attributeModificationDateTime) == "20261122100000+0000")
      // Its bytes as they were, in the character set of the object.
      let modified = try #require(item.items(.modifiedAttributesSequence).first)
      #expect(modified.string(.issuerOfPatientID) == "Hôp" && item.tags.count == 5 && modified.tags.count == 1)
    }
  }

  @Test func `sequences of undefined length and stale group lengths are no obstacle`() throws {
    // (0010,0000), (0010,0020), (0010,0021), then (0400,0561) with an item, both of undefined length, at the very end.
    var bytes = FileMeta.canonicalHeader(
      sopClassUID: "1.2.840.10008.5.1.4.1.1.88.11", sopInstanceUID: "1.2.3",
      transferSyntax: .explicitVRLittleEndian)
    bytes += [0x10, 0, 0, 0] + Array("UL".utf8) + [4, 0, 26, 0, 0, 0]
    bytes += [0x10, 0, 0x20, 0] + Array("LO".utf8) + [2, 0] + Array("12".utf8)
    bytes += [0x10, 0, 0x21, 0] + Array("LO".utf8) + [6, 0] + Array("AZILAL".utf8)
    bytes += [0, 4, 0x61, 5] + Array("SQ".utf8) + [0, 0, 0xFF, 0xFF, 0xFF, 0xFF]
    bytes += [0xFE, 0xFF, 0, 0xE0, 0xFF, 0xFF, 0xFF, 0xFF]
    bytes += [0, 4, 0x65, 5] + Array("CS".utf8) + [6, 0] + Array("COERCE".utf8)
    bytes += [0xFE, 0xFF, 0x0D, 0xE0, 0, 0, 0, 0, 0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0]
    try coerced(bytes) { _, _, object in
      let new = try #require(object).dataSet
      #expect(new.tags == [.patientID, .issuerOfPatientID, .originalAttributesSequence])
      let items = new.items(.originalAttributesSequence)
      #expect(items.count == 2 && items[0].tags == [.reasonForTheAttributeModification])
      #expect(items[1].items(.modifiedAttributesSequence).first?.string(.issuerOfPatientID) == "AZILAL")
    }
  }

  @Test func `an object that carries the issuer already is left alone, and so is a signed one`() throws {
    var same = Self.report()
    same.string(.issuerOfPatientID, .lo, "MIDELT ")
    try coerced(same.file(transferSyntax: .explicitVRLittleEndian)) { outcome, _, _ in
      guard case .alreadySo = outcome else { return #expect(Bool(false), "\(outcome)") }
    }
    var signed = Self.report()
    signed.sequence(.digitalSignaturesSequence) { $0.string(.patientID, .lo, "") }
    try coerced(signed.file(transferSyntax: .explicitVRLittleEndian)) { outcome, _, _ in
      guard case .untouched(.signed) = outcome else { return #expect(Bool(false), "\(outcome)") }
    }
  }

  @Test func `what cannot be an issuer is known before anything is written`() {
    for name in ["MIDELT", "Centre 4", String(repeating: "x", count: 64)] { #expect(IssuerCoercion.isValid(name)) }
    for name in ["", " A", "A ", "A\\B", "Hôpital", "A\nB", String(repeating: "x", count: 65)] {
      #expect(!IssuerCoercion.isValid(name))
    }
  }

  @Test(
    .enabled(if: TestData.root != nil, "no test data: set REKKAS_TEST_DATA"),
    arguments: TestData.files { !$0.hasPrefix("malformed/") })
  func `every real object is coerced, and its pixel data stays where it was`(name: String) throws {
    let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: TestData.path(name))))
    try coerced(bytes) { outcome, _, object in
      switch outcome {
      case .alreadySo: Issue.record("\(name) has no such issuer")
      case .untouched(let obstacle):
        Issue.record("\(name): \(obstacle)")
      case .written:
        let old = try ParsedObject.parse(ObjectBytes(bytes))
        let new = try #require(object)
        #expect(new.pixelData?.frameCount == old.pixelData?.frameCount)
        guard let a = old.pixelData, let b = new.pixelData else { return }
        let (first, second) = (a.fragments(of: 0)[0], b.fragments(of: 0)[0])
        let isEqual = old.dataSet.bytes.withUnsafeBytes { one in
          new.dataSet.bytes.withUnsafeBytes { other in one[first].elementsEqual(other[second]) }
        }
        #expect(isEqual, "\(name)")
      }
    }
  }
}
