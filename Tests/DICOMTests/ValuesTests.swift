import Testing

@testable import DICOM

@Suite struct ValuesTests {
  @Test func aTagIsReadAndWrittenAsEightDigits() {
    #expect(Tag(hex: "00100010") == .patientName)
    #expect(Tag(hex: "7fe00010") == .pixelData)
    #expect(Tag.pixelData.hex == "7FE00010")
    #expect("\(Tag.pixelData)" == "(7FE0,0010)")
    for text in ["", "0010001", "001000100", "0010001G", "+0100010", "0010 010"] { #expect(Tag(hex: text) == nil) }
  }

  @Test func generatedUIDsAreWellFormedAndDiffer() {
    let uids = (0..<1000).map { _ in UID.generate() }
    #expect(Set(uids).count == 1000)
    #expect(uids.allSatisfy { $0.isWellFormed && $0.rawValue.hasPrefix("2.25.") })
  }

  @Test func aDerivedUIDFollowsFromItsDigestForEver() {
    let digest = (0..<32).map { UInt8($0) }
    #expect(UID.derived(from: digest) == "2.25.5233100606847278184134747173490191")
    #expect(UID.derived(from: digest) == UID.derived(from: Array(digest.prefix(16))))
    #expect(UID.derived(from: []).isWellFormed)
    #expect(UID.derived(from: [UInt8](repeating: 255, count: 16)).isWellFormed)
  }

  @Test func transferSyntaxesAreCompleteAndUnique() {
    #expect(TransferSyntax.all.count == 62)
    #expect(Set(TransferSyntax.all).count == TransferSyntax.all.count)
    #expect(TransferSyntax.all.allSatisfy { TransferSyntax(uid: $0.uid) == $0 })
    #expect(TransferSyntax(uid: "1.2.840.10008.9.9.9") == nil)
    #expect(TransferSyntax.all.filter { !$0.isExplicitVR } == [.implicitVRLittleEndian])
    #expect(TransferSyntax.all.filter { !$0.isLittleEndian } == [.explicitVRBigEndian])
    #expect(TransferSyntax.htj2kLosslessRPCL.frameMediaType == "image/jphc")
    #expect(TransferSyntax.jpeg2000Lossless.uid == "1.2.840.10008.1.2.4.90")
    #expect(!TransferSyntax.jpeg2000Lossless.isLossy)
    #expect(TransferSyntax.mpeg4HighProfile41.isVideo)
  }

  @Test func everySOPClassThatIsNoKnownServiceIsStorage() {
    #expect(SOPClass.isStorage(SOPClass.ctImageStorage))
    #expect(SOPClass.isStorage("1.2.840.113619.4.30"))
    #expect(SOPClass.isStorage("1.2.840.10008.5.1.4.1.1.999"))
    #expect(!SOPClass.isStorage(SOPClass.verification))
    #expect(!SOPClass.isStorage(SOPClass.studyRootFind))
    #expect(!SOPClass.isStorage(SOPClass.mediaStorageDirectory))
    #expect(SOPClass.name(SOPClass.ctImageStorage) == "CT Image Storage")
    #expect(SOPClass.allStorage.count > 200)
    #expect(SOPClass.allStorage.allSatisfy(SOPClass.isStorage))
  }

  @Test func aStatusKnowsWhatItMeans() {
    #expect(DIMSEStatus.outOfResources.isFailure)
    #expect("\(DIMSEStatus.outOfResources)" == "0xA700")
    #expect("\(DIMSEStatus.processingFailure)" == "0x0110")
    #expect(DIMSEStatus.pending.isPending && !DIMSEStatus.pending.isFailure)
    #expect(DIMSEStatus.coercionOfDataElements.isWarning)
    #expect(!DIMSEStatus.success.isFailure && !DIMSEStatus.cancelled.isFailure)
  }

  @Test func theDictionaryAnswersBothWays() {
    #expect(DataDictionary.vr(of: .patientName) == .pn)
    #expect(DataDictionary.vr(of: .rows) == .us)
    #expect(DataDictionary.vr(of: .pixelData) == .ow)
    #expect(DataDictionary.vr(of: Tag(0x0028, 0x0106)) == .us)
    #expect(DataDictionary.vr(of: Tag(0x6002, 0x3000)) == .ow)
    #expect(DataDictionary.vr(of: Tag(0x0010, 0x0000)) == .ul)
    #expect(DataDictionary.vr(of: Tag(0x0009, 0x0010)) == .lo)
    #expect(DataDictionary.vr(of: Tag(0x0009, 0x1001)) == nil)
    #expect(DataDictionary.vr(of: Tag(0x7778, 0x1234)) == nil)
    #expect(DataDictionary.keyword(of: .patientName) == "PatientName")
    #expect(DataDictionary.keyword(of: Tag(0x6002, 0x3000)) == "OverlayData")
    #expect(DataDictionary.keyword(of: Tag(0x0009, 0x1001)) == nil)
    #expect(DataDictionary.tag(forKeyword: "StudyInstanceUID") == .studyInstanceUID)
    #expect(DataDictionary.tag(forKeyword: "OverlayData") == Tag(0x6000, 0x3000))
    #expect(DataDictionary.tag(forKeyword: "NoSuchThing") == nil)
  }

  @Test func aPathIsReadAndWritten() {
    let path = AttributePath(Tag(0x0009, 0x1010), in: [.init(sequence: Tag(0x0009, 0x1001), item: 12)])
    #expect("\(path)" == "00091001/12/00091010")
    #expect(AttributePath("00091001/12/00091010") == path)
    #expect(AttributePath("7FE00010") == AttributePath(.pixelData))
    for text in ["", "/", "7FE00010/", "7FE00010/0", "7FE00010/x/00100010", "00100010/-1/00100010", "../00100010"] {
      #expect(AttributePath(text) == nil)
    }
    #expect(AttributePath(String(repeating: "00081140/0/", count: 200) + "00081150") == nil)
  }
}

@Suite struct FileMetaTests {
  @Test func theCanonicalHeaderNeverChanges() {
    let header = FileMeta.canonicalHeader(
      sopClassUID: "1.2.840.10008.5.1.4.1.1.2", sopInstanceUID: "2.25.3", transferSyntax: .explicitVRLittleEndian)
    #expect(header.prefix(128).allSatisfy { $0 == 0 })
    let group = header.dropFirst(128)
    let expected =
      "DICM" + "\u{2}\0\0\0UL\u{4}\0\u{9A}\0\0\0" + "\u{2}\0\u{1}\0OB\0\0\u{2}\0\0\0\0\u{1}"
      + "\u{2}\0\u{2}\0UI\u{1A}\01.2.840.10008.5.1.4.1.1.2\0" + "\u{2}\0\u{3}\0UI\u{6}\02.25.3"
      + "\u{2}\0\u{10}\0UI\u{14}\01.2.840.10008.1.2.1\0"
      + "\u{2}\0\u{12}\0UI\u{2A}\02.25.1827110680940165278719434771653022980"
      + "\u{2}\0\u{13}\0SH\u{6}\0REKKAS"
    #expect(Array(group) == expected.unicodeScalars.map { UInt8($0.value) })
  }

  @Test func theHeaderIsReadBack() throws {
    let object = try DataSetWriter.make().parsed(as: .jpeg2000Lossless)
    #expect(object.transferSyntax == .jpeg2000Lossless)
    #expect(object.fileMeta?.sopInstanceUID == "2.25.100")
    #expect(object.fileMeta?.sopClassUID == SOPClass.secondaryCaptureImageStorage)
    #expect(object.fileMeta?.implementationVersionName == "REKKAS")
  }
}
