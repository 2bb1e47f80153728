import Foundation
import Testing

@testable import DICOM

/// Swift Testing has a Tag too.
typealias Tag = DICOM.Tag

/// The real files that lie beside the repository, not in it.
enum TestData {
  /// From REKKAS_TEST_DATA, else ../shared/data beside the package.
  static let folder: String = {
    if let path = ProcessInfo.processInfo.environment["REKKAS_TEST_DATA"] { return path }
    let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    return package.deletingLastPathComponent().appendingPathComponent("shared/data").path
  }()

  /// Says aloud when it is not there, so that nobody takes skipped tests for passed ones.
  static let isPresent: Bool = {
    let present = FileManager.default.fileExists(atPath: folder + "/MANIFEST.csv")
    if !present { print("SKIPPED: no test data at \(folder); set REKKAS_TEST_DATA to run the tests on real files") }
    return present
  }()

  static let comment: Comment = "no test data: set REKKAS_TEST_DATA"

  /// Paths under a folder, relative to the data, sorted; only files that DICOM tools would open.
  static func files(in subfolder: String) -> [String] {
    let names = FileManager.default.enumerator(atPath: folder + "/" + subfolder)?.compactMap { $0 as? String } ?? []
    return names.filter { $0.hasSuffix(".dcm") }.sorted().map { subfolder + "/" + $0 }
  }

  static func bytes(_ path: String) throws -> [UInt8] {
    Array(try Data(contentsOf: URL(fileURLWithPath: folder + "/" + path)))
  }

  static func parse(_ path: String) throws -> ParsedObject {
    try ParsedObject.parse(ObjectBytes.mapped(path: folder + "/" + path))
  }
}

extension DataSetWriter {
  /// A small, complete secondary capture; `change` makes it the case of a test.
  static func make(_ change: (inout DataSetWriter) -> Void = { _ in }) -> DataSetWriter {
    var writer = DataSetWriter()
    writer.uid(.sopClassUID, SOPClass.secondaryCaptureImageStorage)
    writer.uid(.sopInstanceUID, "2.25.100")
    writer.uid(.studyInstanceUID, "2.25.101")
    writer.uid(.seriesInstanceUID, "2.25.102")
    writer.string(.modality, .cs, "OT")
    writer.string(.patientName, .pn, "Test^Case")
    change(&writer)
    return writer
  }

  /// Adds the description of an image; its pixels are left to the test.
  mutating func describeImage(rows: UInt16, columns: UInt16, bits: UInt16 = 8, samples: UInt16 = 1, frames: Int? = nil)
  {
    uint16(.samplesPerPixel, [samples])
    string(.photometricInterpretation, .cs, samples == 3 ? "RGB" : "MONOCHROME2")
    uint16(.rows, [rows])
    uint16(.columns, [columns])
    uint16(.bitsAllocated, [bits])
    uint16(.bitsStored, [bits])
    uint16(.pixelRepresentation, [0])
    if let frames { string(.numberOfFrames, .is, "\(frames)") }
  }

  func parsed(as syntax: TransferSyntax = .explicitVRLittleEndian) throws(ParseFailure) -> ParsedObject {
    try ParsedObject.parse(ObjectBytes(file(transferSyntax: syntax)))
  }
}

extension ParsedObject {
  /// Parses a data set given byte by byte behind the canonical header.
  static func make(dataSet: [UInt8], _ syntax: TransferSyntax = .explicitVRLittleEndian) throws(ParseFailure)
    -> ParsedObject
  {
    let header = FileMeta.canonicalHeader(sopClassUID: "2.25.1", sopInstanceUID: "2.25.2", transferSyntax: syntax)
    return try parse(ObjectBytes(header + dataSet))
  }

  /// The failure code of bytes that must not be accepted; nil if they were.
  static func failure(dataSet: [UInt8], _ syntax: TransferSyntax = .explicitVRLittleEndian)
    -> ParseFailure.ReasonCode?
  {
    do throws(ParseFailure) {
      _ = try make(dataSet: dataSet, syntax)
      return nil
    } catch { return error.code }
  }

  /// The data set's JSON as Foundation reads it.
  func jsonObject(inlineLimit: Int = 1024) throws -> [String: [String: Any]] {
    let object = try JSONSerialization.jsonObject(with: Data(dataSet.json(inlineLimit: inlineLimit)))
    return try #require(object as? [String: [String: Any]])
  }

  var jsonText: String { String(decoding: dataSet.json(), as: UTF8.self) }
}

/// Element headers and values for data sets that no proper writer writes.
enum Raw {
  static func tag(_ tag: Tag) -> [UInt8] {
    [tag.group, tag.element].flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] }
  }

  static func length(_ value: UInt32) -> [UInt8] { [0, 8, 16, 24].map { UInt8(truncatingIfNeeded: value >> $0) } }

  /// An explicit element with a length of 16 bits.
  static func short(_ tag: Tag, _ vr: String, _ value: [UInt8], claiming count: Int? = nil) -> [UInt8] {
    let count = count ?? value.count
    return self.tag(tag) + Array(vr.utf8) + [UInt8(truncatingIfNeeded: count), UInt8(count >> 8)] + value
  }

  /// An explicit element with a length of 32 bits.
  static func long(_ tag: Tag, _ vr: String, _ value: [UInt8], claiming count: UInt32? = nil) -> [UInt8] {
    self.tag(tag) + Array(vr.utf8) + [0, 0] + length(count ?? UInt32(value.count)) + value
  }

  static func implicit(_ tag: Tag, _ value: [UInt8], claiming count: UInt32? = nil) -> [UInt8] {
    self.tag(tag) + length(count ?? UInt32(value.count)) + value
  }

  /// An item or a delimiter.
  static func item(_ tag: Tag = .item, _ value: [UInt8] = [], claiming count: UInt32? = nil) -> [UInt8] {
    implicit(tag, value, claiming: count)
  }

  static let undefined = UInt32.max
  static let itemEnd = item(.itemDelimitation)
  static let sequenceEnd = item(.sequenceDelimitation)
  /// (0008,0016), so that a data set begins as one does.
  static let start = short(.sopClassUID, "UI", Array("2.25.1".utf8))
}
