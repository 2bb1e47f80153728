import ArgumentParser
import Foundation
import Relay

/// `rekkas key`: makes the secret that a site and its hub share.
struct KeyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "key",
    abstract: "Makes the key by which a hub knows a site.",
    discussion: """
      Writes a new key into a file that only its owner may read, and prints what the hub's administrator is told: the entry for
      sites.yaml, and the fingerprint, by which two people can compare keys on the telephone. An existing file is never overwritten.

        rekkas key MIDELT --output /etc/rekkas/site.key
        rekkas key --show /etc/rekkas/site.key

      Copy the file to the hub over a way that nobody else reads (a USB stick, ssh); whoever has the key can send as that site.
      """)

  @Argument(help: "The site's short name, 2 to 6 letters or digits.")
  var site: String?

  @Option(name: .shortAndLong, help: ArgumentHelp("The file to write (default: SITE.key).", valueName: "file"))
  var output: String?

  @Option(name: .long, help: ArgumentHelp("Say whose key a file holds, and its fingerprint.", valueName: "file"))
  var show: String?

  func validate() throws {
    if (site == nil) == (show == nil) { throw ValidationError("Name a site, or a key file with --show.") }
  }

  func run() throws {
    if let show {
      let key = try SiteKey(contentsOf: show)
      print("\(key.site)  fingerprint \(key.fingerprint)")
      return
    }
    let name: String
    do {
      name = try SiteName.validated(site ?? "")
    } catch {
      throw ConfigurationError(description: "the site's name \(error.expectation)")
    }
    let path = output ?? "\(name).key"
    let key = try SiteKey.generate(site: name)
    try key.write(to: path)
    print(
      """
      The key of \(name) is in \(path) (fingerprint \(key.fingerprint)).
      At the site:  link.key-file: \(path)
      At the hub, beside a copy of the file, in sites.yaml:
        - name: \(name)
          title: \(name)
          key-file: \((path as NSString).lastPathComponent)
      """)
  }
}
