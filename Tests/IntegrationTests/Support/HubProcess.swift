import Foundation

/// A hub, or a site, as a user starts it: the built `rekkas`, an archive in a folder of its own, ports of its own on loopback.
final class HubProcess: @unchecked Sendable {
  let directory: URL
  let httpPort: Int
  let dicomPort: Int
  private var process: Process?
  private let ownsDirectory: Bool
  private let command: String
  private let arguments: [String]
  private let log: URL

  var data: URL { directory.appendingPathComponent("data") }
  var base: String { "http://127.0.0.1:\(httpPort)" }
  var dicomWeb: String { base + "/dicom-web" }
  var identifier: Int32 { process?.processIdentifier ?? -1 }
  /// What the hub wrote to standard error so far.
  var logText: String { (try? String(contentsOf: log, encoding: .utf8)) ?? "" }

  /// Starts a hub and waits until it says that it is ready.
  init(_ command: String = "hub", directory: URL? = nil, arguments: [String] = []) throws {
    self.command = command
    ownsDirectory = directory == nil
    self.directory =
      directory ?? FileManager.default.temporaryDirectory.appendingPathComponent("rekkas-test-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: self.directory, withIntermediateDirectories: true)
    log = self.directory.appendingPathComponent("hub.log")
    httpPort = try Self.freePort()
    dicomPort = try Self.freePort()
    self.arguments = arguments
    try start()
  }

  deinit {
    kill()
    if ownsDirectory { try? FileManager.default.removeItem(at: directory) }
  }

  /// Starts the hub again on the same archive and ports.
  func start(seconds: Double = 30) throws {
    if !FileManager.default.fileExists(atPath: log.path) {
      try Data().write(to: log)
    }
    let errors = try FileHandle(forWritingTo: log)
    try errors.seekToEnd()
    let process = Process()
    process.executableURL = Executable.rekkas
    process.arguments =
      [
        command, "--data", data.path, "--http", "127.0.0.1:\(httpPort)", "--dicom", "127.0.0.1:\(dicomPort)",
        "--set", "archive.disk-reserve=64M",
      ] + arguments
    let output = Pipe()
    process.standardOutput = output
    process.standardError = errors
    process.standardInput = FileHandle.nullDevice
    try process.run()
    self.process = process
    let deadline = Date().addingTimeInterval(seconds)
    let ready = Mailbox()
    Thread.detachNewThread { [handle = output.fileHandleForReading] in
      var text = ""
      while true {
        let data = handle.availableData
        if data.isEmpty { break }
        text += String(decoding: data, as: UTF8.self)
        if text.contains("ready") { ready.put() }
      }
    }
    while !ready.isFull {
      if !process.isRunning || Date() > deadline {
        throw CommandFailure(description: "the \(command) did not start; its log ends: \(logText.suffix(1500))")
      }
      usleep(2_000)
    }
  }

  /// Ends the hub as `systemctl stop` does, and waits; its exit status.
  @discardableResult
  func stop(seconds: Double = 30) throws -> Int32 {
    guard let process else { return 0 }
    process.terminate()
    let deadline = Date().addingTimeInterval(seconds)
    while process.isRunning {
      guard Date() < deadline else {
        kill()
        throw CommandFailure(description: "the \(command) did not end within \(seconds) s of SIGTERM")
      }
      usleep(5_000)
    }
    self.process = nil
    return process.terminationStatus
  }

  /// Ends the hub as a power switch does.
  func kill() {
    guard let process else { return }
    if process.isRunning { Foundation.kill(process.processIdentifier, SIGKILL) }
    process.waitUntilExit()
    self.process = nil
  }

  /// Kilobytes of resident memory now, and at their highest.
  func memory() -> (now: Int, peak: Int) {
    let status = (try? String(contentsOfFile: "/proc/\(identifier)/status", encoding: .utf8)) ?? ""
    func value(_ key: String) -> Int {
      status.split(separator: "\n").first { $0.hasPrefix(key + ":") }
        .flatMap { Int($0.filter(\.isNumber)) } ?? 0
    }
    return (value("VmRSS"), value("VmHWM"))
  }

  /// A TCP port that nobody listens on at present.
  static func freePort() throws -> Int {
    let socket = Foundation.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(socket) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let bound = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(socket, $0, length) == 0 && getsockname(socket, $0, &length) == 0
      }
    }
    guard bound else { throw CommandFailure(description: "no free port") }
    return Int(UInt16(bigEndian: address.sin_port))
  }
}

/// A flag set by one thread and read by another.
private final class Mailbox: @unchecked Sendable {
  private let lock = NSLock()
  private var full = false
  func put() { lock.withLock { full = true } }
  var isFull: Bool { lock.withLock { full } }
}
