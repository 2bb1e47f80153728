import Foundation

/// Where the hub is: scheme, host and port, proven to be an address that images may travel to.
struct HubAddress: Sendable, Hashable {
  /// Without a slash at its end, for example `https://hub.example.org:8443`.
  let base: String

  init(_ text: String) throws(LinkSenderFailure) {
    guard let parts = URLComponents(string: text), let scheme = parts.scheme?.lowercased(), let host = parts.host,
      !host.isEmpty, parts.query == nil, parts.fragment == nil, parts.user == nil, ["http", "https"].contains(scheme),
      ["", "/"].contains(parts.path), parts.port.map({ (1...65_535).contains($0) }) ?? true
    else { throw .notAnAddress(text) }
    guard scheme == "https" || Self.isLoopback(host) else { throw .unprotected(text) }
    base = "\(scheme)://\(host.lowercased())" + (parts.port.map { ":\($0)" } ?? "")
  }

  private static func isLoopback(_ host: String) -> Bool {
    let host = host.lowercased()
    if ["localhost", "[::1]", "::1"].contains(host) { return true }
    let numbers = host.split(separator: ".", omittingEmptySubsequences: false)
    return numbers.count == 4 && numbers[0] == "127" && numbers.allSatisfy { UInt8($0) != nil }
  }
}

/// Why a sender cannot be made.
public enum LinkSenderFailure: Error, CustomStringConvertible, Sendable, Hashable {
  /// The hub's address is not `https://host[:port]`.
  case notAnAddress(String)
  /// Plain HTTP to another machine: everybody on the way could read the images.
  case unprotected(String)
  /// The archive does not queue for the link.
  case noOutbox
  /// A file of certificates that cannot be read.
  case certificates(path: String, detail: String)

  public var description: String {
    switch self {
    case .notAnAddress(let text): "The hub's address \"\(text)\" is not of the form https://host:port."
    case .unprotected(let text):
      "The hub's address \"\(text)\" would send images unprotected: plain http is for this machine only, use https."
    case .noOutbox: "The archive does not queue objects for the link."
    case .certificates(let path, let detail): "The certificates in \(path) cannot be used: \(detail)"
    }
  }
}
