import Synchronization

/// Remembers what was used lately, within a bound: two generations, of which the older is dropped when the younger is full.
final class RecentValues<Key: Hashable & Sendable, Value: Sendable>: Sendable {
  private struct State {
    var young: [Key: Value] = [:]
    var old: [Key: Value] = [:]
    var youngCost = 0
  }

  private let generationCost: Int
  private let cost: @Sendable (Value) -> Int
  private let state = Mutex(State())

  /// - Parameters:
  ///   - capacity: bytes of all values together.
  ///   - cost: bytes of one.
  init(capacity: Int, cost: @escaping @Sendable (Value) -> Int) {
    generationCost = capacity / 2
    self.cost = cost
  }

  subscript(key: Key) -> Value? {
    state.withLock { state in
      if let value = state.young[key] { return value }
      guard let value = state.old[key] else { return nil }
      insert(value, for: key, &state)
      return value
    }
  }

  func insert(_ value: Value, for key: Key) {
    state.withLock { insert(value, for: key, &$0) }
  }

  private func insert(_ value: Value, for key: Key, _ state: inout State) {
    let cost = cost(value)
    guard cost <= generationCost else { return }
    if state.youngCost + cost > generationCost {
      state.old = state.young
      state.young = [:]
      state.youngCost = 0
    }
    if state.young.updateValue(value, forKey: key) == nil { state.youngCost += cost }
  }
}
