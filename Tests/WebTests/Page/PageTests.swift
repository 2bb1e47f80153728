import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Testing

@testable import Web

@Suite("Page")
struct PageTests {
  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Sources/Web/Page/Files")

  private static func source(_ name: String) throws -> String {
    try String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)
  }

  private static func names(_ suffix: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(suffix) }.sorted()
  }

  /// The tables of `texts….js`, which are strict JSON between the first and the last brace, as one: no key stands in two of them.
  private static func texts() throws -> [String: [String: Any]] {
    var all: [String: [String: Any]] = [:]
    for name in try names(".js").filter({ $0.hasPrefix("texts") }) {
      let source = try source(name)
      let start = try #require(source.range(of: "TEXTS = ")).upperBound
      let end = try #require(source.range(of: ";", options: .backwards)).lowerBound
      let parsed = try JSONSerialization.jsonObject(with: Data(source[start..<end].utf8))
      for (language, table) in try #require(parsed as? [String: [String: Any]]) {
        all[language, default: [:]].merge(table) { old, _ in
          Issue.record("\(name) has a text of \(language) for the second time: \(old)")
          return old
        }
      }
    }
    return all
  }

  private static func get(
    _ path: String, _ headers: HTTPFields = [:], of kind: PageKind = .reader,
    _ check: @escaping @Sendable (TestResponse) throws -> Void
  ) async throws {
    let router = Router(options: [.autoGenerateHeadEndpoints])
    PageRoutes(kind).add(to: router)
    try await Application(router: router).test(.router) { client in
      try await client.execute(uri: path, method: .get, headers: headers) { try check($0) }
    }
  }

  @Test("Every text exists in all three languages, with the same gaps to fill")
  func texts() throws {
    let texts = try Self.texts()
    #expect(Set(texts.keys) == Set(PageLanguage.allCases.map(\.rawValue)))
    let french = try #require(texts["fr"])
    func gaps(_ value: Any) -> Set<String> {
      let text = (value as? String) ?? (value as? [String: String])?["other"] ?? ""
      return Set(text.matches(of: /\{\w\}/).map { String($0.output) })
    }
    for (language, table) in texts {
      #expect(Set(table.keys) == Set(french.keys), "keys of \(language)")
      for (key, value) in table {
        if let text = value as? String {
          #expect(!text.isEmpty && french[key] is String, "\(language) \(key)")
        } else {
          // The forms of Intl.PluralRules: Arabic has six.
          let forms = try #require(value as? [String: String])
          let needed = language == "ar" ? ["zero", "one", "two", "few", "many", "other"] : ["one", "other"]
          #expect(Set(forms.keys) == Set(needed), "\(language) \(key)")
        }
        #expect(gaps(value) == gaps(french[key] ?? ""), "\(language) \(key)")
      }
    }
  }

  @Test("Every text that the script asks for is in the table")
  func usedTexts() throws {
    let french = try #require(try Self.texts()["fr"])
    for name in try Self.names(".js") where !name.hasPrefix("texts") {
      for match in try Self.source(name).matches(of: /say\('([^']+)'/) {
        #expect(french[String(match.1)] != nil, "\(name) says \(match.1)")
      }
      for match in try Self.source(name).matches(of: /button\('\w+', '([^']+)'/) {
        #expect(french[String(match.1)] != nil, "\(name) labels a button \(match.1)")
      }
    }
    for match in try Self.source("index.html").matches(of: /data-(?:text|label)="([^"]+)"/) {
      #expect(french[String(match.1)] != nil)
    }
  }

  @Test("Names and descriptions only ever become text: the script has no way to write markup")
  func noMarkup() throws {
    for name in try Self.names(".js") {
      let source = try Self.source(name)
      for way in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", "srcdoc"] {
        #expect(!source.contains(way), "\(name) uses \(way)")
      }
    }
  }

  @Test("The document comes in the language of the address, else of the cookie, else of the browser, else in French")
  func language() async throws {
    func expect(_ language: String, _ path: String = "/", cookie: String? = nil, accept: String? = nil) async throws {
      var headers: HTTPFields = [:]
      headers[.cookie] = cookie
      headers[.acceptLanguage] = accept
      try await Self.get(path, headers) { response in
        let direction = language == "ar" ? "rtl" : "ltr"
        #expect(String(buffer: response.body).contains("<html lang=\"\(language)\" dir=\"\(direction)\">"))
        #expect(response.headers[.contentLanguage] == language)
      }
    }
    try await expect("fr")
    try await expect("fr", accept: "de, zz;q=0.9")
    try await expect("ar", accept: "de, ar-MA;q=0.8, en;q=0.5")
    try await expect("en", accept: "fr;q=0, en;q=0.1")
    try await expect("en", cookie: "other=1; lang=en", accept: "ar")
    try await expect("ar", "/?lang=ar", cookie: "lang=en", accept: "fr")
    try await expect("en", "/?lang=xx", cookie: "lang=en")
  }

  @Test("The document runs nothing but its own file and asks nobody else")
  func policy() async throws {
    try await Self.get("/") { response in
      #expect(response.status == .ok)
      let policy = try #require(response.headers[.contentSecurityPolicy])
      #expect(policy.hasPrefix("default-src 'none'") && !policy.contains("unsafe") && !policy.contains("http"))
      let text = String(buffer: response.body)
      #expect(!text.contains("{{"))
      #expect(text.matches(of: /(?:src|href)="(?:https?:)?\/\//).isEmpty)
      #expect(text.matches(of: /<script(?![^>]*src=)/).isEmpty && text.matches(of: /\son\w+=/).isEmpty)
    }
  }

  @Test("A part is kept for ever under its hash, and asked for again under its plain name")
  func caching() async throws {
    try await Self.get("/page/app.js") { response in
      #expect(response.headers[.contentType] == "text/javascript; charset=utf-8")
      #expect(response.headers[.cacheControl] == "no-cache")
    }
    nonisolated(unsafe) var script = ""
    try await Self.get("/") { response in
      script = try #require(String(buffer: response.body).firstMatch(of: /src="(page\/app\.js\?v=\w+)"/)).1.description
    }
    nonisolated(unsafe) var tag = ""
    try await Self.get("/" + script) { response in
      #expect(response.headers[.cacheControl]?.contains("immutable") == true)
      tag = try #require(response.headers[.eTag])
    }
    try await Self.get("/" + script, [.ifNoneMatch: tag]) { response in
      #expect(response.status == .notModified && response.body.readableBytes == 0)
    }
    try await Self.get("/page/app.js?v=0") { #expect($0.headers[.cacheControl] == "no-cache") }
  }

  @Test("Who understands gzip gets it, under a tag of its own; who refuses it does not")
  func compression() async throws {
    nonisolated(unsafe) var plain = ""
    try await Self.get("/page/app.js", [.acceptEncoding: "br, gzip;q=0"]) { response in
      #expect(response.headers[.contentEncoding] == nil)
      plain = try #require(response.headers[.eTag])
    }
    try await Self.get("/page/app.js", [.acceptEncoding: "gzip, deflate, br"]) { response in
      #expect(response.headers[.contentEncoding] == "gzip")
      #expect(response.headers[.vary]?.contains("Accept-Encoding") == true)
      #expect(response.headers[.eTag] != plain)
      #expect(Array(response.body.readableBytesView.prefix(2)) == [0x1F, 0x8B])
    }
  }

  @Test(
    "The whole page is light: 40 KB at most to a reader or an administrator on a thin link, 60 KB to a phone that stands beside the box",
    arguments: [(PageKind.reader, 40_000), (.site, 60_000), (.administrator, 40_000)])
  func weight(_ kind: PageKind, most: Int) async throws {
    nonisolated(unsafe) var bytes = 0
    for path in [kind.path] + ["js", "css", "svg"].map({ "/page/\(kind.stem).\($0)" }) {
      try await Self.get(path, [.acceptEncoding: "gzip"], of: kind) { bytes += $0.body.readableBytes }
    }
    #expect(bytes > 5_000 && bytes < most, "\(bytes) bytes")
  }

  @Test("Every file of the page is part of at least one page, and each page has what its own views need")
  func parts() async throws {
    nonisolated(unsafe) var scripts: [PageKind: String] = [:]
    nonisolated(unsafe) var styles = ""
    for kind in PageKind.allCases {
      try await Self.get("/page/\(kind.stem).js", of: kind) { scripts[kind] = String(buffer: $0.body) }
      try await Self.get("/page/\(kind.stem).css", of: kind) { styles += String(buffer: $0.body) }
    }
    let all = scripts.values.joined()
    for name in try Self.names(".js") { #expect(all.contains(try Self.source(name)), "\(name) is in no page") }
    for name in try Self.names(".css") { #expect(styles.contains(try Self.source(name)), "\(name) is in no page") }
    #expect(scripts[.reader]?.contains("function showWorklist(") == true)
    #expect(scripts[.reader]?.contains("function showForm(") == false)
    #expect(scripts[.site]?.contains("function showForm(") == true)
    #expect(scripts[.administrator]?.contains("function showSites(") == true)
    #expect(scripts[.reader]?.contains("function showSites(") == false)
  }

  @Test(
    "The administrator's page lies beside the reader's, on a hub and not on a site",
    arguments: [PageKind.reader, .site])
  func administration(_ kind: PageKind) async throws {
    try await WebFixture.run(.make { $0.page = kind }) { _, client in
      try await client.execute(uri: "/admin?lang=ar", method: .get) { response in
        #expect(response.status == (kind == .reader ? .ok : .notFound))
        guard kind == .reader else { return }
        let text = String(buffer: response.body)
        #expect(text.contains("dir=\"rtl\"") && text.contains("page/admin.js?v=") && text.contains("page/admin.css?v="))
      }
      try await client.execute(uri: "/page/admin.js", method: .get) {
        #expect($0.status == (kind == .reader ? .ok : .notFound))
      }
      try await client.execute(uri: "/", method: .get) { #expect($0.status == .ok) }
    }
  }

  @Test("Nothing that is typed or shown is kept in the browser, but the language")
  func nothingKept() throws {
    for name in try Self.names(".js") {
      let source = try Self.source(name)
      for way in ["localStorage", "sessionStorage", "indexedDB", "caches.", "sendBeacon"] {
        #expect(!source.contains(way), "\(name) uses \(way)")
      }
      // The cookie of the language is the only one.
      for match in source.matches(of: /document\.cookie = `(\w+)=/) { #expect(match.1 == "lang") }
    }
  }
}
