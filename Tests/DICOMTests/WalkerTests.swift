import Testing

@testable import DICOM

/// What hostile, broken and merely odd data sets come to.
@Suite struct WalkerTests {
  private static func nested(_ depth: Int, closed: Bool = true) -> [UInt8] {
    let opening = Raw.long(Tag(0x0008, 0x1140), "SQ", [], claiming: Raw.undefined) + Raw.item(claiming: Raw.undefined)
    let closing = closed ? Raw.itemEnd + Raw.sequenceEnd : []
    return Raw.start + (0..<depth).flatMap { _ in opening } + (0..<depth).flatMap { _ in closing }
  }

  @Test func twentyThousandNestedSequencesEndAsACleanFailure() {
    #expect(ParsedObject.failure(dataSet: Self.nested(20_000)) == .tooDeep)
    #expect(ParsedObject.failure(dataSet: Self.nested(20_000, closed: false)) == .tooDeep)
  }

  @Test func nestingUpToTheLimitIsRead() throws {
    let object = try ParsedObject.make(dataSet: Self.nested(128))
    #expect(object.jsonText.hasSuffix(String(repeating: "}]}", count: 128) + "}"))
    #expect(ParsedObject.failure(dataSet: Self.nested(129)) == .tooDeep)
  }

  @Test func theNumberOfElementsIsLimited() {
    let bytes = DataSetWriter.make().file(transferSyntax: .explicitVRLittleEndian)
    #expect(throws: ParseFailure.self) {
      try ParsedObject.parse(ObjectBytes(bytes), limits: ParseLimits(elements: 3))
    }
    let fragments = (0..<100).flatMap { _ in Raw.item() }
    let pixels = Raw.start + Raw.long(.pixelData, "OB", fragments, claiming: Raw.undefined) + Raw.sequenceEnd
    let header = FileMeta.canonicalHeader(sopClassUID: "1", sopInstanceUID: "2", transferSyntax: .jpegBaseline)
    do {
      _ = try ParsedObject.parse(ObjectBytes(header + pixels), limits: ParseLimits(elements: 50))
      Issue.record("accepted")
    } catch { #expect(error.code == .tooManyElements) }
  }

  @Test(arguments: [TransferSyntax.explicitVRLittleEndian, .implicitVRLittleEndian, .explicitVRBigEndian])
  func aDataSetCutAnywhereIsRefused(_ syntax: TransferSyntax) {
    var writer = DataSetWriter.make { $0.describeImage(rows: 4, columns: 4) }
    writer.sequence(.requestAttributesSequence) { $0.string(.requestedProcedureID, .sh, "P1") }
    writer.bytes(.pixelData, .ow, [UInt8](1...16))
    let whole = writer.file(transferSyntax: syntax)
    let start = whole.count - writer.dataSet(transferSyntax: syntax).count
    for count in start + 1..<whole.count {
      // Cut between two elements a data set is shorter, but not visibly damaged: then the pixels are missing.
      if let object = try? ParsedObject.parse(ObjectBytes(Array(whole[..<count]))) {
        #expect(!object.dataSet.contains(.pixelData))
      }
    }
    #expect((try? ParsedObject.parse(ObjectBytes(whole))) != nil)
  }

