/// What a file of the store is called: by the digest of its bytes, and a prepared file also by that of the received one that it
/// stands for.
///
/// So the files alone tell what was received, should the index be lost.
struct ObjectName: Hashable, Sendable, CustomStringConvertible {
  /// Of the bytes of this file.
  let digest: Digest
  /// Of the bytes as they were received: the same, but in prepared files.
  let received: Digest

  init(_ digest: Digest, received: Digest? = nil) {
    self.digest = digest
    self.received = received ?? digest
  }

  /// nil for a name that is not of this kind.
  init?(fileName: String) {
    guard fileName.hasSuffix(".dcm") else { return nil }
    let parts = fileName.dropLast(4).split(separator: "-", omittingEmptySubsequences: false)
    guard let digest = parts.first.flatMap({ Digest(hex: $0) }) else { return nil }
    if parts.count == 1 {
      self.init(digest)
    } else {
      guard parts.count == 2, let received = Digest(hex: parts[1]), received != digest else { return nil }
      self.init(digest, received: received)
    }
  }

  var isPrepared: Bool { digest != received }

  /// `<sha256>.dcm`, or `<sha256>-<sha256 of the received file>.dcm`.
  var fileName: String { isPrepared ? "\(digest.hex)-\(received.hex).dcm" : "\(digest.hex).dcm" }

  var description: String { digest.hex }
}
