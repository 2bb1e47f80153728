import HTTPTypes
import Hummingbird
import Imaging
import NIOCore

/// The page of a hub or of a site (``PageKind``): a handful of files, compiled into the program, that talk to `/dicom-web` and
/// `/api/v1` of the same origin and to nobody else.
///
/// | Path | What |
/// |---|---|
/// | `/` | the document, in the language of who asks, from its first byte on; the administrator's is `/admin` |
/// | `/page/app.js`, `/page/app.css`, `/page/app.svg` | its parts; the document names them with `?v=` and a hash, so they are fetched once |
public struct PageRoutes: Sendable {
  private let path: RouterPath
  private let documents: [PageLanguage: PageFile]
  private let files: [String: PageFile]

  public init(_ kind: PageKind = .reader) {
    path = RouterPath(kind.path)
    // One script is one round trip on a thin link; its parts are separate files only for people.
    files = [
      kind.stem + ".js": PageFile(Array(kind.script.joined()), "text/javascript; charset=utf-8"),
      kind.stem + ".css": PageFile(Array(kind.style.joined()), "text/css; charset=utf-8"),
      kind.stem + ".svg": PageFile(PackageResources.icon_svg, "image/svg+xml"),
    ]
    var template = String(decoding: PackageResources.index_html, as: UTF8.self)
    for (placeholder, name) in [("{{script}}", "js"), ("{{style}}", "css"), ("{{icon}}", "svg")] {
      let name = "\(kind.stem).\(name)"
      template = template.replacing(placeholder, with: "page/\(name)?v=\(files[name]?.hash ?? "")")
    }
    var documents: [PageLanguage: PageFile] = [:]
    for language in PageLanguage.allCases {
      let text = template.replacing("{{lang}}", with: language.rawValue).replacing("{{dir}}", with: language.direction)
      documents[language] = PageFile(Array(text.utf8), "text/html; charset=utf-8")
    }
    self.documents = documents
  }

  /// Adds the page's routes; HEAD follows from the router's `autoGenerateHeadEndpoints`.
  public func add<Context: RequestContext>(to router: Router<Context>) {
    router.get(path) { request, _ in document(for: request) }
    for (name, file) in files {
      router.get("/page/\(name)") { request, _ in
        // Under its hash a file never changes; under its plain name it must be asked for again.
        let isNamed = request.uri.queryParameters["v"].map { $0 == file.hash[...] } ?? false
        return file.response(
          to: request, caching: isNamed ? "public, max-age=31536000, immutable" : "no-cache", policy: nil)
      }
    }
  }

  private func document(for request: Request) -> Response {
    let language = PageLanguage(
      parameter: request.uri.queryParameters["lang"].map(String.init), cookies: request.headers[.cookie],
      accept: request.headers[.acceptLanguage])
    guard let document = documents[language] else { return Response(status: .internalServerError) }
    var response = document.response(to: request, caching: "private, no-cache", policy: Self.policy)
    response.headers[.contentLanguage] = language.rawValue
    response.headers[.vary] = "Accept-Encoding, Accept-Language, Cookie"
    return response
  }

  /// Nothing runs but our own file, nothing is fetched but from here. `blob:` is for pictures kept in memory.
  static let policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
    + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}

/// One file of the page, ready to be sent, plain and compressed.
private struct PageFile: Sendable {
  let plain: ByteBuffer
  /// As gzip; nil where that is no smaller.
  let small: ByteBuffer?
  let mediaType: String
  /// Of the content, in hexadecimal.
  let hash: String

  init(_ content: [UInt8], _ mediaType: String) {
    plain = ByteBuffer(bytes: content)
    let packed = content.withUnsafeBytes { Gzip.compress($0, level: 9) }
    small = packed.flatMap { $0.count < content.count ? ByteBuffer(bytes: $0) : nil }
    self.mediaType = mediaType
    hash = EntityTag(folding: [String(decoding: content, as: UTF8.self)], salt: mediaType).text.filter { $0 != "\"" }
  }

  func response(to request: Request, caching: String, policy: String?) -> Response {
    let packed = Self.takesGzip(request) ? small : nil
    let tag = EntityTag(packed == nil ? hash : hash + "-gzip")
    var headers: HTTPFields = [
      .eTag: tag.text, .cacheControl: caching, .xContentTypeOptions: "nosniff", .vary: "Accept-Encoding",
      .contentSecurityPolicy: policy ?? "default-src 'none'; frame-ancestors 'none'",
    ]
    if tag.matches(request.headers[.ifNoneMatch]) { return Response(status: .notModified, headers: headers) }
    headers[.contentType] = mediaType
    if packed != nil { headers[.contentEncoding] = "gzip" }
    return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: packed ?? plain))
  }

  /// Whether `Accept-Encoding` names gzip without refusing it (`q=0`).
  private static func takesGzip(_ request: Request) -> Bool {
    let codings = request.headers[values: .acceptEncoding].joined(separator: ",").lowercased()
    return codings.split(separator: ",").contains { coding in
      let parts = coding.split(separator: ";").map { $0.filter { $0 != " " } }
      let weight = parts.dropFirst().first { $0.hasPrefix("q=") }.map { Double($0.dropFirst(2)) ?? 0 }
      return parts.first == "gzip" && weight != 0
    }
  }
}
