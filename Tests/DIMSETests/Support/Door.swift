import Archive
import DICOM
import Foundation
import Logging

@testable import DIMSE

/// A DICOM door on loopback over a fresh archive in a temporary folder; closed and removed when it is let go.
final class Door {
  let archive: Archive
  let service: DIMSEService
  let directory: String
  private let ended = DispatchSemaphore(value: 0)

  var port: Int { service.port }

  static func make(
    _ change: (inout DIMSEOptions) -> Void = { _ in }, archive changeArchive: (inout ArchiveOptions) -> Void = { _ in }
  ) throws -> Door {
    let directory = NSTemporaryDirectory() + "rekkas-dimse-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    var archiveOptions = ArchiveOptions(directory: directory)
    archiveOptions.journalSegmentSize = 4 << 20
    archiveOptions.diskReserve = 0
    changeArchive(&archiveOptions)
    var options = DIMSEOptions()
    options.port = 0
    options.grace = .seconds(2)
    change(&options)
    return try Door(directory: directory, archiveOptions, options)
  }

  private init(directory: String, _ archiveOptions: ArchiveOptions, _ options: DIMSEOptions) throws {
    var logger = Logger(label: "test")
    logger.logLevel = .critical
    self.directory = directory
    archive = try Archive(options: archiveOptions, logger: logger)
    service = try DIMSEService(archive: archive, options: options, logger: logger)
    // A thread, not a task: tests block in their clients, and would keep Swift's few threads from the service.
    Thread.detachNewThread { [service, ended] in
      service.serve()
      ended.signal()
    }
  }

  /// Ends the service; says whether it ended in time.
  func stop(within seconds: Double = 10) -> Bool {
    service.stop()
    defer { ended.signal() }  // for the next call
    return ended.wait(timeout: .now() + seconds) == .success
  }

  deinit {
    _ = stop()
    try? archive.close()
    try? FileManager.default.removeItem(atPath: directory)
  }

  /// The complete files of a study's instances, as the archive keeps them.
  func files(study: UID) async throws -> [[UInt8]] {
    try await archive.instances(study: study).map { record in
      try [UInt8](Data(contentsOf: URL(fileURLWithPath: archive.path(of: record))))
    }
  }
}
