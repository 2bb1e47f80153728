import Crypto
import Foundation

/// The site's end of the proof: signs requests, and knows the hub's answers.
public struct LinkSigner: Sendable {
  private let key: SiteKey

  public init(key: SiteKey) { self.key = key }

  public var site: String { key.site }

  /// The value of the `Rekkas-Link` header.
  ///
  /// - Parameters:
  ///   - session: of the session, or the nonce when one is to be opened.
  ///   - number: 0 when a session is to be opened; otherwise one that was never used in this session.
  public func header(method: String, path: String, session: String, number: UInt64, body: [UInt8]) -> String {
    let text = LinkMac.request(
      method: method, path: path, site: key.site, session: session, number: number, body: body)
    return LinkCredentials(site: key.site, session: session, number: number, mac: key.authenticationCode(text)).header
  }

  /// Whether the hub itself gave this answer to this request; what else answers (a captive portal, a proxy) is not believed.
  ///
  /// - Parameter mac: the answer's `Rekkas-Link-Mac` header.
  public func believes(status: Int, body: [UInt8], mac: String?, session: String, number: UInt64) -> Bool {
    guard let mac = mac.flatMap({ Hex.bytes($0) }) else { return false }
    let text = LinkMac.answer(site: key.site, session: session, number: number, status: status, body: body)
    return Hex.isSame(mac, key.authenticationCode(text))
  }

  /// A new nonce for opening a session: 32 hexadecimal digits.
  public static func nonce() -> String {
    var random = SystemRandomNumberGenerator()
    return Hex.text((0..<16).map { _ in UInt8.random(in: .min ... .max, using: &random) })
  }
}

/// The hub's end of the proof.
public struct LinkVerifier: Sendable {
  private let key: SiteKey

  public init(key: SiteKey) { self.key = key }

  /// Whether the site itself sent this. Takes the same time wherever a wrong code differs.
  public func accepts(_ credentials: LinkCredentials, method: String, path: String, body: [UInt8]) -> Bool {
    let text = LinkMac.request(
      method: method, path: path, site: credentials.site, session: credentials.session, number: credentials.number,
      body: body)
    return credentials.site == key.site && Hex.isSame(credentials.mac, key.authenticationCode(text))
  }

  /// The value of the `Rekkas-Link-Mac` header of an answer.
  public func mac(status: Int, body: [UInt8], session: String, number: UInt64) -> String {
    Hex.text(
      key.authenticationCode(
        LinkMac.answer(site: key.site, session: session, number: number, status: status, body: body)))
  }
}

/// The texts under the codes: lines that end with a line feed but for the last. No member can hold a line feed.
enum LinkMac {
  static func request(method: String, path: String, site: String, session: String, number: UInt64, body: [UInt8])
    -> String
  {
    "REKKAS-LINK-1\n\(method)\n\(path)\n\(site)\n\(session)\n\(number)\n\(digest(body))"
  }

  static func answer(site: String, session: String, number: UInt64, status: Int, body: [UInt8]) -> String {
    "REKKAS-LINK-1\nanswer\n\(site)\n\(session)\n\(number)\n\(status)\n\(digest(body))"
  }

  private static func digest(_ body: [UInt8]) -> String {
    body.withUnsafeBytes { Hex.text(Crypto.SHA256.hash(data: $0)) }
  }
}
