import Archive
import DICOM
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Imaging
import Logging
import Testing

@testable import Web

/// A real archive in a folder of its own with the web in front of it; no socket.
struct WebFixture {
  let archive: Archive
  let directory: String
  let registry = PrometheusRegistry()
  var configuration: WebConfiguration

  /// Routes without a socket.
  static func run(
    _ configuration: WebConfiguration = .make(), archive configure: (inout ArchiveOptions) -> Void = { _ in },
    _ test: @Sendable (WebFixture, any TestClientProtocol) async throws -> Void
  ) async throws {
    try await build(port: 8080, configuration, configure) { fixture, application in
      try await application.test(.router) { client in try await test(fixture, client) }
    }
  }

  /// The whole service on a port of its own, and the test on a thread of its own: sockets that block must not hold Swift's pool.
  static func runLive(
    _ configuration: WebConfiguration = .make(), _ test: @escaping @Sendable (_ port: Int) throws -> Void
  ) async throws {
    try await build(port: 0, configuration) { _, application in
      try await application.test(.live) { client in
        let port = try #require(client.port)
        try await withCheckedThrowingContinuation { (done: CheckedContinuation<Void, any Error>) in
          Thread.detachNewThread { done.resume(with: Result { try test(port) }) }
        }
      }
    }
  }

  private static func build(
    port: Int, _ configuration: WebConfiguration, _ configure: (inout ArchiveOptions) -> Void = { _ in },
    _ body: (WebFixture, Application<RouterResponder<WebContext>>) async throws -> Void
  ) async throws {
    let directory = NSTemporaryDirectory() + "rekkas-web-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: directory) }
    var options = ArchiveOptions(directory: directory + "/archive")
    options.journalSegmentSize = 4 << 20
    options.journalSegments = 2
    options.diskReserve = 0
    configure(&options)
    let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })
    let archive = try Archive(options: options, logger: logger)
    let pool = RenderPool(executable: Self.executable ?? "/nonexistent", workers: 2)
    var configuration = configuration
    configuration.port = port
    configuration.temporaryDirectory = directory + "/temporary"
    let fixture = WebFixture(archive: archive, directory: directory, configuration: configuration)
    let application = try WebApplication(
      archive: archive, renderPool: pool, configuration: configuration, version: "1.2.3", metrics: fixture.registry,
      logger: logger
    ).make()
    try await body(fixture, application)
    await pool.shutdown()
    try archive.close()
  }

  /// `rekkas` beside this test bundle, for the render workers.
  static let executable: String? = {
    let path = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().appendingPathComponent(
      "rekkas"
    ).path
    return FileManager.default.isExecutableFile(atPath: path) ? path : nil
  }()

  /// Stores objects as STOW would, without HTTP.
  func store(_ objects: TestObject...) async throws {
    for object in objects { try await store(object.file()) }
  }

  /// The same, of a whole file.
  @discardableResult
  func store(_ file: [UInt8]) async throws -> StoreOutcome {
    let spool = try archive.makeSpool()
    var receiver = Part10Receiver(spool: spool)
    try file.withUnsafeBytes { try receiver.receive($0) }
    _ = try receiver.finish()
    return try await archive.store(spool, receipt: Receipt(channel: .import))
  }
}

extension WebConfiguration {
  /// The defaults, changed; port and temporary folder are the fixture's.
  static func make(_ change: (inout WebConfiguration) -> Void = { _ in }) -> WebConfiguration {
    var configuration = WebConfiguration(temporaryDirectory: "")
    change(&configuration)
    return configuration
  }
}

/// A small object with everything a search or a retrieve looks at.
struct TestObject: Sendable {
  var study: UID = "2.25.1"
  var series: UID = "2.25.1.1"
  var instance: UID = "2.25.1.1.1"
  var sopClass: UID = SOPClass.ctImageStorage
  var patientName = "Ben^Ali"
  var patientID = "P1"
  var modality = "CT"
  var studyDate = "20260301"
  var number = 1
  var frames = 1
  var size: UInt16 = 4
  var syntax: TransferSyntax = .explicitVRLittleEndian
  var compressedFrames: [[UInt8]]?
  var document: [UInt8]?
  /// Burned In Annotation YES.
  var isBurnedIn = false

  static func make(_ change: (inout TestObject) -> Void = { _ in }) -> TestObject {
    var object = TestObject()
    change(&object)
    return object
  }

  /// One frame as it lies in the object: 16-bit samples that differ from frame to frame.
  func frame(_ number: Int) -> [UInt8] {
    (0..<Int(size) * Int(size)).flatMap { [UInt8(truncatingIfNeeded: $0), UInt8(number)] }
  }

  func file() -> [UInt8] {
    var writer = DataSetWriter()
    writer.string(.specificCharacterSet, .cs, "ISO_IR 192")
    writer.uid(.sopClassUID, sopClass)
    writer.uid(.sopInstanceUID, instance)
    writer.string(.studyDate, .da, studyDate)
    writer.string(.studyTime, .tm, "101500")
    writer.string(.accessionNumber, .sh, "A1")
    writer.string(.modality, .cs, modality)
    writer.string(.studyDescription, .lo, "Thorax")
    writer.string(.seriesDescription, .lo, "Axial")
    writer.string(.patientName, .pn, patientName)
    writer.string(.patientID, .lo, patientID)
    writer.string(.patientBirthDate, .da, "19700101")
    writer.string(.patientSex, .cs, "O")
    writer.string(.referringPhysicianName, .pn, "Alaoui^Nadia")
    writer.uid(.studyInstanceUID, study)
    writer.uid(.seriesInstanceUID, series)
    writer.string(.seriesNumber, .is, "1")
    writer.string(.instanceNumber, .is, String(number))
    if let document {
      writer.string(.mimeTypeOfEncapsulatedDocument, .lo, "application/pdf")
      writer.bytes(.encapsulatedDocument, .ob, document)
      writer.uint32(Tag(0x0042, 0x0015), [UInt32(document.count)])
    } else if frames > 0 {
      writer.uint16(.samplesPerPixel, [1])
      writer.string(.photometricInterpretation, .cs, "MONOCHROME2")
      if frames > 1 { writer.string(.numberOfFrames, .is, String(frames)) }
      if isBurnedIn { writer.string(.burnedInAnnotation, .cs, "YES") }
      writer.uint16(.rows, [size])
      writer.uint16(.columns, [size])
      writer.uint16(.bitsAllocated, [16])
      writer.uint16(.bitsStored, [16])
      writer.uint16(.highBit, [15])
      writer.uint16(.pixelRepresentation, [0])
      if let compressedFrames {
        writer.encapsulatedPixelData(frames: compressedFrames)
      } else {
        writer.bytes(.pixelData, .ow, (1...frames).flatMap { frame($0) })
      }
    }
    return writer.file(transferSyntax: syntax)
  }
}
