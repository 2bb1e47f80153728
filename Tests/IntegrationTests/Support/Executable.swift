import Foundation

/// What a finished command left behind.
struct CommandResult: Sendable {
  let status: Int32
  let output: String
  let errors: String
}

/// Why a test could not run a command.
struct CommandFailure: Error, CustomStringConvertible {
  let description: String
}

/// Runs executables as a user would, with a bound on their time.
enum Executable {
  /// The built `rekkas`: it lies beside the test bundle.
  static let rekkas: URL = products.appendingPathComponent("rekkas")

  /// The folder of the build products.
  private static let products: URL = {
    // The bundle is `<products>/rekkasPackageTests.xctest`, given to the runner as an argument or being the runner itself.
    let bundle = CommandLine.arguments.first { $0.hasSuffix(".xctest") } ?? CommandLine.arguments[0]
    return URL(fileURLWithPath: bundle).deletingLastPathComponent()
  }()

  /// The package's folder.
  static let package = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// The Python that `Scripts/test` prepared, with pydicom, pynetdicom, dicomweb-client and Playwright; else nil.
  static let python: URL? = {
    let path =
      ProcessInfo.processInfo.environment["REKKAS_TEST_PYTHON"]
      ?? package.appendingPathComponent(".rekkas/venv/bin/python").path
    return FileManager.default.isExecutableFile(atPath: path) ? URL(fileURLWithPath: path) : nil
  }()

  /// A program of the system by its name; nil when it is not installed.
  static func find(_ name: String) -> URL? {
    let path = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin") + ":/usr/sbin:/sbin"
    return path.split(separator: ":").map { URL(fileURLWithPath: "\($0)/\(name)") }
      .first { FileManager.default.isExecutableFile(atPath: $0.path) }
  }

  /// Runs a command to its end; past `seconds` it is killed and the test fails.
  @discardableResult
  static func run(
    _ executable: URL, _ arguments: [String], environment: [String: String] = [:], input: Data? = nil,
    seconds: Double = 60
  ) throws -> CommandResult {
    let process = Process()
    process.executableURL = executable
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    let output = Pipe()
    let errors = Pipe()
    process.standardOutput = output
    process.standardError = errors
    let stdin = input.map { _ in Pipe() }
    process.standardInput = stdin ?? FileHandle.nullDevice
    let collected = Collected()
    let readers = DispatchGroup()
    for (pipe, keep) in [(output, collected.appendOutput), (errors, collected.appendErrors)] {
      readers.enter()
      Thread.detachNewThread {
        keep(pipe.fileHandleForReading.readDataToEndOfFile())
        readers.leave()
      }
    }
    try process.run()
    if let input, let stdin {
      try? stdin.fileHandleForWriting.write(contentsOf: input)
      try? stdin.fileHandleForWriting.close()
    }
    let deadline = Date().addingTimeInterval(seconds)
    while process.isRunning {
      if Date() > deadline {
        kill(process.processIdentifier, SIGKILL)
        throw CommandFailure(description: "\(executable.lastPathComponent) did not end within \(seconds) s")
      }
      usleep(5_000)
    }
    readers.wait()
    return CommandResult(status: process.terminationStatus, output: collected.output, errors: collected.errors)
  }

  /// Runs a script of `Clients/` with the prepared Python.
  static func client(_ script: String, _ arguments: [String], seconds: Double = 120) throws -> CommandResult {
    guard let python else {
      throw CommandFailure(description: "no Python environment: run Scripts/test once, it makes one")
    }
    let path = package.appendingPathComponent("Tests/IntegrationTests/Clients/\(script)").path
    return try run(python, [path] + arguments, seconds: seconds)
  }
}

/// Bytes read by two threads.
private final class Collected: @unchecked Sendable {
  private let lock = NSLock()
  private var outputData = Data()
  private var errorData = Data()
  func appendOutput(_ data: Data) { lock.withLock { outputData.append(data) } }
  func appendErrors(_ data: Data) { lock.withLock { errorData.append(data) } }
  var output: String { lock.withLock { String(decoding: outputData, as: UTF8.self) } }
  var errors: String { lock.withLock { String(decoding: errorData, as: UTF8.self) } }
}
