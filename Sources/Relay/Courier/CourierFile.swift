import Crypto
import Foundation

/// One file of a courier's folder: a head that everybody may read and that tells nothing, and what it holds, encrypted.
///
/// The head is `RKC1`, the kind (1 byte), 3 bytes of zero, the number (4 bytes, little endian), the export's name (16 bytes) and a salt
/// (16 bytes). Behind it lies AES-256-GCM: the cipher text and 16 bytes of tag. The file's key is HKDF-SHA256 of the site's key with the
/// file's salt and the text `rekkas-courier-1`; as no two files have the same key, the nonce is 12 bytes of zero. The head is authenticated
/// with the rest, so that no file can pass for another.
struct CourierFile: Equatable {
  enum Kind: UInt8 {
    /// A batch.
    case chunk = 1
    /// A ``CourierManifest``.
    case manifest = 2
    /// A ``CourierReceiptList``.
    case receipts = 3
  }

  static let headSize = 44
  private static let magic: [UInt8] = Array("RKC1".utf8)
  private static let tagSize = 16
  /// Bytes of a file beside its content.
  static let overhead = headSize + tagSize

  var kind: Kind
  /// Of a chunk, from 0.
  var number: UInt32 = 0
  /// 16 random bytes that are new with every export.
  var export: [UInt8]
  var content: [UInt8]

  /// The file's bytes.
  func sealed(for site: SiteKey) throws -> [UInt8] {
    let salt = Self.random(16)
    var bytes = Self.magic + [kind.rawValue, 0, 0, 0]
    bytes.append(integer: number.littleEndian)
    bytes += export + salt
    let box = try AES.GCM.seal(content, using: Self.key(site, salt), nonce: Self.nonce(), authenticating: bytes)
    bytes.reserveCapacity(bytes.count + box.ciphertext.count + Self.tagSize)
    bytes += box.ciphertext
    bytes += box.tag
    return bytes
  }

  /// Opens a file; nil when it is none, was damaged, or is another site's.
  init?(_ bytes: [UInt8], of site: SiteKey) {
    guard bytes.count >= Self.headSize + Self.tagSize, bytes.starts(with: Self.magic),
      let kind = Kind(rawValue: bytes[4])
    else { return nil }
    let salt = Array(bytes[28..<44])
    guard
      let box = try? AES.GCM.SealedBox(
        nonce: Self.nonce(), ciphertext: bytes[Self.headSize..<bytes.count - Self.tagSize],
        tag: bytes.suffix(Self.tagSize)),
      let content = try? AES.GCM.open(
        box, using: Self.key(site, salt), authenticating: bytes.prefix(Self.headSize))
    else { return nil }
    self.kind = kind
    number = bytes.withUnsafeBytes { UInt32(littleEndian: $0.loadUnaligned(fromByteOffset: 8, as: UInt32.self)) }
    export = Array(bytes[12..<28])
    self.content = [UInt8](content)
  }

  init(kind: Kind, number: UInt32 = 0, export: [UInt8], content: [UInt8]) {
    self.kind = kind
    self.number = number
    self.export = export
    self.content = content
  }

  static func random(_ count: Int) -> [UInt8] {
    var random = SystemRandomNumberGenerator()
    return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &random) }
  }

  private static func key(_ site: SiteKey, _ salt: [UInt8]) -> SymmetricKey {
    HKDF<Crypto.SHA256>.deriveKey(
      inputKeyMaterial: SymmetricKey(data: site.secret), salt: salt, info: Array("rekkas-courier-1".utf8),
      outputByteCount: 32)
  }

  private static func nonce() throws -> AES.GCM.Nonce { try AES.GCM.Nonce(data: [UInt8](repeating: 0, count: 12)) }
}
