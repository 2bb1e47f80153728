import Foundation
import Testing

@testable import DICOM

/// Every real file outside `malformed` is read whole, and its names come out right.
@Suite(.enabled(if: TestData.isPresent, TestData.comment)) struct RealDataTests {
  @Test(arguments: ["modalities", "syntaxes", "charsets", "photos"])
  func everyFileParsesAndItsJSONIsValid(_ folder: String) throws {
    for file in TestData.files(in: folder) {
      do {
        let object = try TestData.parse(file)
        let json = try object.jsonObject()
        #expect(json.count == object.dataSet.tags.count { $0.element != 0 && $0.group > 2 }, "\(file)")
        if let location = object.pixelData {
          #expect(PixelDataLocation(encoded: location.encoded()) == location, "\(file)")
          let last = location.fragments(of: location.frameCount - 1).last
          #expect(last.map { $0.upperBound <= object.dataSet.bytes.count } == true, "\(file)")
        } else {
          // Only a presentation state, a report and their like have no frames.
          #expect(!object.dataSet.contains(.pixelData), "\(file)")
        }
      } catch { Issue.record("\(file): \(error)") }
    }
  }

  @Test(arguments: [
    ("ar_bidi_marks_utf8", "\u{202B}الحداد^ياسمين\u{202C}"), ("ar_cp1256_declared_127", "الحداد^ياسمين"),
    ("ar_cp1256_undeclared", "الحداد^ياسمين"), ("ar_diacritics_tatweel_utf8", "مُحَمَّـــد^الأَمِين"),
    ("ar_fr_iso2022", "Haddad^Yâsmîne=الحداد^ياسمين"), ("ar_groups_utf8", "Haddad^Yasmine=الحداد^ياسمين"),
    ("ar_iso127_long", "بن علي^محمد^الأمين"), ("ar_iso2022", "Haddad^Y=الحداد^ياسمين"),
    ("ar_utf8", "بن علي^محمد^الأمين"), ("charset_lowercase", "Lefèvre^Amélie^Noëlle^Mme"),
    ("charset_utf8_label", "Lefèvre^Amélie^Noëlle^Mme"), ("chrArab", "قباني^لنزار"), ("chrFren", "Buc^Jérôme"),
    ("chrFrenMulti", "Buc^Jérôme"), ("chrGerm", "Äneas^Rüdiger"), ("chrGreek", "Διονυσιος"),
    ("chrH31", "Yamada^Tarou=山田^太郎=やまだ^たろう"), ("chrH32", "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう"),
    ("chrHbrw", "שרון^דבורה"), ("chrI2", "Hong^Gildong=洪^吉洞=홍^길동"), ("chrJapMulti", "やまだ^たろう"),
    ("chrJapMultiExplicitIR6", "やまだ^たろう"), ("chrKoreanMulti", "김희중"), ("chrRuss", "Люкceмбypг"),
    ("chrX1", "Wang^XiaoDong=王^小東"), ("chrX2", "Wang^XiaoDong=王^小东"), ("emoji_utf8", "Test^😀"),
    ("fr_cp1252", "Lefèvre^Amélie^Noëlle^Mme’"), ("fr_latin1_declared_utf8", "Lefèvre^Amélie^Noëlle^Mme"),
    ("fr_latin1_undeclared", "Lefèvre^Amélie^Noëlle^Mme"), ("fr_latin9", "Lefèvre^Amélie^Noëlle^Mme"),
    ("fr_nfd_utf8", "Lefèvre^Amélie^Noëlle^Mme"), ("fr_utf8", "Lefèvre^Amélie^Noëlle^Mme"),
    ("fr_utf8_declared_latin1", "Lefèvre^Amélie^Noëlle^Mme"), ("fr_utf8_undeclared", "Lefèvre^Amélie^Noëlle^Mme"),
    ("unknown_charset", "Lefèvre^Amélie^Noëlle^Mme"), ("utf8_cut_mid_char", "Lefè"),
    ("name_200_utf8", String(repeating: "é", count: 200)),
  ])
  func aNameIsReadRight(_ file: String, _ expected: String) throws {
    let name = try #require(try TestData.parse("charsets/\(file).dcm").dataSet.string(.patientName))
    // Swift compares by canonical equivalence: the decomposed accents of fr_nfd_utf8 are the same name.
    #expect(name == expected)
  }

  @Test func aNameInAnItemIsReadByTheItemsOwnSet() throws {
    for file in ["chrSQEncoding", "chrSQEncoding1"] {
      let dataSet = try TestData.parse("charsets/\(file).dcm").dataSet
      let item = try #require(dataSet.items(Tag(0x0032, 0x1064)).first)
      #expect(item.string(.patientName) == "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう")
    }
  }

  @Test func oneImageReadsTheSameInEverySyntax() throws {
    // One CT slice, written fifteen ways; what differs belongs to the pixels.
    let files = TestData.files(in: "syntaxes").filter { $0.contains("/ctimage_") }
    #expect(files.count > 10)
    let texts = try files.map { file in
      let dataSet = try TestData.parse(file).dataSet
      return String(
        decoding: dataSet.json(only: [.patientName, .studyInstanceUID, .imagePositionPatient, .pixelSpacing, .rows]),
        as: UTF8.self)
    }
    #expect(Set(texts).count == 1)
  }

  @Test func fragmentedFramesAreJoined() throws {
    let whole = try TestData.parse("syntaxes/encaps_CT0012.not_fragmented_bot_jpeg_ls.80.dcm")
    let pieces = try TestData.parse("syntaxes/encaps_CT0012.fragmented_no_bot_jpeg_ls.80.dcm")
    #expect(whole.pixelData?.frameCount == 2 || whole.pixelData?.frameCount == 1)
    #expect(whole.pixelData?.frameCount == pieces.pixelData?.frameCount)
    #expect((pieces.pixelData?.fragments(of: 0).count ?? 0) > 1)
  }
}
