import Testing

@testable import DICOM

/// DICOM JSON as PS3.18 Annex F wants it.
@Suite struct JSONTests {
  /// The JSON of one element, without the braces around it.
  private func json(
    _ syntax: TransferSyntax = .explicitVRLittleEndian, _ build: (inout DataSetWriter) -> Void
  ) throws -> String {
    var writer = DataSetWriter()
    build(&writer)
    // A first element that lets the encoding be seen, taken out again.
    writer.string(.imageType, .cs, "X")
    let text = try writer.parsed(as: syntax).jsonText
    return text.replacing(#""00080008":{"vr":"CS","Value":["X"]},"#, with: "")
      .replacing(#","00080008":{"vr":"CS","Value":["X"]}"#, with: "")
  }

  @Test func textValuesAreTrimmedSplitAndEscaped() throws {
    #expect(
      try json { $0.string(.patientID, .lo, " a\"b \\c\n") } == #"{"00100020":{"vr":"LO","Value":["a\"b","c\n"]}}"#)
    #expect(try json { $0.string(.patientID, .lo, "\\b\\") } == #"{"00100020":{"vr":"LO","Value":[null,"b",null]}}"#)
    #expect(try json { $0.string(.patientID, .lo, "") } == #"{"00100020":{"vr":"LO"}}"#)
    #expect(try json { $0.string(.patientID, .lo, "   ") } == #"{"00100020":{"vr":"LO"}}"#)
    #expect(try json { $0.string(.patientID, .lo, "a\0b") } == #"{"00100020":{"vr":"LO","Value":["ab"]}}"#)
    #expect(
      try json { $0.string(.patientComments, .lt, " a\\b\u{1} ") }
        == #"{"00104000":{"vr":"LT","Value":[" a\\b\u0001"]}}"#)
  }

  @Test func aNameHasItsComponentGroups() throws {
    #expect(
      try json { $0.string(.patientName, .pn, "Yamada^Tarou=山田^太郎=やまだ^たろう") }.hasSuffix(
        #""00100010":{"vr":"PN","Value":[{"Alphabetic":"Yamada^Tarou","Ideographic":"山田^太郎","Phonetic":"やまだ^たろう"}]}}"#))
    #expect(
      try json { $0.string(.patientName, .pn, "A \\\\=B==C") }
        == #"{"00100010":{"vr":"PN","Value":[{"Alphabetic":"A"},null,{"Ideographic":"B"}]}}"#)
  }

  @Test(arguments: [
    ("1", "1"), ("-1.50", "-1.50"), ("+2", "2"), (".5", "0.5"), ("1.", "1"), ("007", "7"), ("-.25E+3", "-0.25E+3"),
    ("1e5", "1e5"), ("0", "0"), ("-0", "-0"), ("1A", "\"1A\""), ("1,5", "\"1,5\""), ("1e", "\"1e\""), ("-", "\"-\""),
    (".", "\".\""), ("NaN", "\"NaN\""), ("1 2", "\"1 2\""), ("1e9999", "\"1e9999\""), ("0x10", "\"0x10\""),
    ("123456789012345678901234567890", "123456789012345678901234567890"),
  ])
  func decimalTextIsANumberDigitForDigitOrElseAString(_ text: String, _ expected: String) throws {
    #expect(try json { $0.string(.sliceThickness, .ds, text) } == #"{"00180050":{"vr":"DS","Value":[\#(expected)]}}"#)
  }

  @Test(arguments: [TransferSyntax.explicitVRLittleEndian, .explicitVRBigEndian])
  func binaryNumbersAreReadInTheirByteOrder(_ syntax: TransferSyntax) throws {
    let text = try json(syntax) {
      $0.tags(.frameIncrementPointer, [.frameTime, .pixelData])
      $0.uint16(.rows, [1, 65_535])
      $0.int16(Tag(0x0028, 0x0106), [-2])
      $0.uint32(Tag(0x0018, 0x6016), [.max])
      $0.int32(Tag(0x0018, 0x6020), [.min])
      $0.uint64(.extendedOffsetTable, [.max], vr: .uv)
      $0.float(Tag(0x0018, 0x9075), [0.1, 1e-7, 3, -0.0, .nan, .infinity, -.infinity])
      $0.double(Tag(0x0018, 0x9087), [0.1, 1e300, 1_000_000, .pi])
    }
    #expect(
      text
        == #"{"00186016":{"vr":"UL","Value":[4294967295]},"00186020":{"vr":"SL","Value":[-2147483648]},"#
        + #""00189075":{"vr":"FL","Value":[0.1,1e-07,3,-0.0,"NaN","inf","-inf"]},"#
        + #""00189087":{"vr":"FD","Value":[0.1,1e+300,1000000,3.141592653589793]},"#
        + #""00280009":{"vr":"AT","Value":["00181063","7FE00010"]},"00280010":{"vr":"US","Value":[1,65535]},"#
        + #""00280106":{"vr":"SS","Value":[-2]},"7FE00001":{"vr":"UV","Value":[18446744073709551615]}}"#)
  }

  @Test func octetsAreInlineUpToTheLimitAndInLittleEndian() throws {
    let tag = Tag(0x0028, 0x1201)
    for syntax in [TransferSyntax.explicitVRLittleEndian, .explicitVRBigEndian] {
      #expect(
        try json(syntax) { $0.bytes(tag, .ow, [1, 2, 3, 4]) } == #"{"00281201":{"vr":"OW","InlineBinary":"AQIDBA=="}}"#)
    }
    #expect(try json { $0.bytes(tag, .ob, [255, 0]) } == #"{"00281201":{"vr":"OB","InlineBinary":"/wA="}}"#)
    #expect(
      try json { $0.bytes(tag, .ow, [UInt8](repeating: 0, count: 1026)) }
        == #"{"00281201":{"vr":"OW","BulkDataURI":"~/00281201"}}"#)
  }

  @Test func pixelDataIsABulkDataURIAndLargeOctetsInItemsAre() throws {
    let icon = (0..<2000).map { UInt8(truncatingIfNeeded: $0) }
    let object = try DataSetWriter.make {
      $0.bytes(.pixelData, .ow, [1, 2])
      $0.sequence(Tag(0x0088, 0x0200)) { $0.string(.patientID, .lo, "first") }
      $0.sequence(Tag(0x0088, 0x0200)) { $0.bytes(.pixelData, .ow, icon) }
      $0.sequence(Tag(0x0088, 0x0200)) { $0.bytes(.pixelData, .ow, [7, 8]) }
    }.parsed()
    #expect(object.jsonText.contains(#""7FE00010":{"vr":"OW","BulkDataURI":"~/7FE00010"}"#))
    #expect(object.jsonText.contains(#""7FE00010":{"vr":"OW","BulkDataURI":"~/00880200/1/7FE00010"}"#))
    let path = try #require(AttributePath("00880200/1/7FE00010"))
    #expect(object.jsonText.contains(#"{"7FE00010":{"vr":"OW","InlineBinary":"Bwg="}}"#))
    #expect(object.dataSet.bulkData(of: path) == icon)
    #expect(object.dataSet.bulkData(of: path, in: 1998..<5000) == Array(icon[1998...]))
    #expect(object.dataSet.bytes(of: path)?.count == 2000)
    #expect(object.dataSet.bytes(of: AttributePath(.pixelData, in: [.init(sequence: .patientID, item: 0)])) == nil)
    #expect(object.dataSet.bytes(of: AttributePath(.rows)) == nil)
  }

  @Test func longArraysAndHostileTextsBecomeBulkData() throws {
    #expect(try json { $0.float(Tag(0x0018, 0x9404), [Float](repeating: 1, count: 20_000)) }.contains("BulkDataURI"))
    #expect(try json { $0.float(Tag(0x0018, 0x9404), [Float](repeating: 1, count: 10_000)) }.contains("[1,1,1,"))
    let long = String(repeating: "x", count: 70_000)
    for (tag, vr) in [(Tag(0x0040, 0xA160), VR.ut), (.patientID, .lo)] {
      #expect(try json { $0.string(tag, vr, long) }.contains(#""vr":"\#(vr)","Value":["xxxx"#))
      let hostile = String(repeating: long, count: 16)
      #expect(try json { $0.string(tag, vr, hostile) }.contains(#""vr":"\#(vr)","BulkDataURI":"~/\#(tag.hex)""#))
    }
  }

  @Test func theJSONOfManyLargeValuesStaysSmall() throws {
    let text = [UInt8](repeating: 1, count: 60_000)
    var dataSet = Raw.start
    for element in UInt16(0x1000)..<0x1400 { dataSet += Raw.short(Tag(0x0009, element), "LO", text) }
    let json = try ParsedObject.make(dataSet: dataSet).dataSet.json()
    #expect(json.count < 65 << 20)
  }

  @Test func groupLengthsAndTheFileMetaAreLeftOut() throws {
    let object = try ParsedObject.make(
      dataSet: Raw.short(Tag(0x0008, 0x0000), "UL", [1, 0, 0, 0]) + Raw.start
        + Raw.short(Tag(0x0009, 0x0010), "LO", Array("VENDOR".utf8)))
    #expect(
      object.jsonText
        == #"{"00080016":{"vr":"UI","Value":["2.25.1"]},"00090010":{"vr":"LO","Value":["VENDOR"]}}"#)
  }

  @Test func chosenAttributesComeInOrderAndAbsentOnesNot() throws {
    let object = try DataSetWriter.make { $0.sequence(.requestAttributesSequence, items: []) }.parsed()
    let text = String(
      decoding: object.dataSet.json(only: [.patientName, .modality, .rows, .requestAttributesSequence, .modality]),
      as: UTF8.self)
    #expect(
      text
        == #"{"00080060":{"vr":"CS","Value":["OT"]},"00100010":{"vr":"PN","Value":[{"Alphabetic":"Test^Case"}]},"#
        + #""00400275":{"vr":"SQ"}}"#)
  }

  @Test func emptyItemsAreEmptyObjects() throws {
    let text = try json { $0.sequence(.requestAttributesSequence, items: [DataSetWriter(), DataSetWriter()]) }
    #expect(text == #"{"00400275":{"vr":"SQ","Value":[{},{}]}}"#)
  }
}

@Suite struct ValueTests {
  @Test func numbersAreReadFromTextAndBinary() throws {
    let dataSet = try DataSetWriter.make {
      $0.string(.instanceNumber, .is, " +12 ")
      $0.string(.seriesNumber, .is, "3.0")
      $0.string(.windowCenter, .ds, "40\\-600.5")
      $0.string(.windowWidth, .ds, "400\\wide")
      $0.uint16(.rows, [512])
      $0.double(Tag(0x0018, 0x9087), [1.5, 2])
      $0.string(.acquisitionNumber, .is, "99999999999999999999999")
    }.parsed().dataSet
    #expect(dataSet.int(.instanceNumber) == 12)
    #expect(dataSet.int(.seriesNumber) == 3)
    #expect(dataSet.int(.rows) == 512)
    #expect(dataSet.int(.acquisitionNumber) == nil)
    #expect(dataSet.int(.modality) == nil)
    #expect(dataSet.double(.windowCenter) == 40)
    #expect(dataSet.doubles(.windowCenter) == [40, -600.5])
    #expect(dataSet.doubles(.windowWidth) == [])
    #expect(dataSet.doubles(Tag(0x0018, 0x9087)) == [1.5, 2])
    #expect(dataSet.string(.rows) == "512")
    #expect(dataSet.strings(.windowCenter) == ["40", "-600.5"])
    #expect(dataSet.uid(.studyInstanceUID) == "2.25.101")
    #expect(dataSet.string(.patientID) == nil)
    #expect(!dataSet.contains(.patientID))
  }
}
