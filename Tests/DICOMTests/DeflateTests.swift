import Testing

@testable import DICOM

@Suite struct DeflateTests {
  private func failure(_ bytes: [UInt8], _ limits: ParseLimits = .standard) -> ParseFailure.ReasonCode? {
    do throws(ParseFailure) {
      _ = try ParsedObject.parse(ObjectBytes(bytes), limits: limits)
      return nil
    } catch { return error.code }
  }

  private let file = DataSetWriter.make {
    $0.describeImage(rows: 512, columns: 512)
    $0.bytes(.pixelData, .ow, [UInt8](repeating: 7, count: 512 * 512))
  }.file(transferSyntax: .deflatedExplicitVRLittleEndian)

  @Test func framesOfADeflatedObjectLieInItsInflatedDataSet() throws {
    let object = try ParsedObject.parse(ObjectBytes(file))
    #expect(object.isInflated && object.pixelData?.isInInflatedDataSet == true)
    let range = try #require(object.pixelData?.fragments(of: 0).first)
    #expect(object.dataSet.bytes.withUnsafeBytes { $0[range].allSatisfy { $0 == 7 } })
  }

  @Test func aLargeDataSetIsInflatedIntoAFile() throws {
    let limits = ParseLimits(inflatedBytesInMemory: 1000, temporaryDirectory: "/tmp")
    let object = try ParsedObject.parse(ObjectBytes(file), limits: limits)
    #expect(object.jsonText == (try ParsedObject.parse(ObjectBytes(file)).jsonText))
    let nowhere = ParseLimits(inflatedBytesInMemory: 1000, temporaryDirectory: "/nonexistent")
    #expect(failure(file, nowhere) == .outOfSpace)
  }

  @Test func growthIsLimited() {
    #expect(failure(file, ParseLimits(inflatedBytes: 100_000)) == .inflatesTooLarge)
  }

  @Test func damageAndCutsAreSeen() {
    #expect(failure(Array(file.dropLast(100))) == .truncated)
    var damaged = file
    damaged[damaged.count - 512 * 512 / 2] ^= 0xFF  // a pixel: stored blocks carry no check sum
    #expect(failure(damaged) == nil)
    damaged[
      FileMeta.canonicalHeader(
        sopClassUID: SOPClass.secondaryCaptureImageStorage, sopInstanceUID: "2.25.100",
        transferSyntax: .deflatedExplicitVRLittleEndian
      ).count + 1] ^= 0xFF  // the length of the first block
    #expect(failure(damaged) == .damagedDeflate)
    #expect(failure(file + [1, 2, 3]) == .trailingGarbage)
    #expect(failure(file + [0, 0, 0]) == nil)
  }
}
