import Foundation
import Synchronization
import Testing

@testable import Imaging

@Suite struct PictureThreadsTests {
  @Test func `short work goes before long work that waits`() async throws {
    let threads = PictureThreads(longLimit: 1)
    let gate = DispatchSemaphore(value: 0)
    let order = Mutex<[String]>([])
    async let first: Void = threads.run(.long) { gate.wait() }
    try await Task.sleep(for: .milliseconds(50))
    async let second: Void = threads.run(.long) { order.withLock { $0.append("long") } }
    try await Task.sleep(for: .milliseconds(20))
    // The one thread that takes no long work is free for it.
    try await threads.run(.short) { order.withLock { $0.append("short") } }
    gate.signal()
    _ = try await (first, second)
    #expect(order.withLock { $0 } == ["short", "long"])
    await threads.shutdown()
  }

  @Test func `all that is taken is done, by many at once`() async throws {
    let threads = PictureThreads(longLimit: 2)
    let sum = try await withThrowingTaskGroup(of: Int.self) { group in
      for number in 0..<500 { group.addTask { try await threads.run(number % 3 == 0 ? .long : .short) { number } } }
      return try await group.reduce(0, +)
    }
    #expect(sum == 500 * 499 / 2)
    await threads.shutdown()
    await #expect(throws: RenderFailure.unavailable("shut down")) { try await threads.run(.short) { 1 } }
  }

  @Test func `more than may wait is refused, and what nobody waits for is not done`() async throws {
    let threads = PictureThreads(longLimit: 1, waitingLimit: 1)
    let gate = DispatchSemaphore(value: 0)
    let isDone = Mutex(false)
    async let running: Void = threads.run(.long) { gate.wait() }
    try await Task.sleep(for: .milliseconds(50))
    let waiting = Task { try await threads.run(.long) { isDone.withLock { $0 = true } } }
    try await Task.sleep(for: .milliseconds(50))
    await #expect(throws: RenderFailure.overloaded) { try await threads.run(.long) {} }
    waiting.cancel()
    gate.signal()
    try await running
    await #expect(throws: CancellationError.self) { try await waiting.value }
    #expect(!isDone.withLock { $0 })
    await threads.shutdown()
  }

  @Test func `threads without work end`() async throws {
    let threads = PictureThreads(longLimit: 2, idleLimit: 0.02)
    for _ in 0..<5 {
      let seven = try await threads.run(.short) { 7 }
      #expect(seven == 7)
      try await Task.sleep(for: .milliseconds(60))
    }
    #expect(threads.isQuiet)
    await threads.shutdown()
  }
}
