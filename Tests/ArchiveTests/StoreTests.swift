import DICOM
import Foundation
import Testing

@testable import Archive

@Suite struct StoreTests {
  @Test func `A stored object lies under its digest, byte for byte, and is found`() async throws {
    let folder = try TestFolder()
    let archive = try Archive.make(in: folder)
    let bytes = TestObject.make()
    let outcome = try archive.store(bytes)
    guard case .stored(let identity) = outcome else { return #expect(Bool(false), "\(outcome)") }
    let records = try await archive.instances(study: "1.2.3")
    #expect(records.count == 1)
    let record = try #require(records.first)
    #expect(record.digest == identity.digest)
    #expect(record.size == bytes.count)
    #expect(record.rows == 8 && record.columns == 8 && record.frameCount == 1)
    let path = archive.path(of: record)
    #expect(
      path.hasSuffix(
        "/objects/\(identity.digest.prefix(2))/\(identity.digest.dropFirst(2).prefix(2))/\(identity.digest).dcm"))
    #expect(try Data(contentsOf: URL(filePath: path)) == Data(bytes))
    #expect(try archive.found(SearchQuery(.studies)) == ["1.2.3"])
    try archive.close()
  }
}
