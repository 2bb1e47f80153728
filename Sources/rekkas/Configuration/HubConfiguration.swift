/// A configuration that holds a server's, and settings of its own.
protocol ServerSettings: Sendable {
  init()
  var server: ServerConfiguration { get set }
  /// Every setting there is.
  static var settings: [Setting<Self>] { get }
}

extension ServerSettings {
  static var serverSettings: [Setting<Self>] {
    ServerConfiguration.settings.map {
      $0.lifted {
        $0.server
      } set: {
        $0.server = $1
      }
    }
  }
}

/// What `rekkas hub` is told: the values of `Config/hub.yaml`, which explains each of them.
@dynamicMemberLookup
struct HubConfiguration: ServerSettings, Equatable {
  var server = ServerConfiguration()
  /// The file that lists the sites and their keys; nil: no site may send.
  var sites: String?
  /// Where sites reach the hub over TLS; nil: only through the loopback address of the web.
  var linkAddress: SocketAddress?
  var linkCertificate: String?
  var linkPrivateKey: String?

  subscript<Value>(dynamicMember path: WritableKeyPath<ServerConfiguration, Value>) -> Value {
    get { server[keyPath: path] }
    set { server[keyPath: path] = newValue }
  }

  static let settings: [Setting<HubConfiguration>] =
    serverSettings + [
      .text("link.sites", mayBeEmpty: true) { $0.sites = $1.isEmpty ? nil : $1 },
      Setting("link.address") { $0.linkAddress = $1.isEmpty ? nil : try SocketAddress(parsing: $1) },
      .text("link.certificate", mayBeEmpty: true) { $0.linkCertificate = $1.isEmpty ? nil : $1 },
      .text("link.private-key", mayBeEmpty: true) { $0.linkPrivateKey = $1.isEmpty ? nil : $1 },
    ]
}
