import Testing

@testable import DICOM

/// Names on a screen: right as declared, and right where the declaration is wrong.
@Suite struct CharacterSetTests {
  /// The bytes of a name under a value of Specific Character Set, as text.
  private func name(_ bytes: [UInt8], _ terms: String, _ vr: String = "PN") throws -> String? {
    let tag: Tag = vr == "PN" ? .patientName : .patientComments
    let object = try ParsedObject.make(
      dataSet: Raw.short(.specificCharacterSet, "CS", Array(terms.utf8)) + Raw.short(tag, vr, bytes))
    return object.dataSet.string(tag)
  }

  @Test(
    arguments: [
      ("ISO_IR 100", [0xC9, 0x6C, 0xE9, 0x61], "Éléa"), ("ISO_IR 101", [0xA3, 0x75, 0x6B], "Łuk"),
      ("ISO_IR 109", [0xA1, 0x61], "Ħa"), ("ISO_IR 110", [0xAA, 0x61], "Ēa"), ("ISO_IR 144", [0xBB, 0xEE], "Лю"),
      ("ISO_IR 127", [0xE5, 0xCD, 0xE5, 0xCF], "محمد"), ("ISO_IR 126", [0xC4, 0xE9], "Δι"),
      ("ISO_IR 138", [0xF9, 0xF8], "שר"), ("ISO_IR 148", [0xDD, 0xFE], "İş"), ("ISO_IR 203", [0xBD, 0x75], "œu"),
      ("ISO_IR 13", [0xD4, 0xCF], "ﾔﾏ"), ("ISO_IR 166", [0xA1, 0xB2], "กฒ"), ("ISO_IR 192", [0xC3, 0xA9], "é"),
      ("GB18030", [0xCD, 0xF5], "王"), ("GBK", [0xCD, 0xF5, 0x81, 0x5C], "王乗"),
      ("ISO_IR 6", [0x41, 0x42], "AB"), ("", [0x41, 0x42], "AB"),
    ] as [(String, [UInt8], String)])
  func everySingleSetIsDecoded(_ terms: String, _ bytes: [UInt8], _ expected: String) throws {
    #expect(try name(bytes, terms) == expected)
  }

  @Test(arguments: [
    "ISO_IR 100", "iso_ir 100", "ISO-IR 100", "ISO IR 100", "ISO_IR_100", "ISO_IR100", "ISO 2022 IR 100",
    "ISO2022IR100", " ISO_IR 100 ",
  ])
  func aMisspeltTermIsUnderstood(_ terms: String) throws {
    // With another number it means another letter: the term was read, not just skipped as unknown.
    #expect(try name([0xA3], terms) == "£")
    #expect(try name([0xA3], terms.replacing("100", with: "101")) == "Ł")
  }

  @Test(arguments: ["Latin1", "ISO_8859-1", "windows-1252"])
  func setsAreKnownByTheirOtherNames(_ terms: String) throws {
    #expect(try name([0xE9], terms) == "é")
  }

  @Test(arguments: ["UTF-8", "utf8", "ISO_IR 192", "iso_ir192", "ISO 2022 IR 192"])
  func unicodeHasManyNames(_ terms: String) throws {
    #expect(try name(Array("Zoë^زويي😀".utf8), terms) == "Zoë^زويي😀")
  }

  private func iso(_ text: String) -> [UInt8] { text.unicodeScalars.map { UInt8($0.value) } }

  @Test func japaneseSwitchesBetweenSets() throws {
    let name = "Yamada^Tarou=\u{1B}$B;3ED\u{1B}(B^\u{1B}$BB@O:\u{1B}(B=\u{1B}$B$d$^$@\u{1B}(B^\u{1B}$B$?$m$&\u{1B}(B"
    #expect(try self.name(iso(name), "\\ISO 2022 IR 87") == "Yamada^Tarou=山田^太郎=やまだ^たろう")
    // Nobody declared it, but the escapes say it.
    #expect(try self.name(iso(name), "") == "Yamada^Tarou=山田^太郎=やまだ^たろう")
    // JIS X 0212, and a second byte that looks like a backslash.
    #expect(try self.name(iso("\u{1B}$(D0!\u{1B}(B"), "\\ISO 2022 IR 159") == "丂")
    #expect(try self.name(iso("\u{1B}$B!\\\u{1B}(B^A"), "\\ISO 2022 IR 87") == "＋^A")
    #expect(try self.name(iso("\u{1B})I\u{D4}\u{CF}"), "\\ISO 2022 IR 13") == "ﾔﾏ")
    #expect(try self.name(iso("\u{1B}(ITO\u{1B}(B"), "\\ISO 2022 IR 13") == "ﾔﾏ")
  }

  @Test func koreanAndChineseUseTheUpperHalf() throws {
    let korean = "Hong^Gildong=\u{1B}$)C\u{FB}\u{F3}^\u{1B}$)C\u{D1}\u{CE}\u{D4}\u{D7}"
    #expect(try name(iso(korean), "\\ISO 2022 IR 149") == "Hong^Gildong=洪^吉洞")
    let once = "Hong^Gildong=\u{1B}$)C\u{FB}\u{F3}^\u{D1}\u{CE}\u{D4}\u{D7}"
    #expect(try name(iso(once), "\\ISO 2022 IR 149") == "Hong^Gildong=洪^吉洞")
    #expect(try name([0xFB, 0xF3], "ISO 2022 IR 149") == "洪")
    #expect(try name(iso("\u{1B}$)A\u{CD}\u{F5}"), "\\ISO 2022 IR 58") == "王")
  }

