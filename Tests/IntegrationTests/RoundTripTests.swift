import Foundation
import Testing

/// Every real image there is goes in by C-STORE or STOW-RS and comes back as it was.
@Suite("Round trips of real images", .enabled(if: TestData.real != nil))
struct RoundTripTests {
  /// What `roundtrip.py` says of one file.
  struct Report: Decodable {
    let path: String
    let stored: String?
    let found, same, metadata, pixels: Bool?
    let name: [String: String]?
    let frame, rendered: Int?
    let type, why, error: String?
  }

  /// What comes back is compared byte for byte with what was sent, so it must not be prepared meanwhile.
  private static let asReceived = ["--set", "preparation.enabled=false"]

  private func report(_ way: String, _ files: [String]) throws -> [Report] {
    let hub = try HubProcess(arguments: Self.asReceived)
    let result = try Executable.client(
      "roundtrip.py", [hub.base, "\(hub.dicomPort)", way] + files, seconds: 400)
    #expect(hub.identifier > 0 && kill(hub.identifier, 0) == 0, "the hub died: \(hub.logText.suffix(2000))")
    let reports = try result.output.split(separator: "\n").map {
      try JSONDecoder().decode(Report.self, from: Data($0.utf8))
    }
    #expect(reports.count == files.count, "\(result.errors)")
    #expect(try hub.stop() == 0)
    return reports
  }

