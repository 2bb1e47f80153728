extension ObjectBytes {
  /// SHA-256 of all bytes: 32 of them. Blocks; a mapped file is read to its end.
  public func sha256() -> [UInt8] {
    let hash = SHA256()
    forEachPortion(of: 0..<count) { hash.update($0) }
    return hash.finish()
  }
}
