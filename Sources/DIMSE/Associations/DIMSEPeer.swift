/// A peer that may open associations: its AE title, and where it calls from.
public struct DIMSEPeer: Sendable, Hashable {
  /// 1 to 16 characters.
  public let aeTitle: String
  /// Numeric, without a port; nil for any address.
  public let address: String?

  public init(aeTitle: String, address: String? = nil) {
    self.aeTitle = aeTitle
    self.address = address
  }

  /// Whether a connection from there can be this peer's.
  ///
  /// - Parameter peerAddress: "address:port", the address in brackets if it is of IPv6. IPv4 in IPv6's clothes counts as IPv4.
  func isAt(_ peerAddress: String) -> Bool {
    guard let address else { return true }
    var host = peerAddress[..<(peerAddress.lastIndex(of: ":") ?? peerAddress.endIndex)]
    if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
    if host.hasPrefix("::ffff:") { host = host.dropFirst(7) }
    return host == address
  }
}
