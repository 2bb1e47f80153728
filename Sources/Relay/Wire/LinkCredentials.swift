/// The `Rekkas-Link` header of a request: `v=1, site=MIDELT, session=…, number=17, mac=…`.
public struct LinkCredentials: Sendable, Hashable {
  public var version: Int
  public var site: String
  /// The session's name, or the nonce of a request that opens one: 1 to 64 lower-case hexadecimal digits.
  public var session: String
  /// 0 in a request that opens a session; afterwards each number from 1 counts once.
  public var number: UInt64
  /// 32 bytes of HMAC-SHA256.
  public var mac: [UInt8]

  public init(version: Int = LinkProtocol.version, site: String, session: String, number: UInt64, mac: [UInt8]) {
    self.version = version
    self.site = site
    self.session = session
    self.number = number
    self.mac = mac
  }

  /// Reads the header; nil when it is not one. Members that are not known are passed over.
  public init?(_ header: String) {
    guard header.utf8.count <= 1024 else { return nil }
    var members: [Substring: Substring] = [:]
    for part in header.split(separator: ",", omittingEmptySubsequences: false) {
      let part = part.drop { $0 == " " }
      guard let equals = part.firstIndex(of: "=") else { return nil }
      let value = part[part.index(after: equals)...]
      guard members.updateValue(value, forKey: part[..<equals]) == nil else { return nil }
    }
    guard let version = members["v"].flatMap(Self.number), version <= 1000,
      let site = members["site"], SiteKey.isName(String(site)),
      let session = members["session"], (1...64).contains(session.utf8.count), session.utf8.allSatisfy(Self.isHex),
      let number = members["number"].flatMap(Self.number),
      let mac = members["mac"].flatMap({ Hex.bytes($0) }), mac.count == 32
    else { return nil }
    self.init(version: Int(version), site: String(site), session: String(session), number: number, mac: mac)
  }

  /// The header's value.
  public var header: String {
    "v=\(version), site=\(site), session=\(session), number=\(number), mac=\(Hex.text(mac))"
  }

  private static func isHex(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
  }

  /// Decimal digits only, and as they are written: one text for one number.
  private static func number(_ text: Substring) -> UInt64? {
    guard let value = UInt64(text), String(value) == text else { return nil }
    return value
  }
}
