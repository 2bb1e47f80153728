import DIMSE
import Logging

/// What every server is told, hub or site: where it keeps images, where it listens, how it draws and prepares.
struct ServerConfiguration: Equatable, Sendable {
  var directory = "rekkas-data"
  var durable = true
  var diskReserve = 1 << 30
  var http = SocketAddress(host: "127.0.0.1", port: 8080)
  var publicURL: String?
  var corsOrigins: [String] = []
  var dicom = SocketAddress(host: "127.0.0.1", port: 11112)
  var aeTitle = "REKKAS"
  var requireCalledAETitle = false
  /// Empty: everybody who reaches the port.
  var peers: [DIMSEPeer] = []
  var maxAssociations = 512
  var idleTimeout = 120
  var messageTimeout = 30
  var maxObjectSize = 16 << 30
  var renderWorkers = 0
  var renderMemoryLimit = 2 << 30
  var renderTimeLimit = 20
  var prepares = true
  var preparationThreads = 0
  /// Hours.
  var keepReceivedFor = 72
  var profile: String?
  var logLevel = Logger.Level.info

  /// Every setting of the server: from this list the file, the environment and `--set` are read.
  static let settings: [Setting<ServerConfiguration>] = [
    .text("archive.directory") { $0.directory = $1 },
    .flag("archive.durable") { $0.durable = $1 },
    .size("archive.disk-reserve") { $0.diskReserve = $1 },
    Setting("http.address") { $0.http = try SocketAddress(parsing: $1) },
    .text("http.public-url", mayBeEmpty: true) { $0.publicURL = try PublicURL.validated($1) },
    .text("http.cors-origins", mayBeEmpty: true) { configuration, text in
      configuration.corsOrigins = text.split(separator: ",").map { $0.trimmingSpaces() }
    },
    Setting("dicom.address") { $0.dicom = try SocketAddress(parsing: $1) },
    Setting("dicom.ae-title") { $0.aeTitle = try AETitle.validated($1) },
    .flag("dicom.require-called-ae-title") { $0.requireCalledAETitle = $1 },
    Setting("dicom.peers") { $0.peers = try PeerList.read($1) },
    .number("dicom.max-associations", 1...10_000) { $0.maxAssociations = $1 },
    .number("dicom.idle-timeout", 1...86_400) { $0.idleTimeout = $1 },
    .number("dicom.message-timeout", 1...3_600) { $0.messageTimeout = $1 },
    .size("dicom.max-object-size") { $0.maxObjectSize = $1 },
    .number("rendering.workers", 0...256) { $0.renderWorkers = $1 },
    .size("rendering.memory-limit") { $0.renderMemoryLimit = $1 },
    .number("rendering.time-limit", 1...600) { $0.renderTimeLimit = $1 },
    .flag("preparation.enabled") { $0.prepares = $1 },
    .number("preparation.threads", 0...256) { $0.preparationThreads = $1 },
    .number("preparation.keep-received-for", 0...87_600) { $0.keepReceivedFor = $1 },
    .text("preparation.profile", mayBeEmpty: true) { $0.profile = $1.isEmpty ? nil : $1 },
    Setting("log.level") { configuration, text in
      guard let level = Logger.Level(rawValue: text) else {
        throw SettingError("is one of \(Logger.Level.allCases.map(\.rawValue).joined(separator: ", "))")
      }
      configuration.logLevel = level
    },
  ]
}

/// An application entity title: 1 to 16 characters of the default repertoire, no backslash or control (PS3.5 §6.2).
enum AETitle {
  static func validated(_ text: String) throws(SettingError) -> String {
    let title = text.trimmingSpaces()
    guard (1...16).contains(title.utf8.count), title.utf8.allSatisfy({ (0x20..<0x7F).contains($0) && $0 != 0x5C })
    else { throw SettingError("is 1 to 16 ASCII characters without a backslash") }
    return title
  }
}

/// The address that links inside answers are built from.
enum PublicURL {
  static func validated(_ text: String) throws(SettingError) -> String? {
    guard !text.isEmpty else { return nil }
    guard text.hasPrefix("http://") || text.hasPrefix("https://"), !text.contains(where: \.isWhitespace) else {
      throw SettingError("starts with http:// or https://, for example https://hub.example.org")
    }
    return text.hasSuffix("/") ? String(text.dropLast()) : text
  }
}
