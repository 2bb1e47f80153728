import CDCMTK

/// SHA-256 (FIPS 180-4) of bytes that come in pieces: for objects read again, where no ``Spool`` runs it along.
///
/// Not for two threads at once.
public final class SHA256 {
  private let hash: OpaquePointer

  /// Begins with no bytes. Ends the process if OpenSSL has no SHA-256: nothing could be stored without.
  public init() {
    var hash: OpaquePointer?
    let status = rk_sha256_open(&hash)
    guard let hash else { fatalError(status.message) }
    self.hash = hash
  }

  deinit { rk_sha256_free(hash) }

  /// Takes the next bytes.
  public func update(_ bytes: UnsafeRawBufferPointer) {
    let status = rk_sha256_update(hash, bytes.baseAddress, bytes.count)
    precondition(status.isOK, status.message)
  }

  /// The 32 bytes of the digest; nothing may be added after it.
  public func finish() -> [UInt8] {
    var digest = [UInt8](repeating: 0, count: 32)
    let status = rk_sha256_finish(hash, &digest)
    precondition(status.isOK, status.message)
    return digest
  }
}
