import Foundation

/// A hub or a site that the demonstration started: this same program, with a log of its own.
final class DemoProcess {
  let name: String
  private let process = Process()
  private let output = Pipe()
  private let log: String

  init(name: String, log: String, arguments: [String]) throws {
    self.name = name
    self.log = log
    if !FileManager.default.fileExists(atPath: log) { try Data().write(to: URL(fileURLWithPath: log)) }
    let errors = try FileHandle(forWritingTo: URL(fileURLWithPath: log))
    try errors.seekToEnd()
    process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    process.arguments = arguments
    process.standardOutput = output
    process.standardError = errors
    process.standardInput = FileHandle.nullDevice
    try process.run()
  }

  var isRunning: Bool { process.isRunning }

  /// Blocks until it says that it answers.
  func waitUntilReady() throws {
    var text = ""
    while !text.contains("is ready") {
      let data = output.fileHandleForReading.availableData
      guard !data.isEmpty else {
        let last = (try? String(contentsOfFile: log, encoding: .utf8))?.split(separator: "\n").last ?? ""
        throw ConfigurationError(description: "the \(name) did not start: \(last) (the whole log: \(log))")
      }
      text += String(decoding: data, as: UTF8.self)
    }
  }

  /// Ends it as an administrator does, and waits.
  func stop() {
    guard process.isRunning else { return }
    process.terminate()
    process.waitUntilExit()
  }
}
