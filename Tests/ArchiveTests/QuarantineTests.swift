import DICOM
import Foundation
import Testing

@testable import Archive

@Suite struct QuarantineTests {
  let folder: TestFolder
  let archive: Archive

  init() throws {
    folder = try TestFolder()
    archive = try Archive.make(in: folder)
  }

  @discardableResult
  private func quarantine(_ text: String, at time: TimeInterval = 1000) throws -> QuarantineID {
    try archive.quarantine(
      archive.spool(Array(text.utf8)),
      receipt: Receipt(
        channel: .dimse, receivedAt: Date(timeIntervalSince1970: time), callingAETitle: "US3", calledAETitle: "REKKAS",
        peerAddress: "10.1.1.1", expectedSOPInstanceUID: "1.2"),
      reason: .unparsable("truncated"), detail: "value ends behind the end")
  }

  @Test func `An entry keeps the bytes and what is known of them`() throws {
    let id = try quarantine("abc")
    let entry = try #require(try archive.quarantined().first)
    #expect(entry.id == id && entry.reason.rawValue == "unparsable.truncated" && entry.size == 3 && entry.times == 1)
    #expect(entry.receipt.callingAETitle == "US3" && entry.receipt.calledAETitle == "REKKAS")
    #expect(entry.receipt.expectedSOPInstanceUID == "1.2" && entry.receipt.expectedSOPClassUID == nil)
    #expect(entry.receipt.receivedAt == Date(timeIntervalSince1970: 1000))
    #expect(entry.digest == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    let copy = folder.path + "/copy"
    try archive.exportQuarantined(id, to: copy)
    #expect(try String(contentsOfFile: copy, encoding: .utf8) == "abc")
  }

  @Test func `The same bytes again are counted, not kept twice`() throws {
    let id = try quarantine("abc")
    #expect(try quarantine("abc", at: 2000) == id)
    let entries = try archive.quarantined()
    #expect(entries.count == 1 && entries[0].times == 2)
    #expect(entries[0].lastReceivedAt == Date(timeIntervalSince1970: 2000))
  }

  @Test func `Entries are listed newest first, a page at a time`() throws {
    for number in 0..<5 { try quarantine("object \(number)", at: TimeInterval(number)) }
    let all = try archive.quarantined().map(\.id)
    #expect(try archive.quarantined(limit: 2, offset: 1).map(\.id) == Array(all[1...2]))
    #expect(try archive.quarantined().map(\.receipt.receivedAt.timeIntervalSince1970) == [4, 3, 2, 1, 0])
  }

  @Test func `A deleted entry is gone with its bytes`() throws {
    let id = try quarantine("abc")
    try archive.deleteQuarantined(id)
    #expect(try archive.quarantined().isEmpty)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path + "/quarantine").isEmpty)
    #expect(throws: ArchiveError.self) { try archive.deleteQuarantined(id) }
  }

  @Test func `Entries outlive a crash, and the loss of the index`() throws {
    try quarantine("abc")
    let crashed = try folder.crashed()
    #expect(try Archive.make(in: crashed).quarantined().first?.receipt.callingAETitle == "US3")
    let poorer = try folder.crashed()
    for suffix in ["", "-wal", "-shm"] {
      try? FileManager.default.removeItem(atPath: poorer.path + "/index.sqlite" + suffix)
    }
    let entry = try #require(try Archive.make(in: poorer).quarantined().first)
    #expect(entry.reason == .entryLost && entry.size == 3)
  }

  @Test func `A large refused object is moved, not copied`() throws {
    let otherFolder = try TestFolder()
    let archive = try Archive.make(in: otherFolder) { $0.spoolMemoryLimit = 16 << 10 }
    let spool = try archive.spool([UInt8](repeating: 7, count: 1 << 20))
    #expect(!spool.isInMemory)
    _ = try archive.quarantine(spool, receipt: Receipt(channel: .stow), reason: .mismatch, detail: "")
    #expect(try archive.quarantined().first?.size == 1 << 20)
    #expect(try FileManager.default.contentsOfDirectory(atPath: archive.options.directory + "/incoming").isEmpty)
    try archive.close()
  }
}
