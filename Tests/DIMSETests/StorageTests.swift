import Archive
import DICOM
import Foundation
import Testing

@testable import DIMSE

@Suite("Storage", .timeLimit(.minutes(5)))
struct StorageTests {
  private func peer(_ door: Door, _ sopClass: UID = SOPClass.ctImageStorage, _ syntax: TransferSyntax) throws -> RawPeer
  {
    try RawPeer(port: door.port, contexts: [(sopClass, [syntax.uid])])
  }

  @Test(
    "Every transfer syntax of PS3.6 is accepted, and its data set kept byte for byte",
    arguments: [
      TransferSyntax.implicitVRLittleEndian, .explicitVRLittleEndian, .explicitVRBigEndian, .htj2kLossless, .htj2k,
      .jpegXL, .jpeg2000, .jpegBaseline, .rleLossless,
    ])
  func syntaxes(syntax: TransferSyntax) async throws {
    let door = try Door.make()
    let object = SampleObject(transferSyntax: syntax)
    let peer = try peer(door, object.sopClass, syntax)
    #expect(peer.accepted == [1: syntax.uid])
    #expect(try peer.store(object) == .success)
    try peer.release()
    #expect(try await door.files(study: object.study) == [object.keptFile])
  }

  @Test("A private storage class is stored like any other")
  func privateClass() async throws {
    let door = try Door.make()
    let object = SampleObject(sopClass: "1.2.826.0.1.3680043.99.1")
    #expect(try peer(door, object.sopClass, object.transferSyntax).store(object) == .success)
    #expect(try await door.files(study: object.study) == [object.keptFile])
  }

  @Test("An object larger than the memory of a spool goes through a file and is the same")
  func spilled() async throws {
    let door = try Door.make(archive: { $0.spoolMemoryLimit = 64 << 10 })
    let object = SampleObject(rows: 512, columns: 512)
    #expect(try peer(door, object.sopClass, object.transferSyntax).store(object) == .success)
    #expect(try await door.files(study: object.study) == [object.keptFile])
  }

  @Test("The data set may come in pieces of any size", arguments: [1, 7, 4096, 131_066])
  func pieces(piece: Int) async throws {
    let door = try Door.make()
    let object = SampleObject(rows: 300, columns: UInt16(piece < 4096 ? 4 : 500))
    let peer = try peer(door, object.sopClass, object.transferSyntax)
    #expect(
      try peer.store(object.dataSet, sopClass: object.sopClass, instance: object.instance, piece: piece) == .success)
    #expect(try await door.files(study: object.study) == [object.keptFile])
  }

  @Test("The same object again is success, other bytes under its UID are refused")
  func again() async throws {
    let door = try Door.make()
    var object = SampleObject()
    let first = object.keptFile
    let peer = try peer(door, object.sopClass, object.transferSyntax)
    #expect(try peer.store(object) == .success)
    #expect(try peer.store(object) == .success)
    object.seed = 99
    #expect(try peer.store(object) == .duplicateSOPInstance)
    #expect(try await door.files(study: object.study) == [first])
    #expect(try door.archive.quarantined().count == 1)
  }

  @Test("A data set that is not what the request named is refused with 0xA900, and the association goes on")
  func mismatch() async throws {
    let door = try Door.make()
    let object = SampleObject()
    let peer = try peer(door, object.sopClass, object.transferSyntax)
    let other = try peer.store(object.dataSet, sopClass: object.sopClass, instance: .generate())
    #expect(other == .dataSetDoesNotMatchSOPClass)
    #expect(try peer.store(object) == .success)
  }

  @Test("A data set that is cut off is refused with 0xC000 and kept in quarantine")
  func truncated() throws {
    let door = try Door.make()
    let object = SampleObject()
    let peer = try peer(door, object.sopClass, object.transferSyntax)
    let half = Array(object.dataSet.prefix(object.dataSet.count / 2 * 2 - 40))
    #expect(try peer.store(half, sopClass: object.sopClass, instance: object.instance) == .cannotUnderstand)
    #expect(try door.archive.quarantined().count == 1)
    #expect(try peer.store(object) == .success)
  }

  @Test("An instance UID that is no UID is refused with 0x0117", arguments: ["../../../etc/passwd", "1..2", "a"])
  func invalidUID(instance: String) throws {
    let door = try Door.make()
    let object = SampleObject()
    let peer = try peer(door, object.sopClass, object.transferSyntax)
    let status = try peer.store(object.dataSet, sopClass: object.sopClass, instance: UID(rawValue: instance))
    #expect(status == .invalidSOPInstance)
    #expect(try peer.store(object) == .success)
  }

  @Test("Without disk space the answer is 0xA700 after the data set, and the association goes on")
  func full() throws {
    let door = try Door.make(archive: { $0.diskReserve = .max })
    let object = SampleObject(rows: 512, columns: 512)
    let peer = try peer(door, object.sopClass, object.transferSyntax)
    #expect(try peer.store(object) == .outOfResources)
    #expect(try peer.store(object) == .outOfResources)
    try peer.release()
  }

  @Test("An object over the limit is refused with 0xA700; one far over it ends the association")
  func tooLarge() throws {
    let door = try Door.make { $0.maximumObjectSize = 100_000 }
    let small = SampleObject()
    let peer = try peer(door, small.sopClass, small.transferSyntax)
    #expect(try peer.store(SampleObject(rows: 300, columns: 250)) == .outOfResources)
    #expect(try peer.store(small) == .success)
    #expect(throws: RawPeer.Failure.self) { try peer.store(SampleObject(rows: 1000, columns: 1000)) }
  }

  @Test("What is no storage is refused in its context or by its status")
  func otherServices() throws {
    let door = try Door.make()
    let peer = try RawPeer(
      port: door.port,
      contexts: [
        (SOPClass.studyRootFind, [TransferSyntax.implicitVRLittleEndian.uid]),
        (SOPClass.ctImageStorage, ["1.2.826.0.1.3680043.99.2"]),
        (SOPClass.verification, [TransferSyntax.implicitVRLittleEndian.uid]),
      ])
    #expect(peer.accepted == [5: TransferSyntax.implicitVRLittleEndian.uid])
    let get = RawPeer.element(0x0100, 0x0010) + RawPeer.element(0x0110, 7) + RawPeer.element(0x0800, 0x0101)
    try peer.send(RawPeer.value(5, 3, get))
    #expect(try peer.status() == .unrecognizedOperation)
    #expect(try peer.echo(context: 5) == .success)
  }
}
