import Foundation
import Testing

@testable import DICOM

/// Where frames are found, and where they are not.
@Suite struct FrameTableTests {
  private func native(_ count: Int, _ describe: (inout DataSetWriter) -> Void) throws(ParseFailure) -> ParsedObject {
    try DataSetWriter.make {
      describe(&$0)
      $0.bytes(.pixelData, .ow, (0..<count).map { UInt8(truncatingIfNeeded: $0) })
    }.parsed()
  }

  /// Pixel data of these items, the offset table first.
  private func encapsulated(
    _ items: [[UInt8]], frames: Int, _ syntax: TransferSyntax = .jpegBaseline, extended: [UInt64]? = nil
  ) throws(ParseFailure) -> ParsedObject {
    let head = DataSetWriter.make {
      $0.describeImage(rows: 8, columns: 8, frames: frames)
      if let extended { $0.uint64(.extendedOffsetTable, extended, vr: .ov) }
    }
    let pixels = Raw.long(.pixelData, "OB", items.flatMap { Raw.item(.item, $0) }, claiming: Raw.undefined)
    return try ParsedObject.make(dataSet: head.dataSet() + pixels + Raw.sequenceEnd, syntax)
  }

  private func frames(_ object: ParsedObject) -> [[UInt8]]? {
    object.pixelData.map { location in
      (0..<location.frameCount).map { frame in
        object.dataSet.bytes.withUnsafeBytes { memory in location.fragments(of: frame).flatMap { memory[$0] } }
      }
    }
  }

  private func failure(_ body: () throws(ParseFailure) -> ParsedObject) -> ParseFailure.ReasonCode? {
    do throws(ParseFailure) {
      _ = try body()
      return nil
    } catch { return error.code }
  }

  @Test func nativeFramesLieOneAfterTheOther() throws {
    let object = try native(24) { $0.describeImage(rows: 2, columns: 2, bits: 16, frames: 3) }
    #expect(frames(object)?.map { $0.first } == [0, 8, 16])
    #expect(object.pixelData?.byteCount(of: 2) == 8)
    #expect(object.pixelData?.fragments(of: 3) == [])
    #expect(object.pixelData?.fragments(of: -1) == [])
  }

  @Test func framesOfSingleBitsMayShareAByte() throws {
    let object = try native(4) { $0.describeImage(rows: 3, columns: 3, bits: 1, frames: 3) }
    let location = try #require(object.pixelData)
    #expect((0..<3).map { location.bitOffset(of: $0) } == [0, 1, 2])
    #expect((0..<3).map { location.byteCount(of: $0) } == [2, 2, 2])
    #expect(location.fragments(of: 1)[0].lowerBound == location.fragments(of: 0)[0].lowerBound + 1)
  }

  @Test func subsampledColoursNeedLessRoom() throws {
    let subsampled = try native(32) {
      $0.describeImage(rows: 2, columns: 4, samples: 3, frames: 2)
      $0.string(.photometricInterpretation, .cs, "YBR_FULL_422")
    }
    #expect(subsampled.pixelData?.byteCount(of: 0) == 16)
    let mislabelled = try native(48) {
      $0.describeImage(rows: 2, columns: 4, samples: 3, frames: 2)
      $0.string(.photometricInterpretation, .cs, "YBR_FULL_422")
    }
    #expect(mislabelled.pixelData?.byteCount(of: 0) == 24)
  }

