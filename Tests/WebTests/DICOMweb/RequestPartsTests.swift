import Testing

@testable import Web

@Suite struct QueryStringTests {
  @Test(arguments: [
    ("a=1&b=2", ["a": "1", "b": "2"]),
    ("PatientName=B%C3%A9n%20Ali%2A", ["PatientName": "Bén Ali*"]),
    ("PatientName=Ben+Ali&x=%2B", ["PatientName": "Ben Ali", "x": "+"]),
    ("includefield=00081030%2C00080060", ["includefield": "00081030,00080060"]),
    ("a=100%&b=%zz&c=%4", ["a": "100%", "b": "%zz", "c": "%4"]),
    ("flag&&=", ["flag": "", "": ""]),
    ("a=b=c", ["a": "b=c"]),
    ("PatientName=أحمد", ["PatientName": "أحمد"]),
  ])
  func aQueryIsDecodedAsClientsEncodeIt(query: String, expected: [String: String]) {
    let read = QueryString(query)
    for (name, value) in expected { #expect(read.first(name) == value) }
    #expect(!read.isMalformed)
  }

  @Test func bytesThatAreNotUTF8AreNoticed() { #expect(QueryString("PatientName=%E9").isMalformed) }

  @Test func repeatedParametersKeepTheirOrder() { #expect(QueryString("i=1&j=0&i=2").values("i") == ["1", "2"]) }
}

@Suite struct ByteRangeTests {
  @Test(
    arguments: [
      (nil, ByteRange.whole), ("bytes=0-9", .part(0..<10)), ("bytes=90-", .part(90..<100)),
      ("bytes=-5", .part(95..<100)),
      ("bytes=-500", .part(0..<100)), ("bytes=5-1000", .part(5..<100)), ("bytes=99-99", .part(99..<100)),
      ("bytes=100-", .unsatisfiable), ("bytes=-0", .unsatisfiable), ("bytes=9-5", .whole), ("bytes=0-1,5-6", .whole),
      ("lines=0-1", .whole), ("bytes=a-b", .whole), ("bytes=", .whole), ("bytes=-", .whole),
      ("bytes=0-9223372036854775807", .part(0..<100)), ("bytes=99999999999999999999-", .whole), ("bytes=--5", .whole),
    ] as [(String?, ByteRange)])
  func aRangeIsClippedRefusedOrIgnored(header: String?, expected: ByteRange) {
    #expect(ByteRange(header, length: 100) == expected)
  }

  @Test func aStretchOfABodyCutsItsSegments() {
    let body: [BodySegment] = [.bytes([0, 1, 2]), .file(path: "f", offset: 100, length: 10), .bytes([3, 4])]
    let cut = body.slice(2..<14)
    #expect(cut.length == 12)
    guard cut.count == 3, case .bytes([2]) = cut[0], case .file("f", 100, 10) = cut[1], case .bytes([3]) = cut[2] else {
      Issue.record("cut is \(cut)")
      return
    }
  }
}

@Suite struct EntityTagTests {
  @Test(
    arguments: [
      ("\"abc\"", true), ("W/\"abc\"", true), ("\"x\", \"abc\"", true), ("*", true), ("\"x\"", false), (nil, false),
      ("abc", false),
    ] as [(String?, Bool)])
  func ifNoneMatchNamesATag(header: String?, expected: Bool) { #expect(EntityTag("abc").matches(header) == expected) }

  @Test func aFoldedTagHas128BitsAndSeesOrderAndBorders() {
    let tag = EntityTag(folding: ["a", "bc"], salt: "s")
    #expect(tag.text.count == 34)
    #expect(tag == EntityTag(folding: ["a", "bc"], salt: "s"))
    for other in [["ab", "c"], ["bc", "a"], ["a"], ["a", "bc", ""]] {
      #expect(tag != EntityTag(folding: other, salt: "s"))
    }
    #expect(tag != EntityTag(folding: ["a", "bc"], salt: "t"))
  }
}
