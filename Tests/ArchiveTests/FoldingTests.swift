import Testing

@testable import Archive

@Suite struct FoldingTests {
  @Test(arguments: [
    ("DUPONT", "dupont"), ("Lefèvre", "lefevre"), ("Lefe\u{300}vre", "lefevre"), ("Œuvre", "oeuvre"),
    ("Straße", "strasse"), ("İstanbul", "istanbul"), ("Ængström", "aengstrom"), ("O’Brien", "o'brien"),
    ("Aït–Ben", "ait-ben"), ("ﾔﾏﾀﾞ", "ヤマタ"), ("Ｙａｍａｄａ", "yamada"),
  ])
  func `Latin text folds without accents, case and width`(text: String, folded: String) {
    #expect(FoldedText.fold(text) == folded)
  }

  @Test(arguments: [
    ("أحمد", "احمد"), ("إبراهيم", "ابراهيم"), ("آمنة", "امنه"), ("ٱلحسن", "الحسن"), ("مُحَمَّد", "محمد"),
    ("محـــمد", "محمد"), ("سلمى", "سلمي"), ("مؤمن", "مومن"), ("رئيس", "رييس"), ("فاطمة", "فاطمه"),
    ("\u{200F}علي\u{200E}", "علي"), ("ﻋﻠﻲ", "علي"), ("١٢٣", "123"), ("یوسف", "يوسف"), ("کریم", "كريم"),
  ])
  func `Arabic text folds without vowels, lengthening and forms of letters`(text: String, folded: String) {
    #expect(FoldedText.fold(text) == folded)
  }

  @Test func `A name's groups lose their empty ends`() {
    #expect(FoldedName("Béchir^Salma^^=بشير^سلمى").groups == ["^bechir^salma", "^بشير^سلمي"])
    #expect(FoldedName("DUPONT ^ Jean  Marc^^^").key == "^dupont^jean marc")
    #expect(FoldedName("^^^").groups.isEmpty)
    #expect(FoldedName("").key == "")
    #expect(FoldedName("^Jean").key == "^^jean")
  }

  @Test func `A name's words are found whatever parts them`() {
    #expect(FoldedName("El-Idrissi^Fatima Zahra=الإدريسي").words == ["el", "idrissi", "fatima", "zahra", "الادريسي"])
  }

  @Test(arguments: [
    ("20260101-20260131", "20260101"..."20260131"), ("20260105", "20260105"..."20260105"),
    ("2026", "20260000"..."20269999"), ("202601-202602", "20260100"..."20260299"),
    ("2026-01-05", "20260105"..."20260105"),
    ("-20260105", "0"..."20260105"), ("20260105-", "20260105"...":"),
  ])
  func `Dates and ranges of dates`(text: String, range: ClosedRange<String>) {
    #expect(MatchText.dateRange(text) == range)
  }

  @Test(arguments: ["yesterday", "2026010", "-", "2026010a", "20260101-20260102-20260103", "*1"])
  func `What is no date is refused`(text: String) { #expect(MatchText.dateRange(text) == nil) }

  @Test(arguments: [
    ("1000-1200", "100000"..."120099.999999"), ("10", "100000"..."109999.999999"),
    ("10:15:30", "101530"..."101530.999999"),
    ("101530.5", "101530.5"..."101530.599999"), ("-12", "0"..."129999.999999"), ("08-", "080000"...":"),
  ])
  func `Times cover what they do not say`(text: String, range: ClosedRange<String>) {
    #expect(MatchText.timeRange(text) == range)
  }

  @Test(arguments: [
    ("abc", "abc", true), ("abc", "a*", true), ("abc", "*c", true), ("abc", "a?c", true), ("abc", "a?", false),
    ("", "*", true), ("", "?", false), ("aXbXc", "a*b*c", true), ("aXbXd", "a*b*c", false), ("abab", "*ab", true),
    ("a*b", "a*b", true), ("محمد", "مح?د", true),
  ])
  func `Wild cards`(text: String, pattern: String, matches: Bool) {
    #expect(MatchText.matches(text, pattern: pattern) == matches)
  }

  @Test func `A hostile pattern takes no more than its share of time`() {
    let text = String(repeating: "a", count: 2000)
    #expect(!MatchText.matches(text, pattern: String(repeating: "*a", count: 200) + "b"))
  }
}
