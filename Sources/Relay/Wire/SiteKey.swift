import Crypto
import Foundation

/// A site's name and the secret that it shares with its hub.
///
/// Its file is one line of text, `rekkas-site-key-1 NAME KEY CHECK`: 64 hexadecimal digits of key, and the first 8 of the SHA-256 of all
/// that stands before the last space, so that a badly copied key is found before anybody wonders why the hub refuses it. Lines that begin
/// with `#` are notes.
public struct SiteKey: Sendable, Hashable {
  /// Bytes of a secret.
  public static let length = 32

  /// 1 to 32 of A–Z, a–z, 0–9, `.`, `_` and `-`.
  public let site: String
  let secret: [UInt8]

  /// Fails for a name or a secret that is none.
  public init(site: String, secret: [UInt8]) throws(SiteKeyFailure) {
    guard Self.isName(site) else { throw .badName }
    guard secret.count == Self.length else { throw .badKey }
    self.site = site
    self.secret = secret
  }

  /// A new key from the system's random numbers.
  public static func generate(site: String) throws(SiteKeyFailure) -> SiteKey {
    var random = SystemRandomNumberGenerator()
    return try SiteKey(site: site, secret: (0..<length).map { _ in UInt8.random(in: .min ... .max, using: &random) })
  }

  /// Whether a site may be called so.
  public static func isName(_ text: String) -> Bool {
    (1...32).contains(text.utf8.count)
      && text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
          true
        default: false
        }
      }
  }

  // MARK: The file

  private static let label = "rekkas-site-key-1"

  /// The file's line.
  public var text: String {
    let body = "\(Self.label) \(site) \(Hex.text(secret))"
    return "\(body) \(Self.check(body))\n"
  }

  /// Reads the text of a key file.
  public init(text: String) throws(SiteKeyFailure) {
    let lines = text.split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }.filter {
      !$0.isEmpty && !$0.hasPrefix("#")
    }
    guard lines.count == 1 else { throw .badFile }
    let words = lines[0].split(separator: " ").map(String.init)
    guard words.count == 4, words[0] == Self.label else { throw .badFile }
    guard Self.check(words[0...2].joined(separator: " ")) == words[3] else { throw .damaged }
    guard let secret = Hex.bytes(words[2]) else { throw .badKey }
    try self.init(site: words[1], secret: secret)
  }

  /// Reads a key file.
  ///
  /// - Throws: ``SiteKeyFailure``, or what the system says of the file.
  public init(contentsOf path: String) throws {
    try self.init(text: String(contentsOf: URL(fileURLWithPath: path), encoding: .utf8))
  }

  /// Writes a key file that only its owner may read. An existing file is never overwritten.
  public func write(to path: String) throws {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw SiteKeyFailure.cannotWrite(path, code: errno) }
    let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    try file.write(contentsOf: Data(text.utf8))
    try file.synchronize()
  }

  private static func check(_ body: String) -> String {
    String(Hex.text(Crypto.SHA256.hash(data: Data(body.utf8))).prefix(8))
  }

  // MARK: Use

  /// 16 hexadecimal digits that stand for the secret without telling it: two people can compare them on the telephone.
  public var fingerprint: String { String(Hex.text(authenticationCode("REKKAS-KEY-FINGERPRINT")).prefix(16)) }

  /// HMAC-SHA256 of a text under the secret.
  func authenticationCode(_ text: String) -> [UInt8] {
    Array(HMAC<Crypto.SHA256>.authenticationCode(for: Data(text.utf8), using: SymmetricKey(data: secret)))
  }

  /// Keys are compared in a time that does not tell where they differ.
  public static func == (a: SiteKey, b: SiteKey) -> Bool { a.site == b.site && Hex.isSame(a.secret, b.secret) }
}

/// A key never shows up in a log or an error, whoever prints it.
extension SiteKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  public var description: String { "key of \(site) (\(fingerprint))" }
  public var debugDescription: String { description }
  public var customMirror: Mirror { Mirror(self, children: ["site": site]) }
}

/// Why something is no site's key.
public enum SiteKeyFailure: Error, Equatable, CustomStringConvertible {
  case badName, badKey, badFile, damaged
  case cannotWrite(String, code: Int32)

  public var description: String {
    switch self {
    case .badName: "A site's name is 1 to 32 letters, digits, dots, underscores and hyphens."
    case .badKey: "A site's key is 32 bytes: 64 hexadecimal digits."
    case .badFile: "The file is no site key: it holds one line, rekkas-site-key-1 NAME KEY CHECK."
    case .damaged: "The key was not copied exactly: its check digits do not fit."
    case .cannotWrite(let path, let code): "cannot write the key file \(path): \(String(cString: strerror(code)))"
    }
  }
}
