import Foundation
import Testing

@testable import DICOM

/// Numbers that come in the same order every time.
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}

@Suite struct RoundTripTests {
  private static let texts = [
    "", "A", "Lefèvre^Zoé", "Yamada^Tarou=山田^太郎=やまだ^たろう", "زويي", "a\"b", "x\\y\\z", "😀", "tab\tline\n",
  ]

  /// A data set of a few elements of every kind, and items in items.
  private static func random(_ generator: inout SeededGenerator, depth: Int = 0) -> DataSetWriter {
    var writer = DataSetWriter()
    writer.string(.imageType, .cs, "ORIGINAL")
    func flip() -> Bool { Bool.random(using: &generator) }
    func numbers<T: FixedWidthInteger & UnsignedInteger>(_: T.Type) -> [T] {
      (0..<Int.random(in: 0...5, using: &generator)).map { _ in T.random(in: .min ... .max, using: &generator) }
    }
    if flip() { writer.string(.patientName, .pn, texts.randomElement(using: &generator)!) }
    if flip() { writer.string(.patientID, .lo, texts.randomElement(using: &generator)!) }
    if flip() { writer.string(.patientComments, .lt, texts.randomElement(using: &generator)!) }
    if flip() { writer.string(.sliceThickness, .ds, "1.25\\3") }
    if flip() { writer.uint16(.rows, numbers(UInt16.self)) }
    if flip() { writer.uint32(Tag(0x0018, 0x6016), numbers(UInt32.self)) }
    if flip() { writer.uint64(.extendedOffsetTable, numbers(UInt64.self), vr: .ov) }
    if flip() { writer.int16(Tag(0x0018, 0x9219), numbers(UInt16.self).map { Int16(bitPattern: $0) }) }
    if flip() { writer.double(Tag(0x0018, 0x9073), numbers(UInt32.self).map { Double($0) / 3 }) }
    if flip() { writer.float(Tag(0x0018, 0x9404), numbers(UInt16.self).map { Float($0) / 3 }) }
    if flip() { writer.tags(.frameIncrementPointer, [.rows, .pixelData]) }
    if flip() { writer.bytes(Tag(0x0028, 0x1201), .ow, [1, 2, 3, 4, 5, 6]) }
    if flip() { writer.uid(.studyInstanceUID, UID.derived(from: [UInt8(generator.next() & 0xFF)])) }
    if depth < 3, flip() {
      writer.sequence(
        Tag(0x0008, 0x1140),
        items: (0..<Int.random(in: 0...3, using: &generator)).map { _ in
          random(&generator, depth: depth + 1)
        })
    }
    return writer
  }

  @Test func whatIsWrittenInAnySyntaxReadsAsTheSameJSON() throws {
    var generator = SeededGenerator(state: 2026)
    for _ in 0..<500 {
      let writer = Self.random(&generator)
      let texts = try [
        TransferSyntax.explicitVRLittleEndian, .implicitVRLittleEndian, .explicitVRBigEndian,
        .deflatedExplicitVRLittleEndian,
      ].map { try writer.parsed(as: $0).jsonText }
      #expect(Set(texts).count == 1, "\(texts)")
      #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(texts[0].utf8)) }
    }
  }

  @Test func valuesComeBackAsTheyWere() throws {
    var generator = SeededGenerator(state: 7)
    for _ in 0..<200 {
      let rows = UInt16.random(in: .min ... .max, using: &generator)
      let text = Self.texts.randomElement(using: &generator)!
      let object = try DataSetWriter.make {
        $0.string(.patientComments, .lt, text)
        $0.uint16(.rows, [rows])
      }.parsed()
      #expect(object.dataSet.string(.patientComments) ?? "" == text)
      #expect(object.dataSet.int(.rows) == Int(rows))
    }
  }

  /// Bits flipped and ends cut, thousands of times: every outcome is fine but a crash or a hang.
  @Test func damagedObjectsNeverCrash() throws {
    var generator = SeededGenerator(state: 1)
    var samples: [[UInt8]] = [
      TransferSyntax.explicitVRLittleEndian, .implicitVRLittleEndian, .explicitVRBigEndian,
      .deflatedExplicitVRLittleEndian, .jpegBaseline,
    ].map { syntax in
      var writer = Self.random(&generator)
      writer.describeImage(rows: 8, columns: 8, frames: 2)
      writer.uint64(.extendedOffsetTable, [0, 16], vr: .ov)
      if syntax.isEncapsulated {
        writer.encapsulatedPixelData(frames: [[0xFF, 0xD8, 0xFF, 0, 1], [0xFF, 0xD8, 0xFF, 0]])
      } else {
        writer.bytes(.pixelData, .ow, [UInt8](repeating: 3, count: 128))
      }
      writer.sequence(.requestAttributesSequence) {
        $0.sequence(.referencedStudySequence) { $0.string(.patientID, .lo, "x") }
      }
      return writer.file(transferSyntax: syntax)
    }
    if TestData.isPresent {
      samples += try ["charsets/chrH32.dcm", "malformed/UN_sequence.dcm", "charsets/chrSQEncoding1.dcm"].map {
        try TestData.bytes($0)
      }
    }
    var outcomes: [String: Int] = [:]
    for round in 0..<4000 {
      var bytes = samples[round % samples.count]
      if Int.random(in: 0..<4, using: &generator) == 0 {
        bytes = Array(bytes.prefix(Int.random(in: 0...bytes.count, using: &generator)))
      }
      // The header of 128 zeros is not worth a flip.
      for _ in 0..<Int.random(in: 0...8, using: &generator) where bytes.count > 132 {
        bytes[Int.random(in: 132..<bytes.count, using: &generator)] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
      }
      do throws(ParseFailure) {
        let object = try ParsedObject.parse(ObjectBytes(bytes))
        _ =
          String(validating: object.dataSet.json(), as: UTF8.self)
          ?? {
            Issue.record("no UTF-8")
            return ""
          }()
        for frame in 0..<min(object.pixelData?.frameCount ?? 0, 100) {
          for range in object.pixelData?.fragments(of: frame) ?? [] {
            #expect(range.upperBound <= object.dataSet.bytes.count)
          }
        }
        outcomes["accepted", default: 0] += 1
      } catch {
        #expect(!error.reason.isEmpty)
        outcomes[error.code.rawValue, default: 0] += 1
      }
    }
    #expect(outcomes.count > 8, "\(outcomes)")
  }
}
