import DICOM
import Foundation
import Testing

@testable import Imaging

/// Against real worker processes: `rekkas render-worker`, which lies beside the test bundle after a build.
@Suite(.serialized) struct RenderPoolTests {
  @Test func `a picture, a frame and a transcoded file come back from a worker`() async throws {
    let pool = try #require(Self.pool())
    let object = TestObject.grey([0, 1, 2, 255], columns: 2, allocated: 8)
    let path = try Self.write(object)
    defer { unlink(path) }
    let image = try await pool.render(RenderRequest(path: path, format: .png))
    #expect(image.mediaType == "image/png")
    #expect((image.width, image.height) == (2, 2))
    #expect(image.bytes.starts(with: [0x89, 0x50, 0x4e, 0x47]))
    let jpeg = try await pool.render(RenderRequest(path: path))
    #expect(jpeg.bytes.starts(with: [0xff, 0xd8]) && jpeg.bytes.suffix(2) == [0xff, 0xd9])
    #expect(try await pool.decodeFrame(path: path, frame: 0) == [0, 1, 2, 255])
    let output = TestObject.temporaryPath()
    defer { unlink(output) }
    try await pool.transcode(path: path, to: .explicitVRLittleEndian, output: output)
    #expect(try await pool.decodeFrame(path: output, frame: 0) == [0, 1, 2, 255])
    await pool.shutdown()
  }

