import DICOM
import Foundation
import Testing

@Suite("Spool")
struct SpoolTests {
  /// SHA-256 of "abc" (FIPS 180-2, B.1).
  private let digestOfABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

  private func hex(_ bytes: [UInt8]) -> String { bytes.map { String(format: "%02x", $0) }.joined() }

  private func pattern(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) } }

  @Test("Small objects stay in memory, with head room and a zeroed tail for one aligned write")
  func inMemory() throws {
    let folder = try Folder()
    let spool = try Spool(directory: folder.path)
    try spool.append(Array("ab".utf8))
    try spool.append(Array("c".utf8))
    #expect(hex(try spool.finish()) == digestOfABC)
    #expect(spool.isInMemory)
    #expect(spool.spillPath == nil)
    #expect(try spool.withUnsafeBytes { Array($0) } == Array("abc".utf8))
    let shape = spool.withHeadRoom { memory in
      (
        UInt(bitPattern: memory.baseAddress) % 4096, memory.count, Array(memory[4096..<4100]),
        memory[4099...].allSatisfy { $0 == 0 }
      )
    }
    #expect(shape?.0 == 0)
    #expect(shape?.1 == 8192)
    #expect(shape?.2 == Array("abc\0".utf8))
    #expect(shape?.3 == true)
  }

  @Test("A region is used again, and nothing of the last object shows in the next one's tail")
  func reuse() throws {
    let folder = try Folder()
    for size in [8192, 1, 4097, 0] {
      let spool = try Spool(directory: folder.path, memoryLimit: 8192)
      try spool.append([UInt8](repeating: 0xEE, count: size))
      _ = try spool.finish()
      let tail = spool.withHeadRoom { $0[(4096 + size)...].allSatisfy { $0 == 0 } }
      #expect(tail == true)
      #expect(spool.count == size)
    }
  }

  @Test("Larger objects go to a file and read the same", arguments: [8193, 100_000, 10 << 20])
  func spilled(size: Int) throws {
    let folder = try Folder()
    let bytes = pattern(size)
    let small = try Spool(directory: folder.path, memoryLimit: 8192)
    let large = try Spool(directory: folder.path, memoryLimit: 16 << 20)
    for start in stride(from: 0, to: size, by: 5000) {
      let piece = Array(bytes[start..<min(start + 5000, size)])
      try small.append(piece)
      try large.append(piece)
    }
    #expect(try small.finish() == large.finish())
    #expect(!small.isInMemory)
    #expect(small.withHeadRoom { _ in } == nil)
    let shared = try small.bytes()
    #expect(shared.withUnsafeBytes { Array($0) } == bytes)
    let path = try small.takeSpillFile()
    #expect(try [UInt8](Data(contentsOf: URL(fileURLWithPath: path))) == bytes)
    #expect(small.spillPath == nil)
    try FileManager.default.removeItem(atPath: path)
    #expect(shared.withUnsafeBytes { $0.last } == bytes.last)
  }

  @Test("The digest is right for lengths around the blocks of SHA-256, however the bytes come")
  func digests() throws {
    let folder = try Folder()
    for size in Array(0...130) + [4095, 4096, 4097, 70_001] {
      let bytes = pattern(size)
      for step in [1000, 64, 7] {
        let spool = try Spool(directory: folder.path)
        for start in stride(from: 0, to: size, by: step) {
          try spool.append(Array(bytes[start..<min(start + step, size)]))
        }
        #expect(try spool.finish() == digest(of: bytes))
      }
    }
  }

  @Test("Objects that arrive at the same time are hashed side by side, and each gets its own digest")
  func sideBySide() async throws {
    let folder = try Folder()
    let path = folder.path
    let objects = (0..<24).map { number in Array(pattern(100_000 + 77_777 * number + 13).dropFirst(number % 13)) }
    let digests = try await withThrowingTaskGroup(of: (Int, [UInt8]).self) { group in
      for (number, bytes) in objects.enumerated() {
        group.addTask {
          // Some in memory, some in files; some in large pieces, some in small ones.
          let spool = try Spool(directory: path, memoryLimit: number % 3 == 0 ? 64 << 10 : 4 << 20)
          let step = number % 2 == 0 ? 131_060 : 9_001
          for start in stride(from: 0, to: bytes.count, by: step) {
            try spool.append(Array(bytes[start..<min(start + step, bytes.count)]))
          }
          return (number, try spool.finish())
        }
      }
      return try await group.reduce(into: [Int: [UInt8]]()) { $0[$1.0] = $1.1 }
    }
    for (number, bytes) in objects.enumerated() { #expect(digests[number] == digest(of: bytes)) }
    _ = folder
  }

  /// By OpenSSL.
  private func digest(of bytes: [UInt8]) -> [UInt8] {
    let hash = SHA256()
    bytes.withUnsafeBytes { hash.update($0) }
    return hash.finish()
  }

  @Test("A file that nobody takes goes with its spool")
  func untaken() throws {
    let folder = try Folder()
    do {
      let spool = try Spool(directory: folder.path, memoryLimit: 4096)
      try spool.append(pattern(10_000))
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).count == 1)
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
  }

  @Test("A folder that cannot be written is an error when the memory is full, not before")
  func noFolder() throws {
    let spool = try Spool(directory: "/nonexistent-\(UUID().uuidString)", memoryLimit: 4096)
    try spool.append(pattern(4096))
    let failure = #expect(throws: SpoolFailure.self) { try spool.append(pattern(1)) }
    #expect(failure?.code == .disk)
  }

  @Test("Reading before the end and appending after it are refused")
  func rules() throws {
    let folder = try Folder()
    let spool = try Spool(directory: folder.path)
    #expect(throws: SpoolFailure.self) { try spool.bytes() }
    _ = try spool.finish()
    #expect(throws: SpoolFailure.self) { try spool.append([1]) }
    #expect(throws: SpoolFailure.self) { try spool.takeSpillFile() }
  }
}
