import Foundation
import Testing

@testable import DICOM

/// A box in a health centre has little memory, and a clip may have gigabytes: whoever reads through a mapped file holds little of it.
@Suite struct MappedBytesTests {
  /// Sixteen times what is held at a time.
  private static let value = 16 * ObjectBytes.portion

  private func path() -> String {
    FileManager.default.temporaryDirectory.appendingPathComponent("rekkas-mapped-\(UUID().uuidString).dcm").path
  }

  /// An object with one long value in a file.
  private func file(_ fill: UInt8 = 7) throws -> String {
    let path = path()
    let writer = DataSetWriter.make {
      $0.bytes(.pixelData, .ow, [UInt8](repeating: fill, count: Self.value))
    }
    try Data(writer.file(transferSyntax: .explicitVRLittleEndian)).write(to: URL(fileURLWithPath: path))
    return path
  }

  /// An object of many fragments, each as long as what the system maps with one touch.
  private func fragments() throws -> String {
    let path = path()
    var bytes = DataSetWriter.make().file(transferSyntax: .jpegBaseline)
    bytes += [0xE0, 0x7F, 0x10, 0x00, 0x4F, 0x42, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFE, 0xFF, 0x00, 0xE0, 0, 0, 0, 0]
    for _ in 0..<1024 {
      bytes += [0xFE, 0xFF, 0x00, 0xE0, 0, 0, 1, 0] + [UInt8](repeating: 9, count: 1 << 16)
    }
    bytes += [0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0]
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    return path
  }

  /// Bytes of memory that this process has of a file that it has mapped.
  private func held(_ path: String) throws -> Int {
    // Line by line: Foundation takes the first short read of such a file for its end.
    let file = try #require(fopen("/proc/self/smaps", "r"))
    defer { fclose(file) }
    var (kilobytes, isOfFile) = (0, false)
    var buffer: UnsafeMutablePointer<CChar>?
    var capacity = 0
    defer { free(buffer) }
    while getline(&buffer, &capacity, file) > 0, let text = buffer.map({ String(cString: $0) }) {
      let words = text.split(whereSeparator: \.isWhitespace)
      guard let first = words.first else { continue }
      if !first.hasSuffix(":") { isOfFile = words.last.map { $0 == path } ?? false }
      if isOfFile, first == "Rss:" { kilobytes += Int(words[1]) ?? 0 }
    }
    return kilobytes << 10
  }

  /// The test above knows what it measures: bytes that are read in the ordinary way are held.
  @Test func whatIsReadIsHeldUntilItIsForgotten() throws {
    let path = try file()
    defer { unlink(path) }
    let bytes = try ObjectBytes.mapped(path: path)
    let sum = touched(bytes)
    let before = try held(path)
    #expect(before > Self.value / 2)
    bytes.forget()
    #expect(try held(path) == 0)
    // They are there for whoever asks again.
    #expect(touched(bytes) == sum)
  }

  /// One byte of every page, so that it takes no time: a system that is short of memory takes back what was read a while ago.
  private func touched(_ bytes: ObjectBytes) -> Int {
    bytes.withUnsafeBytes { bytes in
      stride(from: 0, to: bytes.count, by: 4096).reduce(0) { $0 &+ Int(bytes[$1]) }
    }
  }

  @Test func bytesThatAreNotMappedAreNeverForgotten() {
    let bytes = ObjectBytes([UInt8](repeating: 3, count: 1 << 20))
    bytes.forget()
    #expect(bytes.withUnsafeBytes { $0.allSatisfy { $0 == 3 } })
  }

  @Test func aDigestHoldsLittleOfTheFile() throws {
    let path = try file()
    defer { unlink(path) }
    let bytes = try ObjectBytes.mapped(path: path)
    #expect(bytes.sha256() == ObjectBytes(Array(try Data(contentsOf: URL(fileURLWithPath: path)))).sha256())
    #expect(try held(path) <= 2 * ObjectBytes.portion)
  }

  @Test func aCopyWithAnotherAttributeHoldsLittleOfTheFile() throws {
    let path = try file()
    defer { unlink(path) }
    let object = try ParsedObject.parse(ObjectBytes.mapped(path: path))
    var edit = AttributeEdit(of: object)
    edit.set(.issuerOfPatientID, .lo, Array("MIDELT".utf8))
    var written = 0
    try edit.write { written += $0.count }
    #expect(written > Self.value)
    #expect(try held(path) <= 2 * ObjectBytes.portion)
  }

  @Test func aComparisonHoldsLittleOfBothFiles() throws {
    let (one, two, other) = (try file(), try file(), try file(8))
    defer { for path in [one, two, other] { unlink(path) } }
    let objects = try [one, two, other].map { try ParsedObject.parse(ObjectBytes.mapped(path: $0)) }
    #expect(objects[0].firstDifference(from: objects[1], ignoring: []) == nil)
    for path in [one, two] { #expect(try held(path) <= 2 * ObjectBytes.portion) }
    #expect(objects[0].firstDifference(from: objects[2], ignoring: []) == .pixelData)
  }

  @Test func aWalkOverManyFragmentsHoldsLittleOfTheFile() throws {
    let path = try fragments()
    defer { unlink(path) }
    let object = try ParsedObject.parse(ObjectBytes.mapped(path: path))
    #expect(object.dataSet.contains(.pixelData))
    #expect(try held(path) <= Walker.fragmentsHeld * 2 << 16)
  }
}