  @Test func everyFileIsStoredFoundAndComesBackByteForByte() throws {
    let files = try TestData.manifest().filter { !$0.path.contains("/malformed/") && $0.path.hasSuffix(".dcm") }
    #expect(files.count > 250)
    var all: [Report] = []
    for round in TestData.roundsWithoutSharedUIDs(files.map { ($0.path, $0.uid) }) { all += try report("stow", round) }
    for file in all {
      #expect(
        file.stored == "stored" && file.found == true && file.same == true && file.metadata == true
          && (file.pixels != true || file.frame == 200) && file.error == nil, "\(file)")
    }
    for file in all where file.pixels == true {
      if file.path.contains("/video_") {
        // A video is served as it is, for the reader's browser to play; whoever asks for a picture is told so.
        #expect(file.rendered == 406 && file.why?.contains("Available: video/") == true, "\(file)")
      } else {
        #expect(file.rendered == 200, "\(file)")
      }
    }
  }

  @Test func everySyntaxArrivesByCStoreAsItIs() throws {
    let files = try TestData.manifest().filter { $0.path.contains("/syntaxes/") && !$0.uid.isEmpty }
    var all: [Report] = []
    for round in TestData.roundsWithoutSharedUIDs(files.map { ($0.path, $0.uid) }) { all += try report("dimse", round) }
    #expect(all.count > 90)
    for file in all {
      #expect(
        file.error == nil && (file.stored == "refused as it should be" || file.stored == "stored" && file.same == true),
        "\(file)")
    }
  }

  @Test func malformedFilesEndStoredQuarantinedOrRefusedAndTheHubLives() throws {
    let files = try TestData.manifest().filter { $0.path.contains("/malformed/") }
    let hub = try HubProcess(arguments: Self.asReceived)
    let result = try Executable.client(
      "roundtrip.py", [hub.base, "\(hub.dicomPort)", "stow"] + files.map(\.path), seconds: 300)
    let reports = try result.output.split(separator: "\n").map {
      try JSONDecoder().decode(Report.self, from: Data($0.utf8))
    }
    #expect(reports.count == files.count, "\(result.errors)")
    #expect(kill(hub.identifier, 0) == 0, "the hub died: \(hub.logText.suffix(2000))")
    for file in reports {
      let isRefused = file.stored?.hasPrefix("HTTP 4") == true
      #expect(file.error == nil && (isRefused || file.stored == "stored" && file.same == true), "\(file)")
    }
    #expect(try WebClient.get(hub.base + "/healthz").status == 200)
    #expect(try hub.stop() == 0)
    let verify = try Executable.run(Executable.rekkas, ["verify", "--data", hub.data.path])
    #expect(verify.status == 0, "\(verify.output)\(verify.errors)")
  }

  @Test func namesAreRightInEveryCharacterSet() throws {
    let folder = try #require(TestData.real)
    let files = Self.names.map { (path: folder.appendingPathComponent("charsets/\($0.file)").path, uid: $0.file) }
    let wanted = Dictionary(uniqueKeysWithValues: Self.names.map { ($0.file, $0.groups) })
    for file in try files.flatMap({ try report("stow", [$0.path]) }) {
      let groups = wanted[(file.path as NSString).lastPathComponent] ?? [:]
      #expect(file.name == groups, "\(file)")
    }
  }

  /// Names as their makers say they read, also where a file declares its character set wrongly or not at all.
  private static let names: [(file: String, groups: [String: String])] = [
    ("fr_utf8.dcm", ["Alphabetic": "Lefèvre^Amélie^Noëlle^Mme"]),
    ("fr_latin9.dcm", ["Alphabetic": "Lefèvre^Amélie^Noëlle^Mme"]),
    ("fr_latin1_undeclared.dcm", ["Alphabetic": "Lefèvre^Amélie^Noëlle^Mme"]),
    ("fr_utf8_undeclared.dcm", ["Alphabetic": "Lefèvre^Amélie^Noëlle^Mme"]),
    ("fr_utf8_declared_latin1.dcm", ["Alphabetic": "Lefèvre^Amélie^Noëlle^Mme"]),
    ("fr_latin1_declared_utf8.dcm", ["Alphabetic": "Lefèvre^Amélie^Noëlle^Mme"]),
    ("charset_lowercase.dcm", ["Alphabetic": "Lefèvre^Amélie^Noëlle^Mme"]),
    ("charset_utf8_label.dcm", ["Alphabetic": "Lefèvre^Amélie^Noëlle^Mme"]),
    ("chrFren.dcm", ["Alphabetic": "Buc^Jérôme"]),
    ("chrGerm.dcm", ["Alphabetic": "Äneas^Rüdiger"]),
    ("chrGreek.dcm", ["Alphabetic": "Διονυσιος"]),
    ("chrRuss.dcm", ["Alphabetic": "Люкceмбypг"]),
    ("chrHbrw.dcm", ["Alphabetic": "שרון^דבורה"]),
    ("chrArab.dcm", ["Alphabetic": "قباني^لنزار"]),
    ("ar_utf8.dcm", ["Alphabetic": "بن علي^محمد^الأمين"]),
    ("ar_iso127_long.dcm", ["Alphabetic": "بن علي^محمد^الأمين"]),
    ("ar_iso2022.dcm", ["Alphabetic": "Haddad^Y", "Ideographic": "الحداد^ياسمين"]),
    ("ar_fr_iso2022.dcm", ["Alphabetic": "Haddad^Yâsmîne", "Ideographic": "الحداد^ياسمين"]),
    ("chrH31.dcm", ["Alphabetic": "Yamada^Tarou", "Ideographic": "山田^太郎", "Phonetic": "やまだ^たろう"]),
    ("chrH32.dcm", ["Alphabetic": "ﾔﾏﾀﾞ^ﾀﾛｳ", "Ideographic": "山田^太郎", "Phonetic": "やまだ^たろう"]),
    ("chrI2.dcm", ["Alphabetic": "Hong^Gildong", "Ideographic": "洪^吉洞", "Phonetic": "홍^길동"]),
    ("chrX1.dcm", ["Alphabetic": "Wang^XiaoDong", "Ideographic": "王^小東"]),
    ("chrX2.dcm", ["Alphabetic": "Wang^XiaoDong", "Ideographic": "王^小东"]),
    ("emoji_utf8.dcm", ["Alphabetic": "Test^😀"]),
  ]
}
