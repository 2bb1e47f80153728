import DICOM
import Foundation
import Logging
import Testing

@testable import Archive

/// A folder of its own for one test, removed with it.
final class TestFolder: Sendable {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "rekkas-archive-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// The archive's folder as a power cut or a kill would leave it now: a copy of all files while the archive is open.
  func crashed() throws -> TestFolder {
    let copy = try TestFolder()
    try FileManager.default.removeItem(atPath: copy.path)
    try FileManager.default.copyItem(atPath: path, toPath: copy.path)
    return copy
  }

  /// The files of the object store.
  func objectFiles() -> [String] {
    let all = FileManager.default.enumerator(atPath: path + "/objects")?.compactMap { $0 as? String } ?? []
    return all.filter { $0.hasSuffix(".dcm") }.map { path + "/objects/" + $0 }.sorted()
  }
}

extension Archive {
  /// An archive for a test: small journal, no reserve, silent.
  static func make(
    in folder: TestFolder, durable: Bool = true, segmentSize: Int = 4 << 20,
    configure: (inout ArchiveOptions) -> Void = { _ in }
  ) throws -> Archive {
    var options = ArchiveOptions(directory: folder.path)
    options.durable = durable
    options.diskReserve = 0
    options.journalSegmentSize = segmentSize
    configure(&options)
    return try Archive(options: options, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
  }

  /// A spool that holds these bytes.
  func spool(_ bytes: [UInt8]) throws -> Spool {
    let spool = try makeSpool()
    try spool.append(bytes)
    return spool
  }

  /// Stores a file as a sender would.
  @discardableResult
  func store(
    _ bytes: [UInt8], receipt: Receipt = Receipt(channel: .dimse, callingAETitle: "CT1", peerAddress: "10.0.0.7")
  ) throws -> StoreOutcome {
    try store(spool(bytes), receipt: receipt)
  }

  /// A search's rows as dictionaries.
  func rows(_ query: SearchQuery) throws -> [[String: Any]] {
    try search(query).rows.map { row in
      try #require(try JSONSerialization.jsonObject(with: Data(row.json)) as? [String: Any])
    }
  }

  /// The SOP Instance, Series or Study UIDs that a search finds, in order.
  func found(_ query: SearchQuery) throws -> [String] {
    try search(query).rows.map { ($0.sopInstanceUID ?? $0.seriesInstanceUID ?? $0.studyInstanceUID).rawValue }
  }

  /// The Study Instance UIDs found by one condition.
  func studies(_ tag: DICOM.Tag, _ value: String, fuzzy: Bool = false) throws -> Set<String> {
    try Set(found(SearchQuery(.studies, matches: [AttributeMatch(tag, value)], fuzzyMatching: fuzzy)))
  }
}

/// A small object to store.
struct TestObject {
  /// The bytes of a file: 8 × 8 grey pixels unless `fill` says otherwise.
  static func make(
    study: UID = "1.2.3", series: UID = "1.2.3.1", instance: UID = "1.2.3.1.1", number: Int? = 1,
    seriesNumber: Int? = 1,
    modality: String = "CT", patientID: String = "P1", name: String = "Dupont^Jean", side: Int = 8,
    fill: UInt8 = 7, build: (inout DataSetWriter) -> Void = { _ in }
  ) -> [UInt8] {
    var writer = DataSetWriter()
    writer.uid(.sopClassUID, "1.2.840.10008.5.1.4.1.1.2")
    writer.uid(.sopInstanceUID, instance)
    writer.uid(.studyInstanceUID, study)
    writer.uid(.seriesInstanceUID, series)
    writer.string(.patientID, .lo, patientID)
    writer.string(.patientName, .pn, name)
    writer.string(.studyDate, .da, "20260102")
    writer.string(.studyTime, .tm, "101530")
    writer.string(.modality, .cs, modality)
    if let seriesNumber { writer.string(.seriesNumber, .is, "\(seriesNumber)") }
    if let number { writer.string(.instanceNumber, .is, "\(number)") }
    writer.uint16(.samplesPerPixel, [1])
    writer.string(.photometricInterpretation, .cs, "MONOCHROME2")
    writer.uint16(.rows, [UInt16(side)])
    writer.uint16(.columns, [UInt16(side)])
    writer.uint16(.bitsAllocated, [8])
    writer.uint16(.bitsStored, [8])
    writer.uint16(.highBit, [7])
    writer.uint16(.pixelRepresentation, [0])
    writer.bytes(.pixelData, .ob, [UInt8](repeating: fill, count: side * side))
    build(&writer)
    return writer.file(transferSyntax: .explicitVRLittleEndian)
  }
}
