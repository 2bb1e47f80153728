import Testing

@testable import Web

@Suite struct MediaRangeTests {
  /// Headers that real clients send, and what they mean.
  @Test(arguments: [
    // OHIF 3, frames: a quoted star.
    (
      "multipart/related; type=\"application/octet-stream\"; transfer-syntax=\"*\"",
      ["multipart/related type=application/octet-stream transfer-syntax=*"]
    ),
    // OHIF 2: unquoted, with a slash in a token, and two transfer syntaxes in one entry.
    (
      "multipart/related; type=application/octet-stream; transfer-syntax=1.2.3; transfer-syntax=*",
      ["multipart/related type=application/octet-stream transfer-syntax=1.2.3 transfer-syntax=*"]
    ),
    // OHIF 3, metadata: several entries, the first one wins.
    (
      "application/dicom+json, multipart/related; type=\"application/octet-stream\"; transfer-syntax=\"*\"",
      ["application/dicom+json", "multipart/related type=application/octet-stream transfer-syntax=*"]
    ),
    ("image/png;q=0.5, image/jpeg", ["image/jpeg", "image/png"]),
    ("image/png;q=0, */*", ["*/*"]),
    ("IMAGE/JPEG ; Q=1.0", ["image/jpeg"]),
    ("a/b; x=\"one, two; three\", c/d", ["a/b x=one, two; three", "c/d"]),
    ("a/b; x=\"say \\\"hi\\\"\"", ["a/b x=say \"hi\""]),
    (", nonsense, /, a/, text/plain", ["text/plain"]),
    ("a/b; x=\"never closed", ["a/b x=never closed"]),
    ("", []),
  ])
  func aHeaderIsReadAsItsSenderMeansIt(header: String, expected: [String]) {
    let read = MediaRange.list(header).map { range in
      ([range.essence] + range.parameters.map { "\($0.name)=\($0.value)" }).joined(separator: " ")
    }
    #expect(read == expected)
  }

  @Test func aRangeCoversWhatItsStarsLeaveOpen() throws {
    #expect(try #require(MediaRange("image/*")).covers("image/jpeg"))
    #expect(try #require(MediaRange("*/*")).covers("video/mp4"))
    #expect(try #require(MediaRange("image/png")).covers("image/jpeg") == false)
    #expect(try #require(MediaRange("image/*")).covers("video/mp4") == false)
  }

  @Test func aThousandCommasCostNothing() {
    #expect(MediaRange.list(String(repeating: ",;=\"", count: 4000)).isEmpty)
  }
}
