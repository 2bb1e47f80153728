import Synchronization

/// Keeps the values used last within a number of bytes.
///
/// An entry larger than a quarter of the whole is not kept: one huge study must not push out everything else.
final class BoundedCache<Key: Hashable & Sendable, Value: Sendable>: Sendable {
  private struct Entry {
    var value: Value
    var size: Int
    var used: UInt64
  }

  private struct State {
    var entries: [Key: Entry] = [:]
    var size = 0
    var clock: UInt64 = 0
  }

  private let capacity: Int
  private let measure: @Sendable (Value) -> Int
  private let state = Mutex(State())

  /// - Parameters:
  ///   - capacity: bytes.
  ///   - measure: bytes of a value.
  init(capacity: Int, measure: @escaping @Sendable (Value) -> Int) {
    self.capacity = capacity
    self.measure = measure
  }

  subscript(key: Key) -> Value? {
    state.withLock { state in
      state.clock += 1
      state.entries[key]?.used = state.clock
      return state.entries[key]?.value
    }
  }

  func insert(_ value: Value, for key: Key) {
    let size = measure(value)
    guard size <= capacity / 4 else { return }
    state.withLock { state in
      state.clock += 1
      if let old = state.entries.updateValue(Entry(value: value, size: size, used: state.clock), forKey: key) {
        state.size -= old.size
      }
      state.size += size
      guard state.size > capacity else { return }
      // Down to three quarters at once, so that the order is looked at rarely.
      for (key, entry) in state.entries.sorted(by: { $0.value.used < $1.value.used }) {
        guard state.size > capacity / 4 * 3 else { break }
        state.entries[key] = nil
        state.size -= entry.size
      }
    }
  }
}
