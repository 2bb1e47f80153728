import DICOM
import Testing

@Suite("Which presentation contexts are accepted")
struct AcceptancePolicyTests {
  private func decide(_ syntaxes: [UID]) -> AcceptancePolicy.Decision { decide(SOPClass.ctImageStorage, syntaxes) }

  private func decide(_ abstract: UID, _ syntaxes: [UID]) -> AcceptancePolicy.Decision {
    AcceptancePolicy.storage.decide(ProposedContext(id: 1, abstractSyntax: abstract, transferSyntaxes: syntaxes))
  }

  @Test("The peer's first compressed syntax is taken as it stands")
  func compressedFirst() {
    #expect(
      decide([TransferSyntax.jpeg2000.uid, TransferSyntax.explicitVRLittleEndian.uid]) == .accept(.jpeg2000))
  }

  @Test("Between uncompressed syntaxes Explicit VR Little Endian comes first")
  func uncompressed() {
    let all: [TransferSyntax] = [.explicitVRBigEndian, .implicitVRLittleEndian, .explicitVRLittleEndian]
    #expect(decide(all.map(\.uid)) == .accept(.explicitVRLittleEndian))
    #expect(decide(all.prefix(2).map(\.uid)) == .accept(.implicitVRLittleEndian))
    #expect(
      decide([TransferSyntax.implicitVRLittleEndian.uid, TransferSyntax.jpegBaseline.uid])
        == .accept(.implicitVRLittleEndian))
  }

  @Test("Every syntax of the table is accepted, alone")
  func wholeTable() {
    for syntax in TransferSyntax.all { #expect(decide([syntax.uid]) == .accept(syntax)) }
  }

  @Test("A private syntax is passed over, and refused when it is alone")
  func privateSyntax() {
    #expect(decide(["1.2.3.4"]) == .refuse(.transferSyntaxesNotSupported))
    #expect(decide(["1.2.3.4", TransferSyntax.jpegLSLossless.uid]) == .accept(.jpegLSLossless))
  }

  @Test("Other services are refused, private classes are storage")
  func services() {
    let syntax = [TransferSyntax.explicitVRLittleEndian.uid]
    #expect(decide(SOPClass.studyRootFind, syntax) == .refuse(.abstractSyntaxNotSupported))
    #expect(decide(SOPClass.verification, syntax) == .accept(.explicitVRLittleEndian))
    #expect(decide("1.2.826.0.1.3680043.99.1", syntax) == .accept(.explicitVRLittleEndian))
  }
}
