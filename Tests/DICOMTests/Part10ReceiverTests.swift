import Testing

@testable import DICOM

@Suite struct Part10ReceiverTests {
  private typealias Result = (digest: [UInt8], bytes: [UInt8], sopInstanceUID: UID?, syntax: TransferSyntax)

  private func receive(_ bytes: [UInt8], pieces: Int) throws -> Result {
    let spool = try Spool(directory: "/tmp")
    var receiver = Part10Receiver(spool: spool)
    var rest = bytes[...]
    while !rest.isEmpty {
      let piece = rest.prefix(pieces)
      rest = rest.dropFirst(piece.count)
      try Array(piece).withUnsafeBytes { try receiver.receive($0) }
    }
    let identity = try receiver.finish()
    let digest = try spool.finish()
    return (digest, try spool.withUnsafeBytes { Array($0) }, identity.sopInstanceUID, identity.transferSyntax)
  }

  private let writer = DataSetWriter.make {
    $0.describeImage(rows: 32, columns: 32)
    $0.bytes(.pixelData, .ow, (0..<1024).map { UInt8(truncatingIfNeeded: $0) })
  }

  @Test(arguments: [
    TransferSyntax.explicitVRLittleEndian, .implicitVRLittleEndian, .explicitVRBigEndian,
    .deflatedExplicitVRLittleEndian,
  ])
  func everyWayInGivesOneDigest(_ syntax: TransferSyntax) throws {
    let canonical = writer.file(transferSyntax: syntax)
    let dataSet = writer.dataSet(transferSyntax: syntax)
    // Another writer's header: other preamble, other implementation, a source.
    let meta =
      Raw.short(.mediaStorageSOPClassUID, "UI", Array("1.2.3.".utf8))
      + Raw.short(.transferSyntaxUID, "UI", Array(syntax.uid.rawValue.utf8))
      + Raw.short(.sourceApplicationEntityTitle, "AE", Array("SCANNER ".utf8))
    let foreign = [UInt8](repeating: 9, count: 128) + Array("DICM".utf8) + meta + dataSet
    for pieces in [1, 7, 100, 511, 4096, 1 << 20] {
      for file in [canonical, foreign, meta + dataSet] {
        let result = try receive(file, pieces: pieces)
        #expect(result.bytes == canonical)
        #expect(result.sopInstanceUID == "2.25.100")
        #expect(result.syntax == syntax)
      }
    }
  }

  @Test func aBareDataSetIsRecognised() throws {
    for syntax in [TransferSyntax.explicitVRLittleEndian, .implicitVRLittleEndian, .explicitVRBigEndian] {
      let result = try receive(writer.dataSet(transferSyntax: syntax), pieces: 100)
      #expect(result.bytes == writer.file(transferSyntax: syntax))
    }
  }

  /// Found by fuzzing: kept as a data set, such elements were read as a part of our header when the object was opened again.
  @Test func elementsOfTheHeaderAreNoDataSetWhateverTheirVR() throws {
    let implicitMeta: [UInt8] = [2, 0, 0, 0, 4, 0, 0, 0, 0xDB, 0, 0, 0]
    let canonical = writer.file(transferSyntax: .implicitVRLittleEndian)
    let result = try receive(implicitMeta + writer.dataSet(transferSyntax: .implicitVRLittleEndian), pieces: 100)
    #expect(result.bytes == canonical)
    let odd = try receive([2, 0, 0, 0, 0, 0, 0, 0, 0xDB] + .init(repeating: 0, count: 90), pieces: 7)
    #expect(try odd.bytes.withUnsafeBytes { try FileHead.read($0, isWhole: true) } != nil)
  }

  @Test func aHeaderThatLiesAboutTheEncodingIsReplacedByATrueOne() throws {
    let header = FileMeta.canonicalHeader(
      sopClassUID: "1", sopInstanceUID: "2", transferSyntax: .implicitVRLittleEndian)
    let result = try receive(header + writer.dataSet(), pieces: 300)
    #expect(result.syntax == .explicitVRLittleEndian)
    #expect(result.bytes == writer.file(transferSyntax: .explicitVRLittleEndian))
  }

  @Test func withoutUIDsInTheDataSetThoseOfTheHeaderCount() throws {
    var bare = writer
    bare.remove(.sopInstanceUID)
    let header = FileMeta.canonicalHeader(
      sopClassUID: SOPClass.secondaryCaptureImageStorage, sopInstanceUID: "2.25.77",
      transferSyntax: .explicitVRLittleEndian)
    #expect(try receive(header + bare.dataSet(), pieces: 64).sopInstanceUID == "2.25.77")
  }

  @Test func whatIsNotDICOMIsRefusedAtOnce() throws {
    var receiver = Part10Receiver(spool: try Spool(directory: "/tmp"))
    #expect(throws: ParseFailure.self) {
      try [UInt8](repeating: 0x20, count: 600).withUnsafeBytes { try receiver.receive($0) }
    }
    var nothing = Part10Receiver(spool: try Spool(directory: "/tmp"))
    #expect(throws: ParseFailure.self) { try nothing.finish() }
  }

  @Test func whatCannotBeIdentifiedIsKeptAsItCameForTheQuarantine() throws {
    var file = writer.file(transferSyntax: .explicitVRLittleEndian)
    let syntax = Array("1.2.840.10008.1.2.1".utf8)
    let place = try #require(file.indices.first { file[$0...].starts(with: syntax) })
    file[place + 18] = UInt8(ascii: "7")
    let spool = try Spool(directory: "/tmp")
    var receiver = Part10Receiver(spool: spool)
    for byte in file { try [byte].withUnsafeBytes { try receiver.receive($0) } }
    do {
      _ = try receiver.finish()
      Issue.record("accepted")
    } catch let failure as ParseFailure { #expect(failure.code == .unknownTransferSyntax) }
    _ = try spool.finish()
    #expect(try spool.withUnsafeBytes { Array($0) } == file)
  }

  @Test func aHeadThatNeverEndsIsNotHeldForEver() throws {
    // An implicit (0008,0008) that claims 100 MB: the UIDs behind it are not waited for.
    let spool = try Spool(directory: "/tmp", memoryLimit: 4 << 20)
    var receiver = Part10Receiver(spool: spool)
    let header = FileMeta.canonicalHeader(
      sopClassUID: "1", sopInstanceUID: "2", transferSyntax: .implicitVRLittleEndian)
    let start = header + Raw.implicit(.imageType, [], claiming: 100_000_000)
    try start.withUnsafeBytes { try receiver.receive($0) }
    let block = [UInt8](repeating: 0x20, count: 64 << 10)
    for _ in 0..<20 { try block.withUnsafeBytes { try receiver.receive($0) } }
    #expect(spool.count > 1 << 20)
    #expect(try receiver.finish().sopInstanceUID == "2")
  }
}
