import Foundation
import Logging
import ServiceLifecycle
import Testing

@testable import Web

/// The door for the sites' link.
@Suite struct LinkListenerTests {
  private static let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
  private static let routes = [
    MountedRoute(method: "POST", path: "/link/v1/batch", bodyLimit: 100, proof: .signed) { request in
      .init(status: 200, body: Array("\(request.body.count) bytes".utf8))
    },
    MountedRoute(method: "POST", path: "/api/open", bodyLimit: 100, proof: .origin) { _ in .init(status: 200) },
  ]

  /// Why it does not open; nil when it would.
  private func refusal(_ configuration: LinkListenerConfiguration) -> LinkListenerError? {
    do throws(LinkListenerError) {
      _ = try LinkListener(configuration, routes: Self.routes, logger: Self.logger)
      return nil
    } catch { return error }
  }

  @Test func withoutTLSItStaysOnLoopback() {
    #expect(refusal(.init(address: "127.0.0.1", port: 0)) == nil)
    for address in ["0.0.0.0", "::", "192.0.2.1", "hub.example.ma"] {
      let error = refusal(.init(address: address, port: 0))
      #expect(error == .needsTLS(address))
      #expect(error.map { "\($0)".contains("certificate") } == true)
    }
  }

  @Test func filesThatCannotBeUsedAreNamed() throws {
    let one = try TestCertificate()
    let other = try TestCertificate()
    #expect(refusal(.init(address: "::", port: 0, certificateFile: one.certificate)) == .halfTLS)
    #expect(refusal(.init(address: "::", port: 0, keyFile: one.key)) == .halfTLS)
    guard
      case .certificate("/nonexistent", _) = refusal(
        .init(address: "::", port: 0, certificateFile: "/nonexistent", keyFile: one.key))
    else { return #expect(Bool(false), "a missing certificate") }
    guard
      case .key("/nonexistent", _) = refusal(
        .init(address: "::", port: 0, certificateFile: one.certificate, keyFile: "/nonexistent"))
    else { return #expect(Bool(false), "a missing key") }
    guard
      case .key(other.key, _) = refusal(
        .init(address: "::", port: 0, certificateFile: one.certificate, keyFile: other.key))
    else { return #expect(Bool(false), "a key of another certificate") }
    #expect(refusal(.init(address: "0.0.0.0", port: 0, certificateFile: one.certificate, keyFile: one.key)) == nil)
  }

  @Test func overTLSItAnswersSignedRoutesAndNothingElse() async throws {
    let certificate = try TestCertificate()
    try await run(
      .init(address: "0.0.0.0", port: 0, certificateFile: certificate.certificate, keyFile: certificate.key)
    ) {
      port in
      let good = try certificate.ask(port: port, Self.request("/link/v1/batch", body: "hello"))
      #expect(good.contains("HTTP/1.1 200") && good.hasSuffix("5 bytes"))
      for path in ["/api/open", "/dicom-web/studies", "/", "/healthz", "/metrics"] {
        #expect(try certificate.ask(port: port, Self.request(path, body: "")).contains("HTTP/1.1 404"))
      }
      // TLS 1.1 and plain HTTP get nowhere.
      #expect(
        try !certificate.ask(
          port: port, Self.request("/link/v1/batch", body: ""), options: ["-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"]
        ).contains(
          "HTTP/1.1"))
      let plain = try HTTPPeer(port: port).ask(Self.request("/link/v1/batch", body: ""))
      #expect(!plain.contains("HTTP/1.1"))
    }
  }

  @Test func onLoopbackItAnswersWithoutTLS() async throws {
    try await run(.init(address: "127.0.0.1", port: 0)) { port in
      let answer = try HTTPPeer(port: port).ask(Self.request("/link/v1/batch", body: "hello"))
      #expect(answer.contains("HTTP/1.1 200") && answer.hasSuffix("5 bytes"))
    }
  }

  private static func request(_ path: String, body: String) -> String {
    "POST \(path) HTTP/1.1\r\nHost: any.example\r\nContent-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n\(body)"
  }

  /// Runs the listener, and the test on a thread of its own, as it blocks.
  private func run(_ configuration: LinkListenerConfiguration, _ test: @escaping @Sendable (Int) throws -> Void)
    async throws
  {
    let (ports, continuation) = AsyncStream.makeStream(of: Int.self)
    let listener = try LinkListener(configuration, routes: Self.routes, logger: Self.logger) {
      continuation.yield($0)
      continuation.finish()
    }
    let group = ServiceGroup(services: [listener], logger: Self.logger)
    try await withThrowingTaskGroup(of: Void.self) { tasks in
      tasks.addTask { try await group.run() }
      let port = try #require(await ports.first { _ in true })
      try await withCheckedThrowingContinuation { (done: CheckedContinuation<Void, any Error>) in
        Thread.detachNewThread { done.resume(with: Result { try test(port) }) }
      }
      await group.triggerGracefulShutdown()
      try await tasks.waitForAll()
    }
  }
}

/// A self-made certificate for `localhost`, and OpenSSL as a client that trusts it alone.
private final class TestCertificate: Sendable {
  private let folder: String
  var certificate: String { folder + "/certificate.pem" }
  var key: String { folder + "/key.pem" }

  init() throws {
    folder = NSTemporaryDirectory() + "rekkas-tls-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    _ = try Self.openssl(
      [
        "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
        "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate,
      ], input: "")
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  func ask(port: Int, _ text: String, options: [String] = []) throws -> String {
    try Self.openssl(
      ["s_client", "-connect", "127.0.0.1:\(port)", "-quiet", "-verify_return_error", "-CAfile", certificate]
        + ["-servername", "localhost", "-verify_hostname", "localhost"] + options, input: text)
  }

  private static func openssl(_ arguments: [String], input: String) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
    process.arguments = arguments
    // From a file: a client that ends early must not end this process by its closed pipe.
    let inputFile = NSTemporaryDirectory() + "rekkas-input-" + UUID().uuidString
    try Data(input.utf8).write(to: URL(fileURLWithPath: inputFile))
    defer { try? FileManager.default.removeItem(atPath: inputFile) }
    let output = Pipe()
    process.standardInput = FileHandle(forReadingAtPath: inputFile)
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    let bytes = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return String(decoding: bytes, as: UTF8.self)
  }
}