  @Test func `failures come back as what they are`() async throws {
    let pool = try #require(Self.pool())
    let path = try Self.write(TestObject.grey([1, 2]))
    defer { unlink(path) }
    await #expect(throws: RenderFailure.frameOutOfRange(count: 1)) {
      try await pool.render(RenderRequest(path: path, frame: 1))
    }
    await #expect(throws: RenderFailure.missing) {
      try await pool.render(RenderRequest(path: path + ".absent"))
    }
    await pool.shutdown()
  }

  @Test func `a large frame flows`() async throws {
    let pool = try #require(Self.pool())
    var object = TestObject()
    object.describe(
      rows: 2048, columns: 2048, samples: 1, allocated: 16, stored: 16, high: nil, signed: false,
      photometric: "MONOCHROME2")
    let pixels = (0..<2048 * 2048 * 2).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    object.writer.bytes(.pixelData, .ow, pixels)
    let path = try Self.write(object)
    defer { unlink(path) }
    let frame = try await pool.decodeFrame(path: path, frame: 0)
    #expect(frame == pixels)
    await pool.shutdown()
  }

  @Test func `a hanging worker is ended after the limit, and others are served meanwhile`() async throws {
    let fake = try Self.script("sleep 100")
    defer { unlink(fake) }
    let pool = RenderPool(executable: fake, workers: 1, timeLimit: .milliseconds(300))
    let before = ContinuousClock.now
    await #expect(throws: RenderFailure.timedOut) { try await pool.render(RenderRequest(path: "x")) }
    #expect(ContinuousClock.now - before < .seconds(3))
    // The file is shunned now; another one has its own chance.
    await #expect(throws: RenderFailure.timedOut) { try await pool.render(RenderRequest(path: "x")) }
    await pool.shutdown()
  }

  @Test func `a worker that dies costs one request, which is tried twice`() async throws {
    let count = TestObject.temporaryPath()
    let fake = try Self.script("echo >> \(count); kill -SEGV $$")
    defer {
      unlink(fake)
      unlink(count)
    }
    let pool = RenderPool(executable: fake, workers: 1)
    await #expect(throws: RenderFailure.crashed) { try await pool.render(RenderRequest(path: "x")) }
    #expect(try Data(contentsOf: URL(fileURLWithPath: count)).count == 2)
    await pool.shutdown()
  }

  @Test func `after a death the next worker serves`() async throws {
    let executable = try #require(Self.executable)
    let flag = TestObject.temporaryPath()
    // Dies the first time, is a worker from the second time on.
    let fake = try Self.script("if [ -e \(flag) ]; then exec \(executable) render-worker; fi; > \(flag); kill -KILL $$")
    let path = try Self.write(TestObject.grey([5], allocated: 8))
    defer {
      for file in [flag, fake, path] { unlink(file) }
    }
    let pool = RenderPool(executable: fake, workers: 1)
    #expect(try await pool.decodeFrame(path: path, frame: 0) == [5])
    await pool.shutdown()
  }

  @Test func `an exploding image is refused, and one beyond the memory limit costs one request`() async throws {
    let executable = try #require(Self.executable)
    let pool = RenderPool(executable: executable, workers: 1, memoryLimit: 96 << 20)
    var huge = TestObject.grey([0, 0])
    huge.writer.uint16(.rows, [65_535])
    huge.writer.uint16(.columns, [65_535])
    var large = TestObject.colour(
      [UInt8](repeating: 7, count: 8192 * 8192 * 3), columns: 8192, photometric: "RGB", planar: 1)
    large.writer.uint16(.rows, [8192])
    let small = TestObject.grey([5], allocated: 8)
    let paths = try [huge, large, small].map(Self.write)
    defer {
      for path in paths { unlink(path) }
    }
    await #expect(throws: RenderFailure.self) { try await pool.render(RenderRequest(path: paths[0])) }
    await #expect(throws: RenderFailure.self) { try await pool.render(RenderRequest(path: paths[1])) }
    #expect(try await pool.decodeFrame(path: paths[2], frame: 0) == [5])
    await pool.shutdown()
  }

  @Test func `a cancelled request ends at once, waiting or running`() async throws {
    let fake = try Self.script("sleep 100")
    defer { unlink(fake) }
    let pool = RenderPool(executable: fake, workers: 1)
    let tasks = (0..<3).map { n in Task { try await pool.render(RenderRequest(path: "\(n)")) } }
    try await Task.sleep(for: .milliseconds(100))
    for task in tasks {
      task.cancel()
      await #expect(throws: CancellationError.self) { try await task.value }
    }
    let before = ContinuousClock.now
    await pool.shutdown()
    #expect(ContinuousClock.now - before < .seconds(5))
  }

  @Test func `a worker is confined, inherits nothing, and ends with the pool`() async throws {
    // A name of its own tells this pool's workers from those of suites that run beside it.
    let own = TestObject.temporaryPath()
    try FileManager.default.createSymbolicLink(atPath: own, withDestinationPath: try #require(Self.executable))
    let pool = RenderPool(executable: own, workers: 2)
    let path = try Self.write(TestObject.grey([5], allocated: 8))
    let inherited = open(path, O_RDONLY)
    defer {
      close(inherited)
      unlink(path)
      unlink(own)
    }
    _ = try await pool.decodeFrame(path: path, frame: 0)
    let workers = Self.processes(of: own)
    #expect(workers.count == 1)
    for worker in workers {
      let limits = try String(contentsOfFile: "/proc/\(worker)/limits", encoding: .utf8)
      #expect(limits.contains(#/Max core file size +0 /#))
      #expect(limits.contains(#/Max open files +64 /#))
      // Readable for root only, once a process is not dumpable.
      let folder = "/proc/\(worker)/fd"
      for descriptor in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] {
        let target = try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\(descriptor)")
        #expect(target != path)
      }
      // All threads, not only the one that asked for it.
      for thread in try FileManager.default.contentsOfDirectory(atPath: "/proc/\(worker)/task") {
        let status = try String(contentsOfFile: "/proc/\(worker)/task/\(thread)/status", encoding: .utf8)
        #expect(status.contains("NoNewPrivs:\t1"))
        #expect(status.contains("Seccomp:\t2"))
      }
    }
    await pool.shutdown()
    #expect(Self.processes(of: own).isEmpty)
  }

  @Test func `after the shutdown nothing is served and no process is left`() async throws {
    let pool = try #require(Self.pool())
    let path = try Self.write(TestObject.grey([5], allocated: 8))
    defer { unlink(path) }
    _ = try await pool.decodeFrame(path: path, frame: 0)
    await pool.shutdown()
    await #expect(throws: RenderFailure.unavailable("shut down")) {
      try await pool.decodeFrame(path: path, frame: 0)
    }
  }

  @Test func `a program that cannot be started is an error`() async throws {
    let pool = RenderPool(executable: "/nonexistent", workers: 1)
    await #expect(throws: RenderFailure.unavailable("No such file or directory")) {
      try await pool.render(RenderRequest(path: "x"))
    }
    await pool.shutdown()
  }

  // MARK: -

  /// The processes that were started under this name.
  static func processes(of executable: String) -> [Int] {
    let processes = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return processes.compactMap(Int.init).filter { process in
      // The whole word: the name of the tests' own executable begins with that of the workers'.
      FileManager.default.contents(atPath: "/proc/\(process)/cmdline")?.starts(with: Data("\(executable)\0".utf8))
        ?? false
    }
  }

  private static func write(_ object: TestObject) throws -> String {
    let path = TestObject.temporaryPath()
    try Data(object.writer.file(transferSyntax: object.transferSyntax)).write(to: URL(fileURLWithPath: path))
    return path
  }

  private static func script(_ body: String) throws -> String {
    let path = TestObject.temporaryPath()
    try Data("#!/bin/sh\n\(body)\n".utf8).write(to: URL(fileURLWithPath: path))
    chmod(path, 0o700)
    return path
  }

  private static func pool() -> RenderPool? {
    executable.map { RenderPool(executable: $0, workers: 2) }
  }

  /// `rekkas` beside this test bundle.
  static let executable: String? = {
    let path = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().appendingPathComponent(
      "rekkas"
    ).path
    return FileManager.default.isExecutableFile(atPath: path) ? path : nil
  }()
}
