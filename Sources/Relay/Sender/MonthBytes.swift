import Foundation

/// The bytes that went over the link this month: the only thing that the sender itself remembers.
struct MonthBytes {
  private struct Record: Codable {
    /// Year and month, `2026-11`.
    var month: String
    var bytes: Int
  }

  private let path: String?
  private var record: Record
  private var saved: Int

  /// Reads the file; one that cannot be read counts as none.
  init(path: String?) {
    self.path = path
    let data = path.flatMap { FileManager.default.contents(atPath: $0) }
    record = data.flatMap { try? JSONDecoder().decode(Record.self, from: $0) } ?? Record(month: "", bytes: 0)
    saved = record.bytes
  }

  var bytes: Int { record.bytes }

  /// Adds bytes to the month that it is.
  ///
  /// - Parameter now: by the hub's clock; nil while that is not known. A box that wakes up in 1970 begins no new month, and forgets none.
  mutating func add(_ bytes: Int, now: Date?) {
    if let now { turn(to: now) }
    record.bytes += bytes
    // Not for every request: what a power cut takes is less than a megabyte.
    if abs(record.bytes - saved) > 1 << 20 { save() }
  }

  mutating func save() {
    guard let path, record.bytes != saved, let data = try? JSONEncoder().encode(record) else { return }
    saved = record.bytes
    try? data.write(to: URL(fileURLWithPath: path), options: .atomic)
  }

  /// Begins anew when it is another month than that of the last bytes.
  mutating func turn(to now: Date) {
    let parts = Calendar(identifier: .gregorian).dateComponents([.year, .month], from: now)
    let digits = String(parts.month ?? 0)
    let month = "\(parts.year ?? 0)-\(digits.count < 2 ? "0" : "")\(digits)"
    // What was counted before the first answer ever belongs to its month.
    if record.month.isEmpty { record.month = month }
    if record.month != month { record = Record(month: month, bytes: 0) }
  }
}