  @Test func aDelimiterBringsTheDeclaredSetBack() throws {
    let name = "\u{1B}-G\u{C7}\u{E4}^\u{E9}t\u{E9}"
    #expect(try self.name(iso(name), "ISO 2022 IR 100\\ISO 2022 IR 127") == "ال^été")
    let text = "\u{1B}-F\u{C4}\r\n\u{E9}"
    #expect(try self.name(iso(text), "ISO 2022 IR 100\\ISO 2022 IR 126", "LT") == "Δ\r\né")
    // In text, "^" is no delimiter.
    #expect(try self.name(iso("\u{1B}-F\u{C4}^\u{C4}"), "ISO 2022 IR 100", "LT") == "Δ^Δ")
  }

  @Test func allSingleByteSetsCanBeSwitchedTo() throws {
    let cases: [(String, UInt8, String)] = [
      ("A", 0xE9, "é"), ("B", 0xA3, "Ł"), ("C", 0xA1, "Ħ"), ("D", 0xAA, "Ē"), ("L", 0xBB, "Л"), ("G", 0xE5, "م"),
      ("F", 0xC4, "Δ"), ("H", 0xF9, "ש"), ("M", 0xDD, "İ"), ("b", 0xBD, "œ"), ("T", 0xA1, "ก"),
    ]
    for (final, byte, expected) in cases {
      #expect(try name(iso("\u{1B}-\(final)") + [byte], "\\ISO 2022 IR 100") == expected)
    }
  }

  @Test func brokenEscapesDoNoHarm() throws {
    for text in [
      "\u{1B}", "A\u{1B}$", "A\u{1B}$B", "A\u{1B}$B;", "\u{1B}$)C\u{FB}", "\u{1B}%G\u{C3}\u{A9}", "\u{1B}-z\u{E9}",
    ] {
      #expect(try name(iso(text), "\\ISO 2022 IR 87") != nil || text == "\u{1B}")
    }
    #expect(try name(iso("\u{1B}$B;"), "\\ISO 2022 IR 87") == "\u{FFFD}")
  }

  // MARK: Wrong declarations

  @Test func validUTF8WinsOverADeclaredSingleByteSet() throws {
    let bytes = Array("Lefèvre^Amélie".utf8)
    for terms in ["ISO_IR 100", "", "ISO_IR 6", "ISO_IR 127", "ISO_IR 999"] {
      #expect(try name(bytes, terms) == "Lefèvre^Amélie")
    }
    // Two capital Cyrillic letters look like one character of UTF-8.
    #expect(try name([0xC2, 0xB0], "ISO_IR 144") == "ТА")
  }

  @Test func declaredUTF8ThatIsNoneFallsBack() throws {
    #expect(try name([0x4C, 0xE9, 0x61], "ISO_IR 192") == "Léa")
    #expect(try name([0x4C, 0xC3, 0xA9, 0x61, 0xC3], "ISO_IR 192") == "Léa\u{FFFD}")
    #expect(try name([0xC7, 0xE1, 0xCD, 0xCF, 0xC7, 0xCF], "ISO_IR 192") == "الحداد")
  }

  @Test func undeclaredTextIsGuessed() throws {
    #expect(try name([0x4C, 0xE9, 0x61], "") == "Léa")
    #expect(try name([0x9C, 0x75, 0x92], "") == "œu’")
    #expect(try name([0xC7, 0xE1, 0xCD, 0xCF, 0xC7, 0xCF], "") == "الحداد")
    #expect(try name(Array("Amélie été ça".utf8.dropLast()) + [0x61, 0xC3], "") == "Amélie été ç" + "a\u{FFFD}")
  }

  @Test func windowsCodePagesAreSeenBehindISONames() throws {
    #expect(try name([0x9C, 0x75, 0x92, 0xE9], "ISO_IR 100") == "œu’é")
    // "ياسمين" and "فاطمة" of Windows-1256 cannot be ISO 8859-6; "محمد" of ISO 8859-6 stays.
    #expect(try name([0xED, 0xC7, 0xD3, 0xE3, 0xED, 0xE4], "ISO_IR 127") == "ياسمين")
    #expect(try name([0xDD, 0xC7, 0xD8, 0xE3, 0xC9], "ISO_IR 127") == "فاطمة")
    #expect(try name([0xE5, 0xCD, 0xE5, 0xCF], "ISO_IR 127") == "محمد")
    #expect(try name([0xE5, 0xEF, 0xCD, 0xEE, 0xE5, 0xF1, 0xEE, 0xCF, 0xED], "ISO_IR 127") == "مُحَمَّدٍ")
  }

  @Test func aCharacterThatASetDoesNotHaveBecomesTheReplacementCharacter() throws {
    #expect(try name([0x41, 0xA5], "ISO_IR 109") == "A\u{FFFD}")
  }

  @Test func controlsStayAndNULsGo() throws {
    #expect(try name(Array("a\u{202E}b\u{200F}".utf8), "ISO_IR 192") == "a\u{202E}b\u{200F}")
    #expect(try name([0x41, 0, 0x42, 0, 0], "ISO_IR 192") == "AB")
  }

  @Test func anItemMayHaveItsOwnSet() throws {
    let inner =
      Raw.short(.specificCharacterSet, "CS", Array("ISO_IR 144".utf8)) + Raw.short(.patientName, "PN", [0xBB, 0xEE])
    let bare = Raw.short(.patientName, "PN", [0xE9, 0x20])
    let object = try ParsedObject.make(
      dataSet: Raw.short(.specificCharacterSet, "CS", Array("ISO_IR 100".utf8))
        + Raw.long(Tag(0x0008, 0x1140), "SQ", Raw.item(.item, inner) + Raw.item(.item, bare)))
    let items = object.dataSet.items(Tag(0x0008, 0x1140))
    #expect(items.map { $0.string(.patientName) } == ["Лю", "é"])
    #expect(object.jsonText.components(separatedBy: "ISO_IR 192").count == 3)
  }
}