  @Test func missingPixelsAreRefusedAndSuperfluousOnesNot() throws {
    #expect(
      failure { () throws(ParseFailure) in try native(14) { $0.describeImage(rows: 4, columns: 4) } }
        == .pixelDataTooShort)
    #expect(
      failure { () throws(ParseFailure) in
        try native(16) { $0.describeImage(rows: 4, columns: 4, frames: Int(Int32.max)) }
      } == .pixelDataTooShort)
    #expect(
      failure { () throws(ParseFailure) in
        try native(16) { $0.describeImage(rows: 65_535, columns: 65_535, bits: 64, frames: .max) }
      } == .pixelDataTooShort)
    #expect(try native(400) { $0.describeImage(rows: 4, columns: 4) }.pixelData?.byteCount(of: 0) == 16)
  }

  @Test func pixelsWithoutAUsableDescriptionHaveNoFrames() throws {
    #expect(try native(16) { _ in }.pixelData == nil)
    #expect(try native(16) { $0.describeImage(rows: 4, columns: 4, bits: 0) }.pixelData == nil)
    #expect(try native(16) { $0.describeImage(rows: 0, columns: 4) }.pixelData == nil)
    #expect(try native(0) { $0.describeImage(rows: 4, columns: 4) }.pixelData == nil)
  }

  private let first: [UInt8] = [0xFF, 0xD8, 0xFF, 1]
  private let second: [UInt8] = [0xFF, 0xD8, 0xFF, 2]
  private let more: [UInt8] = [9, 9, 9, 9]

  @Test func fragmentsOfOneFrameBelongTogether() throws {
    #expect(frames(try encapsulated([[], first, more], frames: 1)) == [first + more])
  }

  @Test func theBasicOffsetTableSaysWhereFramesBegin() throws {
    let table: [UInt8] = [0, 0, 0, 0, 24, 0, 0, 0]
    #expect(frames(try encapsulated([table, first, more, second], frames: 2)) == [first + more, second])
  }

  @Test func theExtendedOffsetTableGoesBeforeTheBasicOne() throws {
    let object = try encapsulated([[], first, more, second], frames: 2, extended: [0, 24])
    #expect(frames(object) == [first + more, second])
  }

  @Test func aWildOffsetTableIsNotBelieved() throws {
    let table: [UInt8] = [0, 0, 0, 0, 0xF0, 0xFF, 0xFF, 0x7F]
    #expect(frames(try encapsulated([table, first, second], frames: 2)) == [first, second])
    let object = try encapsulated([table, first, more, second], frames: 2, extended: [0, .max])
    #expect(frames(object) == [first + more, second])
  }

  @Test func withoutATableCodestreamsShowWhereTheyBegin() throws {
    #expect(frames(try encapsulated([[], first, more, second, more], frames: 2)) == [first + more, second + more])
    let codestream: [UInt8] = [0xFF, 0x4F, 0xFF, 0x51]
    #expect(
      frames(try encapsulated([[], codestream, codestream, more], frames: 2, .jpeg2000Lossless))
        == [codestream, codestream + more])
    let header: [UInt8] = [1, 0, 0, 0, 64, 0, 0, 0] + [UInt8](repeating: 0, count: 56)
    #expect(
      frames(try encapsulated([[], header, more, header], frames: 2, .rleLossless)) == [header + more, header])
    // Not to be told: the object is kept, but has no frames.
    #expect(try encapsulated([[], more, more, more], frames: 2).pixelData == nil)
  }

  @Test func fewerFragmentsThanFramesAreRefusedUnlessItIsAVideo() throws {
    #expect(failure { () throws(ParseFailure) in try encapsulated([[], first], frames: 2) } == .pixelDataTooShort)
    #expect(failure { () throws(ParseFailure) in try encapsulated([[]], frames: 1) } == .pixelDataTooShort)
    let video = try encapsulated([[], first, more], frames: 250, .mpeg4HighProfile41)
    #expect(video.pixelData?.frameCount == 1)
    #expect(frames(video) == [first + more])
  }

  @Test func encapsulationMustSuitTheSyntax() throws {
    #expect(
      failure { () throws(ParseFailure) in try encapsulated([[], first], frames: 1, .explicitVRLittleEndian) }
        == .malformedPixelData)
    let object = try DataSetWriter.make {
      $0.describeImage(rows: 2, columns: 2)
      $0.bytes(.pixelData, .ob, [1, 2, 3, 4])
    }.parsed(as: .jpegBaseline)
    #expect(object.pixelData == nil)
  }

  @Test func aLocationSurvivesBeingWrittenDown() throws {
    let locations = try [
      native(24) { $0.describeImage(rows: 2, columns: 2, bits: 16, frames: 3) },
      native(4) { $0.describeImage(rows: 3, columns: 3, bits: 1, frames: 3) },
      encapsulated([[0, 0, 0, 0, 24, 0, 0, 0], first, more, second], frames: 2),
    ].map { try #require($0.pixelData) }
    for location in locations {
      #expect(PixelDataLocation(encoded: location.encoded()) == location)
      #expect(try JSONDecoder().decode(PixelDataLocation.self, from: JSONEncoder().encode(location)) == location)
      let encoded = location.encoded()
      for count in 0..<encoded.count { #expect(PixelDataLocation(encoded: Array(encoded[..<count])) == nil) }
      #expect(PixelDataLocation(encoded: encoded + [0]) == nil)
    }
    #expect(locations[2].encoded().count < 20)
  }
}
