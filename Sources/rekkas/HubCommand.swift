import ArgumentParser
import Foundation

/// `rekkas hub`: the archive in the centre, with its DICOM door and its web.
struct HubCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "hub",
    abstract: "Receives images, keeps them safe, and serves them to readers.",
    discussion: """
      Listens for C-ECHO and C-STORE, and for DICOMweb (/dicom-web), the pages (/ and /admin), /healthz and /metrics; on loopback
      only until access control exists. Runs until SIGTERM or Ctrl-C, and then lets what is under way end.

        rekkas hub --data /srv/rekkas
        rekkas hub --config Config/hub.yaml --http 127.0.0.1:9000 --set archive.disk-reserve=20G

      Settings: command line over environment (REKKAS_HTTP_ADDRESS …) over file over default;
      Config/hub.yaml explains every one of them.
      """)

  @OptionGroup var options: ServerOptions

  func run() async throws {
    let settings = try options.configuration()
    let hub = try Hub(settings) { http, dicom in
      let web = SocketAddress(host: settings.http.host, port: http)
      let door = SocketAddress(host: settings.dicom.host, port: dicom)
      // One line for people and for scripts that wait for it. Standard output to a pipe is held back: write at once.
      FileHandle.standardOutput.write(
        Data(
          "rekkas \(rekkasVersion) is ready: http://\(web)/ and \(settings.aeTitle)@\(door), archive in \(settings.directory)\n"
            .utf8))
    }
    try await hub.run()
  }
}
