import Archive
import DICOM
import Foundation
import Logging
import ServiceLifecycle
import Testing

@testable import DIMSE

@Suite("Ending", .timeLimit(.minutes(5)))
struct ShutdownTests {
  private let storage: [(UID, [UID])] = [(SOPClass.ctImageStorage, [TransferSyntax.explicitVRLittleEndian.uid])]

  @Test("An idle association is aborted at once, a message under way may end")
  func graceful() throws {
    let door = try Door.make { $0.grace = .seconds(5) }
    let object = SampleObject()
    let idle = try RawPeer(port: door.port, contexts: storage)
    let busy = try RawPeer(port: door.port, contexts: storage)
    try busy.send(RawPeer.value(1, 3, busy.storeCommand(object.sopClass.rawValue, object.instance.rawValue)))
    try busy.send(RawPeer.value(1, 0, Array(object.dataSet.prefix(100))))
    Thread.sleep(forTimeInterval: 0.1)
    door.service.stop()
    #expect(try idle.receive().type == 7)
    try busy.send(RawPeer.value(1, 2, Array(object.dataSet.dropFirst(100))))
    #expect(try busy.status() == .success)
    #expect(try busy.receive().type == 7)
    #expect(door.stop(within: 2))
    #expect(throws: RawPeer.Failure.self) { try RawPeer(port: door.port) }
  }

  @Test("A message that does not end is cut off after the grace time")
  func cut() throws {
    let door = try Door.make { $0.grace = .milliseconds(200) }
    let object = SampleObject()
    let peer = try RawPeer(port: door.port, contexts: storage)
    try peer.send(RawPeer.value(1, 3, peer.storeCommand(object.sopClass.rawValue, object.instance.rawValue)))
    Thread.sleep(forTimeInterval: 0.1)
    #expect(door.stop(within: 3))
  }

  @Test("As a service it runs until it is shut down")
  func service() async throws {
    let directory = NSTemporaryDirectory() + "rekkas-dimse-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: directory) }
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    let archive = try Archive(options: ArchiveOptions(directory: directory), logger: logger)
    var options = DIMSEOptions()
    options.port = 0
    let service = try DIMSEService(archive: archive, options: options, logger: logger)
    let group = ServiceGroup(services: [service], logger: logger)
    let running = Task { try await group.run() }
    // The port is open before the service runs: this connection waits in its queue.
    let port = service.port
    let answered = await withCheckedContinuation { continuation in
      Thread.detachNewThread {
        let verification: [(UID, [UID])] = [(SOPClass.verification, [TransferSyntax.implicitVRLittleEndian.uid])]
        continuation.resume(returning: try? RawPeer(port: port, contexts: verification).echo())
      }
    }
    #expect(answered == .success)
    await group.triggerGracefulShutdown()
    try await running.value
    try archive.close()
  }
}
