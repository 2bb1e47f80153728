import Foundation
import Glibc

/// Files to draw from, made of what is here of objects that are still coming. A cache: not flushed, emptied at every start, and the
/// oldest go when it is full.
final class PreviewStore: Sendable {
  private struct State {
    /// Bytes of each file that is there.
    var sizes: [String: Int] = [:]
    /// In the order of their making.
    var order: [String] = []
    var bytes = 0
    /// Being made at this moment.
    var making: Set<String> = []
  }

  private let directory: String
  private let capacity: Int
  private let monitor = Monitor(State())

  /// - Parameter capacity: bytes; a single file may be larger.
  init(directory: String, capacity: Int) throws {
    self.directory = directory
    self.capacity = capacity
    try Folder.make(directory)
    for name in try Folder.names(directory) { try Folder.remove(directory + "/" + name) }
  }

  /// The path of the file of this name, made by `make` unless it is there. Blocks while another thread makes it.
  ///
  /// The file may go when others are made: who finds it gone asks again.
  func path(_ name: String, make: (String) throws -> Void) throws -> String {
    let path = directory + "/" + name
    let isThere = monitor.wait { state -> Bool? in
      if state.sizes[name] != nil { return true }
      return state.making.insert(name).inserted ? false : nil
    }
    if isThere, Folder.fileSize(path) != nil { return path }
    if isThere { return try remake(name, path, make) }
    defer { monitor.change { _ = $0.making.remove(name) } }
    try make(path)
    let size = Folder.fileSize(path) ?? 0
    let old = monitor.withLock { state -> [String] in
      state.sizes[name] = size
      state.order.append(name)
      state.bytes += size
      var old: [String] = []
      while state.bytes > capacity, let first = state.order.first, first != name {
        state.order.removeFirst()
        state.bytes -= state.sizes.removeValue(forKey: first) ?? 0
        old.append(first)
      }
      return old
    }
    for name in old { unlink(directory + "/" + name) }
    return path
  }

  /// Somebody has removed it.
  private func remake(_ name: String, _ path: String, _ make: (String) throws -> Void) throws -> String {
    monitor.withLock { state in
      state.bytes -= state.sizes.removeValue(forKey: name) ?? 0
      state.order.removeAll { $0 == name }
    }
    return try self.path(name, make: make)
  }
}
