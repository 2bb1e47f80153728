import Foundation
import Synchronization

/// Says that something in the index has changed, to whoever waits for it: nobody has to ask again and again.
public final class ArchiveChanges: Sendable {
  private struct State {
    var version: Int
    var waiters: [UInt64: CheckedContinuation<Void, Never>] = [:]
    var lastWaiter: UInt64 = 0
  }

  private let state: Mutex<State>
  /// Called after every commit, on the thread that made it.
  private let listener = Mutex<(@Sendable () -> Void)?>(nil)

  init() {
    // Milliseconds: what a client kept from an earlier run of the program is never the present version.
    state = Mutex(State(version: Int(Date().timeIntervalSince1970 * 1000)))
  }

  /// Grows with every change that was committed.
  public var version: Int { state.withLock { $0.version } }

  /// To be called after a commit.
  func note() {
    let waiters = state.withLock { state in
      state.version += 1
      defer { state.waiters = [:] }
      return state.waiters.values
    }
    for waiter in waiters { waiter.resume() }
    listener.withLock { $0 }?()
  }

  /// Has `body` called after every commit, on the thread that made it: it must be quick. nil ends that.
  func listen(_ body: (@Sendable () -> Void)?) { listener.withLock { $0 = body } }

  /// Waits until the version is another than this one, or until the time is over, and gives it. A task that is cancelled does not wait.
  public func wait(after version: Int, for longest: Duration? = nil) async -> Int {
    guard let longest else { return await wait(after: version) }
    await withTaskGroup(of: Void.self) { group in
      group.addTask { _ = await self.wait(after: version) }
      group.addTask { try? await Task.sleep(for: longest) }
      await group.next()
      group.cancelAll()
    }
    return self.version
  }

  private func wait(after version: Int) async -> Int {
    let number = state.withLock { state in
      state.lastWaiter += 1
      return state.lastWaiter
    }
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isNews = state.withLock { state in
          // Cancelled before it came here: the handler has run, or finds it now.
          if state.version != version || Task.isCancelled { return true }
          state.waiters[number] = continuation
          return false
        }
        if isNews { continuation.resume() }
      }
    } onCancel: {
      state.withLock { $0.waiters.removeValue(forKey: number) }?.resume()
    }
    return self.version
  }
}
