import Testing

@testable import Web

@Suite struct MultipartReaderTests {
  /// What came out: each part's content type and content.
  private struct Parts {
    var headers: [[String: String]] = []
    var contents: [[UInt8]] = []
    var ended = 0

    mutating func take(_ event: MultipartReader.Event) {
      switch event {
      case .partBegan(let fields):
        headers.append(fields)
        contents.append([])
      case .bytes(let bytes): contents[contents.count - 1] += bytes
      case .partEnded: ended += 1
      }
    }

    var texts: [String] { contents.map { String(decoding: $0, as: UTF8.self) } }
  }

  private func read(_ body: [UInt8], pieces size: Int, boundary: String = "B") throws -> Parts {
    var reader = try MultipartReader(boundary: boundary)
    var parts = Parts()
    var start = 0
    while start < body.count {
      let end = min(body.count, start + size)
      try body[start..<end].withUnsafeBytes { try reader.receive($0) { parts.take($0) } }
      start = end
    }
    try reader.finish()
    return parts
  }

  private func read(_ body: String, pieces size: Int = .max >> 1, boundary: String = "B") throws -> Parts {
    try read(Array(body.utf8), pieces: size, boundary: boundary)
  }

  @Test(arguments: 1...40) func theSizeOfThePiecesMakesNoDifference(size: Int) throws {
    let body =
      "preamble\r\n--B\r\nContent-Type: application/dicom\r\n\r\none\r\n--\r\n-\r\n--A\r\n\r\n--B \t\r\nX: y\r\n\r\n\r\n--B--\r\nepilogue --B\r\n"
    let parts = try read(body, pieces: size)
    #expect(parts.texts == ["one\r\n--\r\n-\r\n--A\r\n", ""])
    #expect(parts.headers == [["content-type": "application/dicom"], ["x": "y"]])
    #expect(parts.ended == 2)
  }

  @Test(arguments: 1...12) func whatOnlyLooksLikeTheBoundaryIsContent(size: Int) throws {
    let parts = try read("--B\r\n\r\nx\r\n--Bee\r\n--B\u{20}z\r\n--B-\r\n\r\n--B--", pieces: size)
    #expect(parts.texts == ["x\r\n--Bee\r\n--B z\r\n--B-\r\n"])
  }

  @Test func everyByteValueSurvives() throws {
    let content =
      (0..<5000).map { UInt8(truncatingIfNeeded: $0 &* 7 ^ $0 >> 3) } + Array("\r\n--".utf8) + [13, 13, 10, 45]
    let body = Array("--B\r\n\r\n".utf8) + content + Array("\r\n--B--".utf8)
    for size in [1, 2, 3, 7, 64, 1000, 9999] { #expect(try read(body, pieces: size).contents == [content]) }
  }

  @Test func aPartMayHaveNoHeaders() throws {
    #expect(try read("--B\r\n\r\nx\r\n--B--").headers == [[:]])
  }

  @Test(arguments: [
    "--B\r\nContent-Type: application/dicom\r\n\r\nhalf a file",
    "--B\r\n\r\nwhole\r\n--B\r\n",
    "--B\r\n\r\nwhole\r\n--B",
    "--B\r\n\r\nwhole\r\n--B-",
    "--B\r\nContent-Ty",
  ])
  func aBodyWithoutItsEndIsAnError(body: String) {
    #expect(throws: MultipartFailure.unfinished) { try read(body) }
  }

  @Test(arguments: ["", "no boundary anywhere", "\r\n\r\n", "--C\r\n\r\nx\r\n--C--"])
  func aBodyWithoutPartsIsAnError(body: String) {
    #expect(throws: MultipartFailure.noParts) { try read(body) }
  }

  @Test func aHeaderBlockWithoutEndIsRefused() {
    #expect(throws: MultipartFailure.headersTooLong) {
      try read("--B\r\n" + String(repeating: "X: y\r\n", count: 10_000), pieces: 1000)
    }
  }

  @Test func theNumberOfPartsIsBounded() throws {
    var reader = try MultipartReader(boundary: "B", limits: MultipartLimits(parts: 3))
    let body = Array(String(repeating: "--B\r\n\r\n\r\n", count: 5).utf8)
    #expect(throws: MultipartFailure.tooManyParts) { try body.withUnsafeBytes { try reader.receive($0) { _ in } } }
  }

  @Test(arguments: ["", "a\r\nb", "ü", String(repeating: "b", count: 201)])
  func aBoundaryThatNoneCanBeIsRefused(boundary: String) {
    #expect(throws: MultipartFailure.badBoundary) { try MultipartReader(boundary: boundary) }
  }

  @Test func whatTheWriterWritesTheReaderReads() throws {
    var writer = MultipartWriter(rootType: "application/dicom", tag: EntityTag("x"))
    writer.add(
      contentType: "application/dicom; transfer-syntax=1.2.840.10008.1.2.1", location: "http://h/1",
      content: [.bytes([1, 2])])
    writer.add(contentType: "application/dicom; transfer-syntax=1.2.840.10008.1.2", content: [.bytes([]), .bytes([3])])
    let boundary = writer.boundary
    #expect(boundary.utf8.count >= 32)
    let body = writer.finished().flatMap { segment -> [UInt8] in
      guard case .bytes(let bytes) = segment else { return [] }
      return bytes
    }
    #expect(
      String(decoding: body, as: UTF8.self).hasPrefix(
        "--\(boundary)\r\nContent-Type: application/dicom; transfer-syntax=1.2.840.10008.1.2.1\r\n"))
    let parts = try read(body, pieces: 11, boundary: boundary)
    #expect(parts.contents == [[1, 2], [3]])
    #expect(parts.headers[0]["content-location"] == "http://h/1")
  }
}
