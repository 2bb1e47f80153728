import ArgumentParser
import Foundation
import Imaging
import Relay

/// `rekkas demo`: a hub and a site on this machine, joined by an emulated thin link.
struct DemoCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "demo",
    abstract: "Runs a hub and a site joined by an emulated rural link, and shows a study filling in.",
    discussion: """
      Starts both as programs of their own, with an emulated satellite link between them (512 kbit/s up, 600 ms there and back),
      opens an urgent case at the site, pushes a synthetic CT study to it as a modality would (C-STORE), and prints the addresses to open:
      on the hub's page the study fills in layer by layer. Runs until Ctrl-C; the archives stay in the folder for the next time.

        rekkas demo
        rekkas demo --port 9000 --up 128 --round-trip 400

      Ports: the hub's web, then its DICOM port, then the site's two, one after the other from --port on.
      """)

  @Option(name: .long, help: "The first of four ports.") var port = 8080
  @Option(
    name: .long, help: ArgumentHelp("Folder of keys, archives and logs.", valueName: "dir")) var data = "rekkas-demo"
  @Option(name: .long, help: ArgumentHelp("From the site to the hub.", valueName: "kbit/s")) var up = 512.0
  @Option(name: .long, help: ArgumentHelp("From the hub to the site.", valueName: "kbit/s")) var down = 2048.0
  @Option(name: .long, help: ArgumentHelp("There and back.", valueName: "ms")) var roundTrip = 600
  @Option(name: .long, help: "Slices of the CT study that is pushed; 0 pushes nothing.") var slices = 100
  @Option(
    name: .long, parsing: .upToNextOption,
    help: ArgumentHelp("More DICOM files or folders to push to the site.", valueName: "path")) var push: [String] = []

  func validate() throws {
    guard (1...65_532).contains(port) else { throw ValidationError("--port is 1 to 65532.") }
    guard up > 0, down > 0, (0...60_000).contains(roundTrip), (0...1000).contains(slices) else {
      throw ValidationError("--up and --down are kbit/s, --round-trip milliseconds, --slices 0 to 1000.")
    }
  }

  func run() async throws {
    let folder = URL(fileURLWithPath: data, isDirectory: true).standardizedFileURL.path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try DemoSetup.writeKeys(in: folder)
    let ended = DemoSignals()
    let hub = try DemoProcess(
      name: "hub", log: folder + "/hub.log",
      arguments: [
        "hub", "--data", folder + "/hub", "--http", "127.0.0.1:\(port)", "--dicom", "127.0.0.1:\(port + 1)",
        "--set", "link.sites=\(folder)/sites.yaml",
      ])
    defer { hub.stop() }
    try hub.waitUntilReady()
    let link = try LinkShaper(
      target: port, profile: .init(up: up, down: down, roundTrip: .milliseconds(roundTrip)))
    defer { link.stop() }
    let site = try DemoProcess(
      name: "site", log: folder + "/site.log",
      arguments: [
        "site", "--data", folder + "/site", "--http", "127.0.0.1:\(port + 2)", "--dicom", "127.0.0.1:\(port + 3)",
        "--name", DemoSetup.site, "--hub", "http://127.0.0.1:\(link.port)", "--key-file", folder + "/site.key",
        "--ae-title", "REKKAS", "--set", "cases.rules=\(folder)/case-rules.yaml",
      ])
    defer { site.stop() }
    try site.waitUntilReady()
    print(
      """

        Readers   http://127.0.0.1:\(port)/        the hub: worklist and pictures
        Staff     http://127.0.0.1:\(port + 2)/        the site: cases, what is safe, what is sent
        Devices   storescu -aec REKKAS 127.0.0.1 \(port + 3) FILE…
        Link      \(Int(up)) kbit/s up, \(Int(down)) down, \(roundTrip) ms there and back
        Stop      Ctrl-C (archives and logs stay in \(data))

      """)
    fflush(nil)
    try DemoSetup.push(slices: slices, more: push, to: port + 3, folder: folder)
    let progress = ProgressLine(quiet: false)
    var last = (up: 0, at: ContinuousClock.now)
    while !ended.hasCome, hub.isRunning, site.isRunning {
      try await Task.sleep(for: .milliseconds(500))
      let now = (up: link.bytes.up, at: ContinuousClock.now)
      let rate = Double(now.up - last.up) / 125 / ((now.at - last.at) / .seconds(1))
      progress.update(
        "over the link: \(now.up / 1000) kB up, \(link.bytes.down / 1000) kB down, \(Int(rate)) kbit/s up")
      last = now
    }
    progress.finish()
    for process in [hub, site] where !process.isRunning && !ended.hasCome {
      throw ConfigurationError(
        description: "the \(process.name) ended by itself; its log is \(folder)/\(process.name).log")
    }
  }
}

/// Whether somebody asked the demonstration to end.
private final class DemoSignals: Sendable {
  private nonisolated(unsafe) let sources: [any DispatchSourceSignal]
  private let flag = NSLock()
  private nonisolated(unsafe) var isSet = false

  init() {
    var sources: [any DispatchSourceSignal] = []
    for number in [SIGINT, SIGTERM] {
      signal(number, SIG_IGN)
      sources.append(DispatchSource.makeSignalSource(signal: number, queue: .global()))
    }
    self.sources = sources
    for source in sources {
      source.setEventHandler { [self] in flag.withLock { isSet = true } }
      source.resume()
    }
  }

  var hasCome: Bool { flag.withLock { isSet } }
}
