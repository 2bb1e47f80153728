import DICOM
import Foundation
import Imaging

/// Why an image was not measured, and what to do instead.
struct MeasureRefusal: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// An image to measure, uncompressed: the file itself, or what it was decoded to.
struct MeasureSubject {
  /// A file in an uncompressed transfer syntax.
  let path: String
  let facts: ImageFacts
  /// What people should know about how it came to be.
  var notes: [String] = []
  /// The name of the compressed transfer syntax it was received in; nil where it was not compressed.
  var receivedSyntax: String?
  private var temporary: URL?

  /// Opens a file. Nil for one of a folder that is not DICOM or holds no picture.
  ///
  /// Foreign codestreams are decoded in a worker process of the pool.
  static func open(_ file: ImportList.File, pool: RenderPool) async throws -> MeasureSubject? {
    if !file.isNamed {
      guard let handle = FileHandle(forReadingAtPath: file.path) else { throw MeasureRefusal("cannot be read") }
      defer { try? handle.close() }
      guard let start = try handle.read(upToCount: 132), ImportList.looksLikeDICOM(start) else { return nil }
    }
    let object: ParsedObject
    do {
      object = try ParsedObject.parse(ObjectBytes.mapped(path: file.path))
    } catch {
      throw MeasureRefusal((error as? ParseFailure)?.reason ?? "\(error)")
    }
    let syntax = object.transferSyntax
    guard !syntax.isVideo else {
      throw MeasureRefusal("a video (\(syntax.name)) is kept and served as it is; there are no layers to measure")
    }
    guard object.pixelData != nil || object.dataSet.contains(.pixelData) else {
      if !file.isNamed { return nil }
      throw MeasureRefusal("the object has no pixel data; name an image")
    }
    var subject = MeasureSubject(path: file.path, facts: ImageFacts(object))
    guard syntax.isEncapsulated, syntax != .encapsulatedUncompressedExplicitVRLittleEndian else { return subject }
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("rekkas-measure-\(UUID().uuidString)")
    do {
      try FileManager.default.createDirectory(
        at: folder, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    } catch {
      throw MeasureRefusal("no folder for the decoded image can be made: is TMPDIR a folder that you may write to?")
    }
    let output = folder.appendingPathComponent("decoded.dcm").path
    do {
      try await pool.transcode(path: file.path, to: .explicitVRLittleEndian, output: output)
    } catch {
      try? FileManager.default.removeItem(at: folder)
      throw error
    }
    let stored = (0..<(object.pixelData?.frameCount ?? 0)).reduce(0) {
      $0 + (object.pixelData?.fragments(of: $1).reduce(0) { $0 + $1.count } ?? 0)
    }
    let decoded = subject.facts
    subject = MeasureSubject(path: output, facts: decoded)
    subject.temporary = folder
    subject.receivedSyntax = syntax.name
    let frames = max(1, object.pixelData?.frameCount ?? 1)
    subject.notes = [
      "received as \(syntax.name), \(MeasureText.grouped(stored / frames)) bytes a frame; decoded first, and measured against that. "
        + "A hub keeps it as received."
    ]
    return subject
  }

  private init(path: String, facts: ImageFacts) {
    self.path = path
    self.facts = facts
  }

  /// Removes what was decoded.
  func close() { if let temporary { try? FileManager.default.removeItem(at: temporary) } }
}
