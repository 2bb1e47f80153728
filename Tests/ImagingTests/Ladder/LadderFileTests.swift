import DICOM
import Foundation
import Testing

@testable import Imaging

/// Swift Testing has a Tag too.
private typealias Tag = DICOM.Tag

@Suite struct LadderFileTests {
  private static let nativeSyntaxes: [TransferSyntax] = [
    .explicitVRLittleEndian, .implicitVRLittleEndian, .explicitVRBigEndian, .deflatedExplicitVRLittleEndian,
  ]

  @Test(arguments: nativeSyntaxes)
  func `an object of any native syntax becomes an equal file, and its other attributes stay`(syntax: TransferSyntax)
    throws
  {
    var object = TestObject.grey((0..<6000).map { $0 % 4096 }, columns: 60, stored: 12, frames: 2)
    object.transferSyntax = syntax
    object.addAttributesOfEveryKind()
    try object.withPrepared { received, outcome, path in
      let prepared = try #require(outcome.proven)
      let new = try ImageObject(path: path)
      #expect(new.object.transferSyntax == .jpeg2000Lossless)
      #expect(new.object.firstDifference(from: received.object, ignoring: PixelDataReplacement.replacedTags) == nil)
      #expect(new.object.dataSet.items(.requestAttributesSequence).count == 2)
      #expect(new.object.dataSet.string(.patientName) == "Lefèvre^Zoé")
      #expect(prepared.digest == (try ObjectBytes.mapped(path: path).sha256()))
      #expect(prepared.size == (try Data(contentsOf: URL(fileURLWithPath: path)).count))
      #expect(prepared.pixelData == new.object.pixelData)
      for frame in 0..<2 {
        #expect(try new.decodedFrame(frame).bytes == (try received.decode(frame).bytes))
        #expect(prepared.layers.frames[frame].offset == prepared.pixelData.fragments(of: frame)[0].lowerBound)
      }
    }
  }

  @Test func `of an explicit little endian object every byte before the pixels is copied`() throws {
    var object = TestObject.grey([1, 2, 3, 4], columns: 2)
    object.addAttributesOfEveryKind()
    try object.withPrepared { received, outcome, path in
      _ = try #require(outcome.proven)
      let old = try Data(contentsOf: URL(fileURLWithPath: received.path))
      let new = try Data(contentsOf: URL(fileURLWithPath: path))
      let oldStart = received.object.dataSetOffset
      let newStart = try ImageObject(path: path).object.dataSetOffset
      // Up to the header of Pixel Data, 12 bytes before its value.
      let length = try #require(received.object.pixelData).fragments(of: 0)[0].lowerBound - 12 - oldStart
      #expect(old[oldStart..<oldStart + length] == new[newStart..<newStart + length])
    }
  }

  @Test(arguments: [0, 1])
  func `RGB is labelled YBR_RCT, by pixel, and decodes to the received colours`(planar: Int) throws {
    let object = TestObject.colour((0..<90).map { UInt8($0 * 2) }, columns: 30, photometric: "RGB", planar: planar)
    try object.withPrepared { received, outcome, path in
      let prepared = try #require(outcome.proven)
      #expect(prepared.layers.format.photometricInterpretation == .rgb)
      let new = try ImageObject(path: path)
      #expect(new.object.dataSet.string(.photometricInterpretation) == "YBR_RCT")
      #expect(new.object.dataSet.int(.planarConfiguration) == 0)
      let frame = try new.decodedFrame(0)
      #expect(frame.format.photometricInterpretation == .rgb)
      #expect(frame.bytes == (try received.decode(0).bytes))
    }
  }

  @Test(arguments: ["PALETTE COLOR", "YBR_FULL", "MONOCHROME1", "PSEUDO"])
  func `other labels stay, and nothing is transformed`(label: String) throws {
    let samples = (0..<90).map { UInt8($0 * 2) }
    var object =
      label == "YBR_FULL"
      ? TestObject.colour(samples, columns: 30, photometric: label)
      : TestObject.grey(samples.map(Int.init), columns: 30, allocated: 8, photometric: label)
    object.writer.uint16(.redPaletteColorLookupTableDescriptor, [256, 0, 16])
    try object.withPrepared { received, outcome, path in
      _ = try #require(outcome.proven)
      let new = try ImageObject(path: path)
      #expect(new.object.dataSet.string(.photometricInterpretation) == label)
      #expect(try new.decodedFrame(0).bytes == samples)
    }
  }

