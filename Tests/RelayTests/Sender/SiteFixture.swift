import Archive
import DICOM
import Foundation
import Imaging
import Logging
import Testing
import Web

@testable import Relay

/// A site: a real archive that queues for the link, and its sender.
final class SiteFixture: Sendable {
  let folder: String
  let archive: Archive

  init(name: String = "MIDELT", prepares: Bool = true) throws {
    folder = NSTemporaryDirectory() + "rekkas-site-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    var options = ArchiveOptions(directory: folder + "/site")
    options.diskReserve = 0
    options.journalSegmentSize = 4 << 20
    options.journalSegments = 2
    options.queuesForLink = true
    options.caseRules = [CaseRule(callingAETitle: "URGENT", urgency: .emergency)]
    options.site = name
    options.siteCode = name
    if prepares {
      options.preparation = PreparationOptions(profile: .standard)
      options.preparation?.quiet = .milliseconds(1)
      options.preparation?.longestPause = .milliseconds(1)
    }
    archive = try Archive(options: options, logger: LinkFixture.logger)
  }

  deinit {
    try? archive.close()
    try? FileManager.default.removeItem(atPath: folder)
  }

  /// Stores files as a modality would.
  func store(_ files: [[UInt8]], from device: String = "CT1") throws {
    for bytes in files {
      let spool = try archive.makeSpool()
      try spool.append(bytes)
      _ = try archive.store(
        spool, receipt: Receipt(channel: .dimse, callingAETitle: device, peerAddress: "10.0.0.7"))
    }
  }

  /// Stores some slices of a synthetic CT.
  func storeCT(slices: Int, side: Int = 96, seed: UInt64 = 1) throws {
    let size = try #require(PhantomSize("\(side)x\(side)"))
    let study = try PhantomStudy(kind: .ct, size: size, count: slices, seed: seed)
    try store((0..<slices).map { study.file($0).bytes })
  }

  func sender(
    key: SiteKey, transport: any LinkTransport, clock: TestClock = TestClock(),
    logger: Logger = LinkFixture.logger, _ change: (inout LinkSenderOptions) -> Void = { _ in }
  ) throws -> LinkSender {
    var options = LinkSenderOptions(hub: "http://127.0.0.1:1")
    change(&options)
    return try LinkSender(
      archive: archive, key: key, options: options, transport: transport, logger: logger,
      wallClock: { clock.now })
  }

  /// Digests of all that the outbox has ever held, whole at the hub or not.
  func objects() throws -> [OutboxStudy] { try archive.outbox.studies() }

  var isAllAcknowledged: Bool {
    (try? archive.outbox.studies()).map { !$0.isEmpty && $0.allSatisfy(\.isAcknowledged) } ?? false
  }
}

extension LinkSender {
  /// Runs while the body does.
  func running<T: Sendable>(_ body: @Sendable () async throws -> T) async throws -> T {
    let task = Task { try await self.run() }
    defer { task.cancel() }
    let result = try await body()
    task.cancel()
    _ = try? await task.value
    return result
  }
}

/// Waits until something is so; fails the test when it is not in time.
func eventually(
  _ what: String, within seconds: Double = 30, sourceLocation: SourceLocation = #_sourceLocation,
  _ condition: @Sendable () async throws -> Bool
) async throws {
  let end = ContinuousClock.now + .seconds(seconds)
  while ContinuousClock.now < end {
    if try await condition() { return }
    try await Task.sleep(for: .milliseconds(20))
  }
  Issue.record("Not within \(seconds) s: \(what)", sourceLocation: sourceLocation)
}

/// The hub without sockets, and what may go wrong on the way to it.
final class DirectTransport: LinkTransport {
  /// What becomes of a request.
  enum Fate: Sendable {
    case delivered
    /// It does not come to the hub.
    case lost
    /// The hub has it, the site does not hear so.
    case answerLost
    /// Somebody else answers.
    case portal(LinkResponse)
    /// A bit of the body is another one on the way, and a proxy has made the best of it.
    case corrupted
  }

  private let answer: @Sendable (LinkRequest) async -> LinkResponse
  private let fate: @Sendable (Int, LinkRequest) -> Fate
  private let lock = NSLock()
  private nonisolated(unsafe) var log: [LinkRequest] = []

  /// - Parameter fate: of each request, by its number from 0.
  init(
    _ answer: @escaping @Sendable (LinkRequest) async -> LinkResponse,
    fate: @escaping @Sendable (Int, LinkRequest) -> Fate = { _, _ in .delivered }
  ) {
    self.answer = answer
    self.fate = fate
  }

  var requests: [LinkRequest] { lock.withLock { log } }

  func send(_ request: LinkRequest) async throws -> LinkResponse {
    // As a server sees it.
    var request = request
    request.headers = Dictionary(uniqueKeysWithValues: request.headers.map { ($0.key.lowercased(), $0.value) })
    let number = lock.withLock {
      log.append(request)
      return log.count - 1
    }
    var response: LinkResponse
    switch fate(number, request) {
    case .delivered: response = await answer(request)
    case .lost: throw CancellationError()
    case .answerLost:
      _ = await answer(request)
      throw CancellationError()
    case .portal(let foreign): return foreign
    case .corrupted:
      request.body[request.body.count / 2] ^= 4
      response = await answer(request)
    }
    response.headers = Dictionary(uniqueKeysWithValues: response.headers.map { ($0.key.lowercased(), $0.value) })
    return response
  }

  func close() async {}
}

extension LinkFixture {
  /// Whether the hub has everything of the site's outbox whole, byte for byte.
  func hasAll(of site: SiteFixture) async throws -> Bool {
    var compared = 0
    for study in try site.objects() {
      let records = try await site.archive.instances(study: UID(rawValue: study.study))
      for record in records {
        let found = try await archive.instances(study: record.studyInstanceUID, instance: record.sopInstanceUID)
        guard let here = found.first, here.arrival == nil, here.digest == record.digest else { return false }
        let bytes = try Data(contentsOf: URL(fileURLWithPath: archive.path(of: here)))
        guard bytes == (try Data(contentsOf: URL(fileURLWithPath: site.archive.path(of: record)))) else { return false }
        compared += 1
      }
    }
    return compared > 0
  }

  /// The hub's door on loopback while the body runs.
  func listening<T: Sendable>(
    certificate: TestAuthority? = nil, _ body: @escaping @Sendable (_ port: Int) async throws -> T
  ) async throws -> T {
    let receiver = self.receiver
    let routes = [LinkProtocol.sessionPath, LinkProtocol.batchPath].map { path in
      MountedRoute(method: "POST", path: path, bodyLimit: 9 << 20, proof: .signed) { request in
        let answer = await receiver.answer(
          LinkRequest(method: request.method, path: request.path, headers: request.headers, body: request.body))
        return .init(status: answer.status, headers: answer.headers, body: answer.body)
      }
    }
    let (ports, port) = AsyncStream.makeStream(of: Int.self)
    let listener = try LinkListener(
      LinkListenerConfiguration(
        address: "127.0.0.1", port: 0, certificateFile: certificate?.certificate, keyFile: certificate?.key),
      routes: routes, logger: Self.logger
    ) { port.yield($0) }
    let task = Task { try await listener.run() }
    defer { task.cancel() }
    var bound: Int?
    for await number in ports {
      bound = number
      break
    }
    return try await body(#require(bound))
  }
}