  @Test func lengthsBeyondTheEndAreTruncation() {
    #expect(ParsedObject.failure(dataSet: Raw.start + Raw.short(.patientID, "LO", [65], claiming: 2)) == .truncated)
    #expect(
      ParsedObject.failure(dataSet: Raw.start + Raw.long(.pixelData, "OW", [], claiming: 0xFFFF_FFFE)) == .truncated)
    #expect(
      ParsedObject.failure(dataSet: Raw.start + Raw.long(Tag(0x0008, 0x1140), "SQ", [], claiming: 8)) == .truncated)
    let itemTooLong = Raw.long(Tag(0x0008, 0x1140), "SQ", Raw.item(claiming: 4))
    #expect(ParsedObject.failure(dataSet: Raw.start + itemTooLong) == .truncated)
  }

  @Test func whatNeverEndsIsRefused() {
    let sequence = Raw.long(Tag(0x0008, 0x1140), "SQ", [], claiming: Raw.undefined)
    #expect(ParsedObject.failure(dataSet: Raw.start + sequence) == .unterminated)
    let item = sequence + Raw.item(claiming: Raw.undefined)
    #expect(ParsedObject.failure(dataSet: Raw.start + item) == .unterminated)
    let pixels = Raw.long(.pixelData, "OB", Raw.item() + Raw.item(.item, [1, 2]), claiming: Raw.undefined)
    #expect(ParsedObject.failure(dataSet: Raw.start + pixels, .jpegBaseline) == .unterminated)
  }

  @Test func strangersInSequencesAreRefused() {
    let stranger = Raw.long(Tag(0x0008, 0x1140), "SQ", Raw.short(.patientID, "LO", [65, 66, 67, 68]))
    #expect(ParsedObject.failure(dataSet: Raw.start + stranger) == .malformedSequence)
    #expect(ParsedObject.failure(dataSet: Raw.start + Raw.sequenceEnd) == .strayDelimiter)
    #expect(ParsedObject.failure(dataSet: Raw.start + Raw.itemEnd) == .strayDelimiter)
    #expect(
      ParsedObject.failure(dataSet: Raw.start + Raw.short(.patientName, "ZZ", [65, 66])) == .unknownVR)
    let text = Raw.long(Tag(0x0008, 0x0115), "UT", [], claiming: Raw.undefined)
    #expect(ParsedObject.failure(dataSet: Raw.start + text + Raw.sequenceEnd) == .invalidLength)
  }

  @Test func superfluousDelimitersAtTheEndOfAKnownLengthAreTolerated() throws {
    let inner = Raw.short(Tag(0x0008, 0x1150), "UI", Array("1.22".utf8))
    let item = Raw.item(.item, inner + Raw.itemEnd)
    let sequence = Raw.long(Tag(0x0008, 0x1140), "SQ", item + Raw.itemEnd + Raw.sequenceEnd)
    let object = try ParsedObject.make(dataSet: Raw.start + sequence)
    #expect(object.dataSet.items(Tag(0x0008, 0x1140)).first?.string(Tag(0x0008, 0x1150)) == "1.22")
  }

  @Test func theFirstOfTwoElementsCountsAndOrderIsRestored() throws {
    let bytes =
      Raw.start + Raw.short(.patientID, "LO", Array("B2".utf8)) + Raw.short(.patientName, "PN", Array("A ".utf8))
      + Raw.short(.patientID, "LO", Array("C3".utf8))
    let object = try ParsedObject.make(dataSet: bytes)
    #expect(object.dataSet.string(.patientID) == "B2")
    #expect(object.dataSet.tags == [.sopClassUID, .patientName, .patientID])
    #expect(
      object.jsonText
        == #"{"00080016":{"vr":"UI","Value":["2.25.1"]},"00100010":{"vr":"PN","Value":[{"Alphabetic":"A"}]},"#
        + #""00100020":{"vr":"LO","Value":["B2"]}}"#)
  }

  @Test func aSequenceWrittenAsUNIsImplicitInside() throws {
    let inner = Raw.implicit(Tag(0x0008, 0x1150), Array("1.22".utf8))
    let undefinedLengths =
      Raw.long(Tag(0x0009, 0x1001), "UN", [], claiming: Raw.undefined)
      + Raw.item(.item, inner, claiming: Raw.undefined) + Raw.itemEnd + Raw.sequenceEnd
    let knownToTheDictionary = Raw.long(Tag(0x0008, 0x1140), "UN", Raw.item(.item, inner))
    let object = try ParsedObject.make(dataSet: Raw.start + knownToTheDictionary + undefinedLengths)
    for tag in [Tag(0x0008, 0x1140), Tag(0x0009, 0x1001)] {
      #expect(object.dataSet.items(tag).first?.string(Tag(0x0008, 0x1150)) == "1.22")
    }
  }

  @Test func aPublicAttributeWrittenAsUNGetsItsOwnVR() throws {
    let object = try ParsedObject.make(
      dataSet: Raw.start + Raw.long(.patientName, "UN", Array("A^B ".utf8)) + Raw.long(.rows, "UN", [2, 1])
        + Raw.long(Tag(0x0029, 0x1001), "UN", [2, 1]))
    #expect(object.dataSet.string(.patientName) == "A^B")
    #expect(object.dataSet.int(.rows) == 258)
    #expect(object.dataSet.vr(of: Tag(0x0029, 0x1001)) == .un)
  }

  @Test func anImplicitElementInAnExplicitDataSetIsRead() throws {
    let object = try ParsedObject.make(
      dataSet: Raw.start + Raw.implicit(.patientName, Array("A^B ".utf8)) + Raw.short(.patientID, "LO", [65, 66]))
    #expect(object.dataSet.string(.patientName) == "A^B")
    #expect(object.dataSet.string(.patientID) == "AB")
  }

  @Test func zerosBehindTheDataSetArePaddingAndAnythingElseIsNot() throws {
    let bytes = DataSetWriter.make().file(transferSyntax: .explicitVRLittleEndian)
    for count in [1, 2, 7, 8, 9, 5000] {
      let object = try ParsedObject.parse(ObjectBytes(bytes + [UInt8](repeating: 0, count: count)))
      #expect(object.dataSet.tags.last == .seriesInstanceUID)
    }
    let image = DataSetWriter.make {
      $0.describeImage(rows: 1, columns: 2)
      $0.bytes(.pixelData, .ow, [1, 2])
    }.file(transferSyntax: .explicitVRLittleEndian)
    for tail in [[1], Array("GARBAGE".utf8), Array("<html><body></body></html>".utf8)] as [[UInt8]] {
      do {
        _ = try ParsedObject.parse(ObjectBytes(image + tail))
        Issue.record("accepted \(tail)")
      } catch { #expect(error.code == .trailingGarbage) }
    }
  }

  @Test func signednessOfImplicitPixelValuesFollowsPixelRepresentation() throws {
    for (representation, expected) in [(UInt8(0), 65_535), (1, -1)] {
      let object = try ParsedObject.make(
        dataSet: Raw.implicit(.sopClassUID, Array("2.25.1".utf8))
          + Raw.implicit(.pixelRepresentation, [representation, 0])
          + Raw.implicit(.smallestImagePixelValue, [0xFF, 0xFF]), .implicitVRLittleEndian)
      #expect(object.dataSet.int(.smallestImagePixelValue) == expected)
    }
  }

  @Test func aDataSetInAnotherEncodingThanDeclaredIsRefused() {
    let writer = DataSetWriter.make()
    for (written, declared) in [
      (TransferSyntax.explicitVRLittleEndian, TransferSyntax.implicitVRLittleEndian),
      (.implicitVRLittleEndian, .explicitVRLittleEndian), (.explicitVRLittleEndian, .explicitVRBigEndian),
      (.explicitVRBigEndian, .explicitVRLittleEndian),
    ] {
      #expect(
        ParsedObject.failure(dataSet: writer.dataSet(transferSyntax: written), declared) == .encodingMismatch)
    }
  }
}
