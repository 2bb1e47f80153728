import ArgumentParser
import Foundation

/// `rekkas site`: the box in the health centre.
struct SiteCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "site",
    abstract: "Receives images in a health centre and carries them to the hub over a thin link.",
    discussion: """
      Takes C-STORE from the devices of the centre and answers "success" only when an image is safe on the disk and queued for the
      hub, in one step; encodes it once, in layers; and sends the best bytes first: a thumbnail of everything, then readable
      pictures, then the exact originals. It works without a link for weeks, and goes on where it was after a cut or a power cut.
      The staff's page (/) opens cases and says what is safe, what is sent and what is wrong.

        rekkas key MIDELT --output site.key
        rekkas site --name MIDELT --hub https://hub.example.org:8443 --key-file site.key --data /srv/rekkas

      Settings: command line over environment (REKKAS_LINK_HUB …) over file over default;
      Config/site.yaml explains every one of them.
      """)

  @OptionGroup var options: ServerOptions

  @OptionGroup var site: SiteFlags

  func run() async throws {
    let settings = try options.configuration(SiteConfiguration.self, flags: site.flags)
    let site = try Site(settings) { http, dicom in
      let web = SocketAddress(host: settings.http.host, port: http)
      let door = SocketAddress(host: settings.dicom.host, port: dicom)
      FileHandle.standardOutput.write(
        Data(
          """
          rekkas \(rekkasVersion) is ready: site \(settings.name), http://\(web)/ and \(settings.aeTitle)@\(door), sending to \
          \(settings.hub), archive in \(settings.directory)\n
          """.utf8))
    }
    try await site.run()
  }
}
