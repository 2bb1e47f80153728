/// Which numbers of a session were used: each counts once, in any order within a window.
struct NumberWindow: Sendable {
  /// How far a number may lie behind the greatest.
  static let width = 1024

  private var greatest: UInt64 = 0
  /// Bit n of the whole: whether `greatest - n` was used.
  private var used = [UInt64](repeating: 0, count: width / 64)

  /// Whether the number is new; then it is used. 0 never is.
  mutating func use(_ number: UInt64) -> Bool {
    guard number > 0 else { return false }
    if number > greatest {
      shift(by: number - greatest)
      greatest = number
      used[0] |= 1
      return true
    }
    let distance = greatest - number
    guard distance < UInt64(Self.width) else { return false }
    let (word, bit) = (Int(distance / 64), distance % 64)
    guard used[word] & 1 << bit == 0 else { return false }
    used[word] |= 1 << bit
    return true
  }

  private mutating func shift(by distance: UInt64) {
    guard distance < UInt64(Self.width) else {
      used = [UInt64](repeating: 0, count: used.count)
      return
    }
    let (words, bits) = (Int(distance / 64), distance % 64)
    for index in used.indices.reversed() {
      let whole = index >= words ? used[index - words] : 0
      let below = bits > 0 && index > words ? used[index - words - 1] : 0
      used[index] = bits == 0 ? whole : whole << bits | below >> (64 - bits)
    }
  }
}
