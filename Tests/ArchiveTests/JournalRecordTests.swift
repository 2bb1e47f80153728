import DICOM
import Foundation
import Testing

@testable import Archive

@Suite struct JournalRecordTests {
  private func encoded(_ record: JournalRecord) -> [UInt8] {
    var block = [UInt8](repeating: 0xEE, count: JournalRecord.headerSize)
    block.withUnsafeMutableBytes { record.encode(into: $0) }
    return block
  }

  private func decoded(_ block: [UInt8]) -> JournalRecord? { block.withUnsafeBytes { JournalRecord(decoding: $0) } }

  private let record = JournalRecord(
    kind: .inline, epoch: 77, sequence: 5, objectSize: 123_456, digest: (0..<32).map { UInt8($0) },
    receipt: Array("receipt".utf8))

  @Test func `A record head reads as it was written`() { #expect(decoded(encoded(record)) == record) }

  @Test func `One changed bit anywhere in what is used makes it no record`() {
    let block = encoded(record)
    for offset in 0..<76 + 7 {
      for bit in 0..<8 {
        var changed = block
        changed[offset] ^= 1 << UInt8(bit)
        #expect(decoded(changed) == nil, "byte \(offset)")
      }
    }
  }

  @Test func `Zeros and noise are no record`() {
    #expect(decoded([UInt8](repeating: 0, count: 4096)) == nil)
    var random = SystemRandomNumberGenerator()
    for _ in 0..<100 { #expect(decoded((0..<4096).map { _ in UInt8.random(in: 0...255, using: &random) }) == nil) }
  }

  @Test func `An object's bytes take whole blocks behind the head`() {
    #expect(JournalRecord.space(.inline, objectSize: 1) == 8192)
    #expect(JournalRecord.space(.inline, objectSize: 4096) == 8192)
    #expect(JournalRecord.space(.inline, objectSize: 4097) == 12288)
    #expect(JournalRecord.space(.file, objectSize: 1 << 30) == 4096)
  }

  @Test func `A receipt comes back, with texts cut to what a record holds`() {
    let receipt = Receipt(
      channel: .stow, receivedAt: Date(timeIntervalSince1970: 1234.5), callingAETitle: nil, calledAETitle: "REKKAS",
      peerAddress: String(repeating: "x", count: 1000))
    let back = Receipt(encoded: receipt.encoded())
    #expect(back?.channel == .stow && back?.receivedAt == receipt.receivedAt && back?.callingAETitle == nil)
    #expect(back?.calledAETitle == "REKKAS" && back?.peerAddress?.count == 255)
    #expect(Receipt(encoded: []) == nil)
    #expect(Receipt(encoded: [1, 2, 3]) == nil)
    for count in 0..<receipt.encoded().count {
      #expect(Receipt(encoded: Array(receipt.encoded().prefix(count))) == nil)
    }
  }

  @Test func `SHA-256 agrees with the standard's examples, however the bytes are cut`() {
    func digest(_ text: String, pieces: Int = 1) -> String {
      let hash = SHA256()
      let bytes = Array(text.utf8)
      for start in stride(from: 0, to: max(1, bytes.count), by: max(1, bytes.count / pieces)) {
        Array(bytes[start..<min(bytes.count, start + max(1, bytes.count / pieces))]).withUnsafeBytes { hash.update($0) }
      }
      return Digest(hash.finish())?.hex ?? ""
    }
    #expect(digest("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    #expect(digest("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    let long =
      "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu"
    for pieces in [1, 3, 7, 112] {
      #expect(digest(long, pieces: pieces) == "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1")
    }
    #expect(digest(String(repeating: "a", count: 1000)) == digest(String(repeating: "a", count: 1000), pieces: 9))
  }
}
