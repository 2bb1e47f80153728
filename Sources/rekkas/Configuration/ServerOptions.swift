import ArgumentParser
import Foundation

/// The flags that every server has, and how they, the environment and the file become one configuration.
struct ServerOptions: ParsableArguments {
  @Option(
    name: .long,
    help: ArgumentHelp(
      "Configuration file; Config/hub.yaml and Config/site.yaml explain every setting.", valueName: "file"))
  var config: String?

  @Option(name: .long, help: ArgumentHelp("Folder of the archive (default: rekkas-data).", valueName: "dir"))
  var data: String?

  @Option(
    name: .long, help: ArgumentHelp("Where the web answers (default: 127.0.0.1:8080).", valueName: "addr:port"))
  var http: String?

  @Option(
    name: .long,
    help: ArgumentHelp("Where C-ECHO and C-STORE answer (default: 127.0.0.1:11112).", valueName: "addr:port"))
  var dicom: String?

  @Option(name: .long, help: ArgumentHelp("Our application entity title (default: REKKAS).", valueName: "ae"))
  var aeTitle: String?

  @Option(
    name: .long, help: ArgumentHelp("trace, debug, info, notice, warning, error or critical.", valueName: "level"))
  var logLevel: String?

  @Option(
    name: .long, parsing: .singleValue,
    help: ArgumentHelp(
      "Any other setting, for example --set archive.disk-reserve=5G; may be repeated.", valueName: "section.key=value"))
  var set: [String] = []

  /// Command line over environment over file over default.
  ///
  /// - Parameter flags: further flags of the command: the flag, the setting it stands for, and its value.
  func configuration<Configuration: ServerSettings>(
    _: Configuration.Type = HubConfiguration.self, flags more: [(String, String, String?)] = [],
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws -> Configuration {
    let sources = ConfigurationSources(settings: Configuration.settings)
    var configuration = Configuration()
    if let path = config ?? environment["REKKAS_CONFIG"] {
      guard let bytes = FileManager.default.contents(atPath: path), let text = String(bytes: bytes, encoding: .utf8)
      else {
        throw ConfigurationError(description: "\(path): cannot be read as UTF-8 text; is the path right?")
      }
      try sources.apply(file: text, named: path, to: &configuration)
    }
    try sources.apply(environment: environment, to: &configuration)
    let flags = [
      ("--data", "archive.directory", data), ("--http", "http.address", http), ("--dicom", "dicom.address", dicom),
      ("--ae-title", "dicom.ae-title", aeTitle), ("--log-level", "log.level", logLevel),
    ]
    for case (let flag, let key, let value?) in flags + more {
      try sources.apply(key, value, at: flag, to: &configuration)
    }
    try sources.apply(assignments: set, to: &configuration)
    return configuration
  }
}
