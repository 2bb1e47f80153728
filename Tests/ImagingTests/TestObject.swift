import DICOM
import Foundation

@testable import Imaging

/// A tiny image object, built attribute by attribute and written to a temporary file.
struct TestObject {
  var writer = DataSetWriter()
  var transferSyntax = TransferSyntax.explicitVRLittleEndian

  /// A greyscale image of one row unless told otherwise.
  static func grey(
    _ values: [Int], columns: Int? = nil, allocated: Int = 16, stored: Int? = nil, high: Int? = nil,
    signed: Bool = false, photometric: String = "MONOCHROME2", frames: Int? = nil
  ) -> TestObject {
    let columns = columns ?? values.count
    var object = TestObject()
    object.describe(
      rows: values.count / columns / (frames ?? 1), columns: columns, samples: 1, allocated: allocated,
      stored: stored ?? allocated, high: high, signed: signed, photometric: photometric)
    if let frames { object.writer.string(.numberOfFrames, .is, String(frames)) }
    if allocated == 8 {
      object.writer.bytes(.pixelData, .ob, values.map { UInt8(truncatingIfNeeded: $0) })
    } else if allocated == 16 {
      object.writer.uint16(.pixelData, values.map { UInt16(truncatingIfNeeded: $0) }, vr: .ow)
    } else {
      object.writer.uint32(.pixelData, values.map { UInt32(truncatingIfNeeded: $0) }, vr: .ow)
    }
    return object
  }

  /// An 8-bit colour image of one row; `samples` as they lie in the file.
  static func colour(_ samples: [UInt8], columns: Int, photometric: String, planar: Int = 0) -> TestObject {
    var object = TestObject()
    object.describe(
      rows: 1, columns: columns, samples: 3, allocated: 8, stored: 8, high: nil, signed: false, photometric: photometric
    )
    object.writer.uint16(.planarConfiguration, [UInt16(planar)])
    object.writer.bytes(.pixelData, .ob, samples)
    return object
  }

  /// A palette image whose indices run over `indices`.
  static func palette(_ indices: [Int], allocated: Int = 8, descriptor: [UInt16]) -> TestObject {
    var object = grey(indices, allocated: allocated, photometric: "PALETTE COLOR")
    for tag: Tag in [
      .redPaletteColorLookupTableDescriptor, .greenPaletteColorLookupTableDescriptor,
      .bluePaletteColorLookupTableDescriptor,
    ] { object.writer.uint16(tag, descriptor) }
    return object
  }

  mutating func describe(
    rows: Int, columns: Int, samples: Int, allocated: Int, stored: Int, high: Int?, signed: Bool, photometric: String
  ) {
    writer.uid(.sopClassUID, "1.2.840.10008.5.1.4.1.1.7")
    writer.uid(.sopInstanceUID, UID.generate())
    writer.uint16(.samplesPerPixel, [UInt16(samples)])
    writer.string(.photometricInterpretation, .cs, photometric)
    writer.uint16(.rows, [UInt16(rows)])
    writer.uint16(.columns, [UInt16(columns)])
    writer.uint16(.bitsAllocated, [UInt16(allocated)])
    writer.uint16(.bitsStored, [UInt16(stored)])
    writer.uint16(.highBit, [UInt16(high ?? stored - 1)])
    writer.uint16(.pixelRepresentation, [signed ? 1 : 0])
  }

  mutating func window(_ center: Double, _ width: Double, _ function: String? = nil) {
    writer.string(.windowCenter, .ds, String(center))
    writer.string(.windowWidth, .ds, String(width))
    if let function { writer.string(.voilutFunction, .cs, function) }
  }

  /// Runs `body` with the path of the file, which is removed afterwards.
  @discardableResult
  func withFile<R>(_ body: (String) throws -> R) throws -> R {
    let path = Self.temporaryPath()
    try Data(writer.file(transferSyntax: transferSyntax)).write(to: URL(fileURLWithPath: path))
    defer { unlink(path) }
    return try body(path)
  }

  /// The same for what waits.
  func withStoredFile<R>(_ body: (String) async throws -> R) async throws -> R {
    let path = Self.temporaryPath()
    try Data(writer.file(transferSyntax: transferSyntax)).write(to: URL(fileURLWithPath: path))
    defer { unlink(path) }
    return try await body(path)
  }

  static func temporaryPath() -> String {
    FileManager.default.temporaryDirectory.appendingPathComponent("rekkas-test-\(UInt64.random(in: 0 ... .max))").path
  }

  /// The rendered pixels.
  func pixels(frame: Int = 0, viewport: Viewport? = nil, window: Window? = nil) throws -> [UInt8] {
    try picture(frame: frame, viewport: viewport, window: window).pixels
  }

  func picture(
    frame: Int = 0, viewport: Viewport? = nil, window: Window? = nil, _ change: (inout RenderRequest) -> Void = { _ in }
  ) throws -> Picture {
    try withFile { path in
      var request = RenderRequest(path: path, frame: frame, viewport: viewport, window: window)
      change(&request)
      return try ObjectRenderer().picture(request)
    }
  }

  /// Grey levels of 16 bits.
  func levels(viewport: Viewport? = nil, window: Window? = nil) throws -> [UInt16] {
    let picture = try picture(viewport: viewport, window: window) { $0.format = .png16 }
    guard picture.bits == 16, picture.channels == 1 else { return [] }
    return picture.pixels.withUnsafeBytes { Array($0.bindMemory(to: UInt16.self)) }
  }
}
