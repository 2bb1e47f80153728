import Hummingbird
import Synchronization

/// What stands before `/dicom-web` in the addresses we hand out.
///
/// Never simply the `Host` of a request: it may come without its port, or be anybody's. Configured, that is it; else a loopback
/// name with a port is believed (an SSH tunnel has another port than we), and failing that the address we listen on is used.
final class PublicAddress: Sendable {
  private let configured: String?
  private let configuredHost: String?
  private let listening: Mutex<(host: String, port: Int)>

  init(publicURL: String?, address: String, port: Int) {
    var url = publicURL
    while url?.last == "/" { url?.removeLast() }
    configured = url
    configuredHost = url.flatMap { Self.hostAndPort(ofURL: $0)?.lowercased() }
    listening = Mutex((host: address.contains(":") && !address.hasPrefix("[") ? "[\(address)]" : address, port: port))
  }

  /// The port is known when the socket is bound.
  func isBound(to port: Int) { listening.withLock { $0.port = port } }

  /// Scheme, host and port, without a slash at the end.
  func base(for request: Request) -> String {
    if let configured { return configured }
    if let host = request.head.authority, Self.isLoopback(host: host), Self.port(of: host) != nil {
      return "http://" + host
    }
    let (host, port) = listening.withLock { $0 }
    return port == 80 ? "http://\(host)" : "http://\(host):\(port)"
  }

  func isOurs(host: String) -> Bool {
    let host = host.lowercased()
    return Self.isLoopback(host: host) || host == configuredHost
      || Self.name(of: host) == configuredHost.map { Self.name(of: $0) }
  }

  /// `localhost`, 127.0.0.0/8 and ::1, with or without a port.
  static func isLoopback(host: String) -> Bool {
    let name = name(of: host.lowercased())
    if name == "localhost" || name == "::1" { return true }
    let octets = name.split(separator: ".", omittingEmptySubsequences: false)
    return octets.count == 4 && octets.first == "127" && octets.allSatisfy { UInt8($0) != nil }
  }

  private static func hostAndPort(ofURL url: String) -> String? {
    guard let scheme = url.range(of: "://") else { return nil }
    return String(url[scheme.upperBound...].prefix { $0 != "/" })
  }

  private static func name(of host: String) -> String {
    if host.hasPrefix("[") { return String(host.dropFirst().prefix { $0 != "]" }) }
    return host.filter { $0 == ":" }.count == 1 ? String(host.prefix { $0 != ":" }) : host
  }

  private static func port(of host: String) -> Int? {
    guard let colon = host.lastIndex(of: ":"), host.last != "]" else { return nil }
    return Int(host[host.index(after: colon)...])
  }
}
