/// The languages of the page. French is first: it is what an unknown reader gets.
///
/// A further language is a case here, a table in `Files/texts.js` and a link in `Files/index.html`.
enum PageLanguage: String, CaseIterable, Sendable {
  case french = "fr"
  case arabic = "ar"
  case english = "en"

  /// The cookie in which the page keeps the reader's choice.
  static let cookie = "lang"

  /// As HTML's `dir` says it.
  var direction: String { self == .arabic ? "rtl" : "ltr" }

  /// The strongest wish wins: the address (`?lang=ar`), then the choice made earlier, then what the browser prefers.
  ///
  /// - Parameters:
  ///   - parameter: value of `lang` in the query.
  ///   - cookies: the whole `Cookie` header.
  ///   - accept: the whole `Accept-Language` header (RFC 9110 §12.5.4).
  init(parameter: String?, cookies: String?, accept: String?) {
    self =
      parameter.flatMap(Self.init(tag:)) ?? Self.stored(cookies).flatMap(Self.init(tag:)) ?? Self.preferred(accept)
      ?? .french
  }

  /// Takes `ar`, `ar-MA`, `AR`; nil for a language that the page does not speak.
  private init?(tag: some StringProtocol) {
    self.init(rawValue: tag.prefix { $0 != "-" }.lowercased())
  }

  private static func stored(_ cookies: String?) -> Substring? {
    guard let cookies else { return nil }
    for entry in cookies.split(separator: ";") {
      let pair = entry.drop { $0 == " " }.split(separator: "=", maxSplits: 1)
      if pair.count == 2, pair[0] == Self.cookie { return pair[1] }
    }
    return nil
  }

  private static func preferred(_ accept: String?) -> PageLanguage? {
    guard let accept else { return nil }
    var best: (language: PageLanguage, quality: Double)?
    for entry in accept.split(separator: ",").prefix(32) {
      let parts = entry.split(separator: ";").map { $0.filter { $0 != " " } }
      guard let tag = parts.first, let language = PageLanguage(tag: tag) else { continue }
      let weight = parts.dropFirst().first { $0.hasPrefix("q=") }
      let quality = weight.map { Double($0.dropFirst(2)) ?? 0 } ?? 1
      if quality > (best?.quality ?? 0) { best = (language, quality) }
    }
    return best?.language
  }
}