  @Test func `an object with an overlay above the stored bits is left alone, or coded with all bits on demand`() throws
  {
    // Only the second frame has one: the first was already written with fewer bits.
    var values = (0..<800).map { $0 % 256 }
    values[700] |= 0x8000
    let object = TestObject.grey(values, columns: 20, stored: 12, frames: 2)
    try object.withPrepared { _, outcome, path in
      #expect(outcome.untouched == .unusedBits)
      #expect(!FileManager.default.fileExists(atPath: path))
    }
    var options = LadderFile.Options()
    options.codesUnusedBits = true
    try object.withPrepared(options) { received, outcome, path in
      _ = try #require(outcome.proven)
      let new = try ImageObject(path: path)
      for frame in 0..<2 { #expect(try new.decodedFrame(frame).bytes == (try received.decode(frame).bytes)) }
    }
  }

  @Test func `signed samples whose unused bits are not their sign are left alone`() throws {
    let words = [0x0FFF, 0x0001, 0xF800, 0x0FFE]
    try TestObject.grey(words, columns: 2, stored: 12, signed: true).withPrepared { _, outcome, _ in
      #expect(outcome.untouched == .unusedBits)
    }
  }

  @Test func `values at the top of their words are left alone, or coded with all bits on demand`() throws {
    let object = TestObject.grey((0..<400).map { ($0 % 256) << 4 }, columns: 20, stored: 12, high: 15)
    try object.withPrepared { _, outcome, _ in #expect(outcome.untouched == .unusedBits) }
    var options = LadderFile.Options()
    options.codesUnusedBits = true
    try object.withPrepared(options) { received, outcome, path in
      _ = try #require(outcome.proven)
      #expect(try ImageObject(path: path).decodedFrame(0).bytes == (try received.decode(0).bytes))
    }
  }

  @Test func `large multi-frame pixel data gets an extended offset table and an empty basic one`() throws {
    var options = LadderFile.Options()
    options.longestBasicOffset = 1000
    let object = TestObject.grey((0..<4000).map { $0 % 700 }, columns: 40, frames: 4)
    try object.withPrepared(options) { received, outcome, path in
      let prepared = try #require(outcome.proven)
      let new = try ImageObject(path: path)
      #expect(new.object.dataSet.contains(.extendedOffsetTable))
      let lengths = new.object.dataSet.octets(.extendedOffsetTableLengths)
      #expect(lengths.count == 32)
      #expect(lengths.first == UInt8(truncatingIfNeeded: prepared.layers.frames[0].layerEnds.last!))
      #expect(new.frameCount == 4)
      for frame in 0..<4 { #expect(try new.decodedFrame(frame).bytes == (try received.decode(frame).bytes)) }
    }
  }

  @Test func `what has no ladder stays untouched, with a reason`() throws {
    let wide = TestObject.grey([1, 2], allocated: 32)
    try wide.withPrepared { _, outcome, path in
      #expect(outcome.untouched == .wideSamples)
      #expect(!FileManager.default.fileExists(atPath: path))
    }
    var bits = TestObject.grey([1, 2], allocated: 8)
    bits.writer.uint16(.bitsAllocated, [1])
    bits.writer.uint16(.bitsStored, [1])
    bits.writer.uint16(.highBit, [0])
    try bits.withPrepared { _, outcome, _ in #expect(outcome.untouched == .oneBit) }
    let subsampled = TestObject.colour([76, 76, 85, 255], columns: 2, photometric: "YBR_FULL_422")
    try subsampled.withPrepared { _, outcome, _ in #expect(outcome.untouched == .subsampledColor) }
    var surplus = TestObject.grey([1, 2, 3, 4], columns: 2)
    surplus.writer.uint16(.rows, [1])
    try surplus.withPrepared { _, outcome, _ in #expect(outcome.untouched == .surplusPixelData) }
    var options = LadderFile.Options()
    options.memoryLimit = 1000
    try TestObject.grey(.init(repeating: 0, count: 400), columns: 20).withPrepared(options) { _, outcome, _ in
      #expect(outcome.untouched == .tooLarge)
    }
  }

  @Test func `a prepared file is not prepared again`() throws {
    try TestObject.grey([1, 2, 3, 4], columns: 2).withPrepared { _, outcome, path in
      _ = try #require(outcome.proven)
      let again = try LadderFile.prepare(path: path, output: path + ".again")
      #expect(again.untouched == .compressed(TransferSyntax.jpeg2000Lossless.uid))
    }
  }

  @Test func `giving up at a checkpoint leaves no file behind`() throws {
    let object = TestObject.grey((0..<400).map { $0 }, columns: 20, frames: 2)
    try object.withFile { path in
      let folder = TestObject.temporaryPath()
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
      defer { try? FileManager.default.removeItem(atPath: folder) }
      for last in 0..<4 {
        var calls = 0
        #expect(throws: CancellationError.self) {
          try LadderFile.prepare(path: path, output: folder + "/out.dcm") {
            if calls == last { throw CancellationError() }
            calls += 1
          }
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
      }
    }
  }

  @Test(arguments: [0, 1])
  func `a prepared file is written back as native pixels, with the received attributes`(extended: Int) throws {
    var options = LadderFile.Options()
    if extended == 1 { options.longestBasicOffset = 0 }
    var grey = TestObject.grey((0..<1800).map { $0 % 4096 }, columns: 30, stored: 12, frames: 3)
    grey.addAttributesOfEveryKind()
    var colour = TestObject.colour((0..<99).map { UInt8($0 * 2) }, columns: 33, photometric: "RGB")
    colour.addAttributesOfEveryKind()
    for object in [grey, colour] {
      try object.withPrepared(options) { received, outcome, path in
        _ = try #require(outcome.proven)
        let native = path + ".native"
        defer { unlink(native) }
        try FileTranscoder.transcodeAnywhere(path: path, to: .explicitVRLittleEndian, output: native)
        let back = try ImageObject(path: native)
        #expect(back.object.transferSyntax == .explicitVRLittleEndian)
        // Odd pixel data was written as it is, and has its padding byte now.
        #expect(back.object.firstDifference(from: received.object, ignoring: []) == nil)
        for frame in 0..<received.image.frameCount {
          #expect(try back.decode(frame).bytes == (try received.decode(frame).bytes))
        }
      }
    }
  }

  @Test func `the proof refuses a file that differs in a sample, an attribute or a layer's place`() throws {
    var object = TestObject.grey((0..<40_000).map { $0 * 7 % 4096 }, columns: 200, stored: 12)
    object.addAttributesOfEveryKind()
    try object.withPrepared { received, outcome, path in
      let prepared = try #require(outcome.proven)
      let good = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
      func refusal(_ bytes: [UInt8], _ layers: LayerTable = prepared.layers) throws -> RefusedReason? {
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        do {
          _ = try LadderProof(received: received.image, layers: layers, label: nil).run(path: path) {}
          return nil
        } catch let reason as RefusedReason {
          return reason
        }
      }
      #expect(try refusal(good) == nil)

      let frame = prepared.layers.frames[0]
      var damaged = good
      damaged[frame.offset + frame.layerEnds.last! - 300] ^= 0x10
      #expect(try refusal(damaged)?.code == "samples-differ" || refusal(damaged)?.code == "unreadable")

      damaged = good
      let name = try #require(ImageObject(path: path).object.dataSet.bytes(of: AttributePath(.patientName)))
      damaged[name.lowerBound] ^= 1
      #expect(try refusal(damaged) == .attributeDiffers(.patientName))

      var ends = frame.layerEnds
      ends[0] += 1
      let moved = LayerTable(format: prepared.layers.format, frames: [.init(offset: frame.offset, layerEnds: ends)])
      #expect(try refusal(good, moved) == .layersDiffer(frame: 0))
      #expect(try refusal(Array(good.dropLast(9)))?.code == "unreadable")
    }
  }

  @Test func `a preview needs only the bytes of its layers`() throws {
    let format = LadderFrames.format(300, 200, stored: 12)
    let values = LadderFrames.frame(format, .picture, seed: 4).bytes
    var object = TestObject.grey(.init(repeating: 0, count: 60_000), columns: 300, stored: 12)
    object.writer.bytes(.pixelData, .ow, values)
    try object.withPrepared { received, outcome, path in
      let prepared = try #require(outcome.proven)
      let table = try #require(LayerTable(encoded: prepared.layers.encoded()))
      let whole = try Ladder.decodePrefix(path: path, table: table, frame: 0, layers: 99)
      #expect(whole.bytes == values)
      // What a site has sent so far: the file has its length, but holes behind the first layer.
      let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
      let end = table.frames[0].range(layers: 1).upperBound
      let partial = bytes[..<end] + [UInt8](repeating: 0, count: bytes.count - end)
      try Data(partial).write(to: URL(fileURLWithPath: path))
      let preview = try Ladder.decodePrefix(path: path, table: table, frame: 0, layers: 1, targetSize: (128, 128))
      #expect((preview.format.columns, preview.format.rows) == (150, 100))
      #expect(preview.format.bitsStored == 12)
      #expect(throws: FrameFailure.self) { try Ladder.decodePrefix(path: path, table: table, frame: 0, layers: 2) }
      #expect(throws: FrameFailure.frameOutOfRange(count: 1)) {
        try Ladder.decodePrefix(path: path, table: table, frame: 1, layers: 1)
      }
    }
  }
}

// MARK: -

/// A received file while a test looks at it.
private struct ReceivedFile {
  let path: String
  let image: ImageObject
  var object: ParsedObject { image.object }
  func decode(_ frame: Int) throws -> DecodedFrame { try image.decode(frame) }
}

extension TestObject {
  /// Prepares the object and removes both files afterwards.
  fileprivate func withPrepared(
    _ options: LadderFile.Options = .init(), _ body: (ReceivedFile, LadderOutcome, String) throws -> Void
  ) throws {
    try withFile { path in
      let output = path + ".prepared"
      defer { unlink(output) }
      let outcome = try LadderFile.prepare(path: path, options: options, output: output)
      try body(ReceivedFile(path: path, image: ImageObject(path: path)), outcome, output)
    }
  }

  /// Words of every size, text, nested sequences, private elements, something behind the pixel data.
  fileprivate mutating func addAttributesOfEveryKind() {
    writer.string(.specificCharacterSet, .cs, "ISO_IR 192")
    writer.string(.patientName, .pn, "Lefèvre^Zoé")
    writer.uint32(Tag(0x0018, 0x9074), [1, 70_000])
    writer.float(Tag(0x0018, 0x9328), [1.5])
    writer.double(Tag(0x0018, 0x9087), [1000.25, -3])
    writer.tags(.frameIncrementPointer, [.frameTime])
    writer.bytes(Tag(0x0009, 0x1001), .un, [1, 2, 3, 4])
    writer.string(Tag(0x0009, 0x0010), .lo, "REKKAS TEST")
    writer.bytes(Tag(0x6000, 0x3000), .ow, [1, 2, 3, 4, 5, 6])
    writer.sequence(.requestAttributesSequence) { item in
      item.string(.requestedProcedureID, .sh, "P-1")
      item.sequence(.referencedStudySequence) { $0.uid(.referencedSOPInstanceUID, "2.25.5") }
      item.string(.photometricInterpretation, .cs, "RGB")
    }
    writer.sequence(.requestAttributesSequence) { _ in }
    writer.sequence(.derivationCodeSequence, items: [])
    writer.bytes(Tag(0xFFFC, 0xFFFC), .ob, [0, 0])
  }
}

extension LadderOutcome {
  fileprivate var proven: PreparedObject? { if case .proven(let object) = self { object } else { nil } }
  fileprivate var untouched: UntouchedReason? { if case .untouched(let reason) = self { reason } else { nil } }
}
